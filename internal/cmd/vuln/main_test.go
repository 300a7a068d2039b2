package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
)

// A database is at hand when its index of modules is: in a folder, or at an
// address that answers with it.
func TestReach(t *testing.T) {
	dir := t.TempDir()
	if err := reach("file://" + filepath.ToSlash(dir)); err == nil {
		t.Error("an empty folder is taken for a database")
	}
	if err := os.Mkdir(filepath.Join(dir, "index"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "index", "modules.json"), []byte("[]"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := reach("file://" + filepath.ToSlash(dir)); err != nil {
		t.Errorf("a folder with an index: %v", err)
	}
	status := http.StatusOK
	var asked string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.Path
		w.WriteHeader(status)
	}))
	if err := reach(s.URL + "/db"); err != nil || asked != "/db/index/modules.json.gz" {
		t.Errorf("an address that answers: %v, it was asked for %s", err, asked)
	}
	status = http.StatusNotFound
	if err := reach(s.URL); err == nil {
		t.Error("an address without an index is taken for a database")
	}
	s.Close()
	if err := reach(s.URL); err == nil {
		t.Error("an address where nobody listens is taken for a database")
	}
	if err := reach("http://[::1"); err == nil {
		t.Error("what is no address is taken for a database")
	}
}
