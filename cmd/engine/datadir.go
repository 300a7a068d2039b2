package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// The files of a data directory.
const (
	dataDirName  = ".engine"
	logName      = "engine.db"
	keyName      = "engine.key"
	serverName   = "server.json"
	servicesName = "services"
)

// dataDir is where a project's log, key and what belongs to them lie.
type dataDir string

func (d dataDir) log() string    { return filepath.Join(string(d), logName) }
func (d dataDir) key() string    { return filepath.Join(string(d), keyName) }
func (d dataDir) server() string { return filepath.Join(string(d), serverName) }
func (d dataDir) services() string {
	return filepath.Join(string(d), servicesName)
}

// make creates the directory. What is in it is for the owner only.
func (d dataDir) make() error {
	if err := os.MkdirAll(string(d), 0o700); err != nil {
		return brokenf("", "data directory %s: %s", d, plainOS(err))
	}
	return nil
}

// hasLog tells whether anything was ever recorded here.
func (d dataDir) hasLog() bool {
	_, err := os.Stat(d.log())
	return err == nil
}

// dataOf returns the data directory of a project, or the one that the user
// named. A project folder may be named in its place.
func dataOf(projectDir, flag string) dataDir {
	if flag == "" {
		return dataDir(filepath.Join(projectDir, dataDirName))
	}
	d := dataDir(flag)
	if inner := dataDir(filepath.Join(flag, dataDirName)); !d.hasLog() && exists(string(inner)) {
		return inner
	}
	return d
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// serverInfo is what engine serve leaves in the data directory for the other
// commands.
type serverInfo struct {
	Address   string    `json:"address"` // base URL
	PID       int       `json:"pid"`
	StartedAt time.Time `json:"startedAt"`
	KeyFile   string    `json:"keyFile"`
}

// readServer returns the server that says it owns the directory; ok is false
// when none does.
func (d dataDir) readServer() (serverInfo, bool) {
	data, err := os.ReadFile(d.server())
	if err != nil {
		return serverInfo{}, false
	}
	var s serverInfo
	if json.Unmarshal(data, &s) != nil || s.Address == "" {
		return serverInfo{}, false
	}
	return s, true
}

// writeServer replaces the file whole, so that a reader never sees half of it.
// When it cannot be, there is none.
func (d dataDir) writeServer(s serverInfo) error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	tmp := d.server() + ".new"
	err = os.WriteFile(tmp, append(data, '\n'), 0o600)
	if err != nil { // the room of the old one may do
		_ = os.Remove(d.server())
		err = os.WriteFile(tmp, append(data, '\n'), 0o600)
	}
	if err == nil {
		err = os.Rename(tmp, d.server())
	}
	if err != nil {
		_ = os.Remove(tmp)
	}
	return err
}

// removeServer takes the file away if it is still that of this process.
func (d dataDir) removeServer(pid int) {
	if s, ok := d.readServer(); ok && s.PID == pid {
		_ = os.Remove(d.server()) // a stale file is recognised by its readers
	}
}

// setAside moves the log and what the services remember into a directory
// beside them, in place of what was set aside before. It returns where they
// are, "" when there was nothing. The key and files of others stay.
func (d dataDir) setAside() (string, error) {
	if !d.hasLog() && !exists(d.services()) {
		return "", nil
	}
	old := filepath.Join(string(d), "old")
	if err := os.RemoveAll(old); err != nil {
		return "", brokenf("", "remove %s: %s", old, plainOS(err))
	}
	if err := os.Mkdir(old, 0o700); err != nil {
		return "", brokenf("", "make %s: %s", old, plainOS(err))
	}
	for _, f := range []string{d.log(), d.services()} {
		err := os.Rename(f, filepath.Join(old, filepath.Base(f)))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", brokenf("", "move %s: %s", f, plainOS(err))
		}
	}
	return old, nil
}
