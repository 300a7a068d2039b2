package secrets_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/keelstep/keelstep/pkg/secrets"
)

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// The first source that has a name wins; a file is read anew each time, with
// one newline less; a name is never a path.
func TestSources(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "BOTH", "from file\n")
	write(t, dir, "TWO", "two\n\n")
	write(t, dir, "DOS", "dos\r\n")
	write(t, dir, "large", strings.Repeat("x", secrets.MaxSize))
	write(t, dir, "larger", strings.Repeat("x", secrets.MaxSize+1))
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/hostname", filepath.Join(dir, "outside")); err != nil {
		t.Fatal(err)
	}
	sources, err := secrets.Parse([]string{"env", "env:APP_", "dir:" + dir}, "/", []string{"BOTH=from env", "APP_KEY=prefixed", "EMPTY="})
	if err != nil {
		t.Fatal(err)
	}
	s := secrets.New(sources...)
	for name, want := range map[string]string{
		"BOTH": "from env", "KEY": "prefixed", "EMPTY": "", "TWO": "two\n", "DOS": "dos", "large": strings.Repeat("x", secrets.MaxSize),
	} {
		if got, err := s.Get(name); err != nil || got.Reveal() != want {
			t.Errorf("Get(%q) = %q, %v, want %q", name, got.Reveal(), err, want)
		}
	}
	write(t, dir, "TWO", "rotated")
	if got, err := s.Lookup("TWO"); err != nil || got != "rotated" {
		t.Errorf("after a rotation: %q, %v", got, err)
	}
	for _, name := range []string{"NONE", "", "../x", "a/b", "/etc/passwd", "a..b", ".hidden", strings.Repeat("n", 129)} {
		if _, err := s.Get(name); !errors.Is(err, secrets.ErrNotFound) {
			t.Errorf("Get(%q): %v, want %v", name, err, secrets.ErrNotFound)
		}
	}
	for _, name := range []string{"larger", "folder", "outside"} {
		if got, err := s.Get(name); err == nil {
			t.Errorf("Get(%q) = %q, want an error", name, got.Reveal())
		}
	}
	gone := secrets.New(secrets.Dir(dir, "gone"))
	if _, err := gone.Get("x"); !errors.Is(err, secrets.ErrNotFound) {
		t.Errorf("a folder that is not there: %v, want %v", err, secrets.ErrNotFound)
	}
	var none *secrets.Store
	if _, err := none.Get("x"); !errors.Is(err, secrets.ErrNotFound) {
		t.Errorf("no store: %v, want %v", err, secrets.ErrNotFound)
	}
}

func TestParseErrors(t *testing.T) {
	for _, spec := range []string{"", "vault", "dir:", "dir", "file:/x"} {
		if _, err := secrets.Parse([]string{spec}, "/", nil); err == nil {
			t.Errorf("Parse(%q): no error", spec)
		}
	}
}

// A secret does not print, whatever prints it.
func TestSecretDoesNotPrint(t *testing.T) {
	s := secrets.Secret("open-sesame")
	b, err := json.Marshal(struct{ S secrets.Secret }{s})
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "s", s)
	for _, text := range []string{fmt.Sprintf("%v %+v %#v %s", s, s, s, s), fmt.Sprintf("%v", struct{ S secrets.Secret }{s}), string(b), log.String()} {
		if strings.Contains(text, "sesame") || !strings.Contains(text, "***") {
			t.Errorf("printed as %s", text)
		}
	}
}

// What was given out is found again in every form; what is short stays.
func TestRedact(t *testing.T) {
	value := `p"ä ß/&+<x>secret`
	s := secrets.New(secrets.Env([]string{"A=" + value, "LONG=" + value + "er", "SIX=sixsix", "FIVE=five5"}, ""))
	text := "sixsix five5 " + value
	if got := s.RedactText(text); got != text {
		t.Errorf("before a value was given out: %q", got)
	}
	for _, name := range []string{"A", "LONG", "SIX", "FIVE"} {
		if _, err := s.Get(name); err != nil {
			t.Fatal(err)
		}
	}
	quoted, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{
		value, value + "er", string(quoted[1 : len(quoted)-1]), url.QueryEscape(value), url.PathEscape(value), "sixsix",
		base64.StdEncoding.EncodeToString([]byte(value)), base64.RawURLEncoding.EncodeToString([]byte(value)),
		base64.StdEncoding.EncodeToString([]byte("u:" + value)), base64.StdEncoding.EncodeToString([]byte("us:" + value + "!")),
		base64.URLEncoding.EncodeToString([]byte("user:" + value + "?????")),
	} {
		got := s.RedactText("<" + form + ">")
		if !strings.Contains(got, secrets.Mask) || strings.Contains(got, "er>") {
			t.Errorf("%q became %q", form, got)
		}
	}
	if got := s.RedactText("five5 sixsixsix"); got != "five5 ***six" {
		t.Errorf("got %q", got)
	}
	s.Know("from elsewhere")
	if got := s.RedactText("x from elsewhere"); got != "x ***" {
		t.Errorf("got %q", got)
	}
	var none *secrets.Store
	if got := none.RedactText(value); got != value {
		t.Errorf("no store: %q", got)
	}
}

func BenchmarkRedact(b *testing.B) {
	s := secrets.New()
	for i := range 5 {
		s.Know(fmt.Sprintf("secret number %d", i))
	}
	text := []byte(strings.Repeat("nothing to see here, move on. ", 100))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		s.Redact(text)
	}
}
