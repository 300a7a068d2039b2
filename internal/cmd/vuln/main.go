// Command vuln looks for known vulnerabilities in this module with
// govulncheck, when its database can be reached: the one that GOVULNDB names
// (a URL, file:// too), else https://vuln.go.dev. Without a database it says
// so in one line and succeeds.
package main

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

func main() {
	db := os.Getenv("GOVULNDB")
	if db == "" {
		db = "https://vuln.go.dev"
	}
	if err := reach(db); err != nil {
		fmt.Fprintf(os.Stdout, "govulncheck: skipped, its database %s is not at hand: %v\n", db, err)
		return
	}
	cmd := exec.Command("go", "tool", "-modfile=tools/go.mod", "govulncheck", "-db="+db, "./...")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "vuln:", err)
		os.Exit(1)
	}
}

// reach tells whether there is a database at db.
func reach(db string) error {
	u, err := url.Parse(db)
	if err != nil {
		return err
	}
	if u.Scheme == "file" {
		_, err := os.Stat(filepath.Join(filepath.FromSlash(u.Path), "index", "modules.json"))
		return err
	}
	client := &http.Client{Timeout: 5 * time.Second}
	res, err := client.Get(u.JoinPath("index/modules.json.gz").String())
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("it answers %s", res.Status)
	}
	return nil
}
