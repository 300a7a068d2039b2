package api

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
)

// KeyFile is the name of the file that holds the API key, in the engine's data
// directory.
const KeyFile = "engine.key"

// minKey is the shortest API key that is accepted.
const minKey = 16

var errShortKey = fmt.Errorf("the API key is shorter than %d characters; use a longer one", minKey)

// LoadOrCreateKey returns the API key of the data directory dir. Where there
// is none it makes one and writes it with mode 0600; created tells so. Of two
// processes that make one at once, both get the same.
func LoadOrCreateKey(dir string) (key string, created bool, err error) {
	return loadOrCreate(dir, KeyFile)
}

// LinkKeyFile is the name of the file that holds the key with which links to
// tasks are signed, in the engine's data directory.
const LinkKeyFile = "links.key"

// LoadOrCreateLinkKey is LoadOrCreateKey for the key of links.
func LoadOrCreateLinkKey(dir string) (key string, err error) {
	key, _, err = loadOrCreate(dir, LinkKeyFile)
	return key, err
}

func loadOrCreate(dir, name string) (key string, created bool, err error) {
	path := filepath.Join(dir, name)
	key, err = readKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, false, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", false, fmt.Errorf("make an API key: %w", err)
	}
	key = rand.Text() // 130 random bits
	if err := writeKey(dir, path, key); errors.Is(err, fs.ErrExist) {
		key, err = readKey(path)
		return key, false, err
	} else if err != nil {
		return "", false, fmt.Errorf("make an API key: %w", err)
	}
	return key, true, nil
}

// LoadKey returns the API key of the data directory dir; the error is
// fs.ErrNotExist when it has none.
func LoadKey(dir string) (string, error) { return readKey(filepath.Join(dir, KeyFile)) }

func readKey(path string) (string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read the API key: %w", err)
	}
	key := strings.TrimSpace(string(b))
	if len(key) < minKey {
		return "", fmt.Errorf("%s: %w, or delete the file to have one made", path, errShortKey)
	}
	return key, nil
}

// writeKey makes path with key in it, whole or not at all; fs.ErrExist when it
// is there already.
func writeKey(dir, path, key string) error {
	f, err := os.CreateTemp(dir, KeyFile+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if _, err := f.WriteString(key + "\n"); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Link(f.Name(), path)
}

// ListenCheck returns an error unless addr may be listened on: an address
// that others can reach needs a key that the operator gave.
func ListenCheck(addr, key string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("the address to listen on is %q; give it as HOST:PORT", addr)
	}
	if key != "" && len(key) < minKey {
		return errShortKey
	}
	if key == "" && !isLoopback(host) {
		return fmt.Errorf("%s can be reached by others and there is no API key; give one, or listen on 127.0.0.1", addr)
	}
	return nil
}

// isLoopback tells whether host names this machine only.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && ip.Unmap().IsLoopback()
}

// keyDigest is the SHA-256 of a key: what is kept and compared instead of it.
type keyDigest [sha256.Size]byte

func digestOf(key string) keyDigest { return sha256.Sum256([]byte(key)) }

// is tells whether d is the digest of key, in a time that does not depend on
// either.
func (d keyDigest) is(key string) bool {
	o := digestOf(key)
	return subtle.ConstantTimeCompare(d[:], o[:]) == 1
}
