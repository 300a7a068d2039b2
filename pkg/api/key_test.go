package api_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/keelstep/keelstep/pkg/api"
)

func TestLoadOrCreateKey(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	key, created, err := api.LoadOrCreateKey(dir)
	if err != nil || !created || len(key) < 26 {
		t.Fatalf("LoadOrCreateKey = %q, %v, %v", key, created, err)
	}
	path := filepath.Join(dir, api.KeyFile)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the key file has mode %v, want 0600", info.Mode().Perm())
	}
	again, created, err := api.LoadOrCreateKey(dir)
	if again != key || created || err != nil {
		t.Errorf("LoadOrCreateKey again = %q, %v, %v, want %q", again, created, err, key)
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("the directory has %d files, want 1", len(files))
	}
	if err := os.WriteFile(path, []byte("short\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := api.LoadOrCreateKey(dir); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a short key gives %v, want an error that names %s", err, path)
	}
}

// TestLoadOrCreateKeyTogether: of many that make a key at once, all get one.
func TestLoadOrCreateKeyTogether(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	keys := make([]string, 16)
	for i := range keys {
		wg.Go(func() {
			var err error
			if keys[i], _, err = api.LoadOrCreateKey(dir); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, k := range keys {
		if k != keys[0] {
			t.Fatalf("keys %q and %q", k, keys[0])
		}
	}
}

func TestLoadKeyWithout(t *testing.T) {
	if _, err := api.LoadKey(t.TempDir()); !os.IsNotExist(err) && !strings.Contains(err.Error(), "no such file") {
		t.Errorf("LoadKey without a file = %v", err)
	}
}

func TestListenCheck(t *testing.T) {
	for _, c := range []struct {
		addr, key string
		ok        bool
	}{
		{"127.0.0.1:8080", "", true},
		{"localhost:0", "", true},
		{"[::1]:8080", "", true},
		{"127.9.9.9:1", "", true},
		{"[::ffff:127.0.0.1]:1", "", true},
		{"0.0.0.0:8080", "", false},
		{":8080", "", false},
		{"[::]:8080", "", false},
		{"192.168.1.2:80", "", false},
		{"example.org:80", "", false},
		{"localhost.example.org:80", "", false},
		{"0.0.0.0:8080", testKey, true},
		{":8080", testKey, true},
		{"0.0.0.0:8080", "0123456789abcde", false},
		{"0.0.0.0:8080", "0123456789abcdef", true},
		{"127.0.0.1:8080", "short", false},
		{"8080", "", false},
		{"", testKey, false},
	} {
		if err := api.ListenCheck(c.addr, c.key); (err == nil) != c.ok {
			t.Errorf("ListenCheck(%q, %q) = %v, want ok %v", c.addr, c.key, err, c.ok)
		}
	}
}

func TestNewRefusesShortKeys(t *testing.T) {
	e := newFixture(t).engine
	if _, err := api.New(api.Options{Engine: e, Key: "0123456789abcde"}); err == nil {
		t.Error("a key of 15 characters is accepted")
	}
	if _, err := api.New(api.Options{Key: testKey}); err == nil {
		t.Error("a server without an engine is accepted")
	}
}
