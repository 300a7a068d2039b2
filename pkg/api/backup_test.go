package api_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keelstep/keelstep/pkg/api"
	"github.com/keelstep/keelstep/pkg/api/client"
	"github.com/keelstep/keelstep/pkg/eventlog/memlog"
)

// copies is a log of a few bytes; broken is what its copies end with.
type copies struct {
	status api.BackupStatus
	broken error
}

func (c *copies) Stream(_ context.Context, w io.Writer) error {
	_, err := io.WriteString(w, "the log")
	return errors.Join(err, c.broken)
}

func (c *copies) Status() api.BackupStatus { return c.status }

func (c *copies) Make(context.Context) (api.Backup, error) {
	return api.Backup{File: "/backup/engine.db", At: time.Unix(0, 0).UTC(), Bytes: 7}, c.broken
}

func copying(t *testing.T, c *copies) *client.Client {
	t.Helper()
	f := &fixture{log: memlog.New()}
	f.open(t)
	t.Cleanup(f.cut)
	o := api.Options{Engine: f.engine, Key: testKey, Addr: "127.0.0.1:0"}
	if c != nil {
		o.Backups = c
	}
	s, err := api.New(o)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(s.Handler())
	t.Cleanup(srv.Close)
	cl, err := client.New(client.Options{Server: srv.URL, Key: testKey})
	if err != nil {
		t.Fatal(err)
	}
	return cl
}

// A copy that breaks off is not taken for the whole.
func TestDownload(t *testing.T) {
	c := &copies{}
	cl := copying(t, c)
	for _, c.broken = range []error{nil, errors.New("the disk went away")} {
		var b []byte
		body, err := cl.Backup(t.Context())
		if err == nil {
			b, err = io.ReadAll(body)
			body.Close()
		}
		if c.broken == nil && (err != nil || string(b) != "the log") {
			t.Errorf("read %q, %v", b, err)
		}
		if c.broken != nil && err == nil {
			t.Errorf("a copy that broke off was read whole: %q", b)
		}
	}
}

// What a server says of its backups, and of a copy that failed.
func TestBackups(t *testing.T) {
	c := &copies{status: api.BackupStatus{Configured: true, To: "/backup", Every: "1h", Keep: 7}}
	cl := copying(t, c)
	s, err := cl.Backups(t.Context())
	if err != nil || s.To != "/backup" || s.Keep != 7 {
		t.Errorf("Backups = %+v, %v", s, err)
	}
	b, err := cl.MakeBackup(t.Context())
	if err != nil || b.File != "/backup/engine.db" || b.Bytes != 7 {
		t.Errorf("MakeBackup = %+v, %v", b, err)
	}
	c.broken = errors.New("no room")
	wantProblem(t, func() error { _, err := cl.MakeBackup(t.Context()); return err }, "BackupFailed", "no room")
	c.status = api.BackupStatus{}
	wantProblem(t, func() error { _, err := cl.MakeBackup(t.Context()); return err }, "NoBackups", "section backup")
	none := copying(t, nil)
	wantProblem(t, func() error { _, err := none.MakeBackup(t.Context()); return err }, "UnknownPath", "no log")
	wantProblem(t, func() error { _, err := none.Backups(t.Context()); return err }, "UnknownPath", "no log")
	wantProblem(t, func() error { _, err := none.Backup(t.Context()); return err }, "UnknownPath", "no log")
}

func wantProblem(t *testing.T, ask func() error, code, says string) {
	t.Helper()
	var p *client.ProblemError
	if err := ask(); !errors.As(err, &p) || p.Code != code || !strings.Contains(err.Error(), says) {
		t.Errorf("the error is %v, want %s that says %q", err, code, says)
	}
}

// Backups that fail are a warning of an engine that is ready.
func TestReadyWithWarning(t *testing.T) {
	c := &copies{status: api.BackupStatus{Configured: true, Failures: 2}}
	cl := copying(t, c)
	res, err := http.Get(cl.Server() + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK || !strings.Contains(string(b), `"warnings":["BackupFailed"]`) {
		t.Errorf("readiness is %d %s, %v", res.StatusCode, b, err)
	}
}

// endless is a log without an end; ended hears when nobody writes it any more.
type endless struct {
	copies
	ended chan error
}

func (e *endless) Stream(_ context.Context, w io.Writer) (err error) {
	for piece := make([]byte, 64<<10); err == nil; {
		_, err = w.Write(piece)
	}
	e.ended <- err
	return err
}

// A client that stops reading holds a copy up for a minute and no longer; one
// that reads slowly is not cut off.
func TestDownloadStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		log := &endless{ended: make(chan error, 1)}
		var err error
		f.server, err = api.New(api.Options{Engine: f.engine, Key: testKey, Addr: "127.0.0.1:0", Backups: log})
		if err != nil {
			t.Fatal(err)
		}
		l, _ := f.serve(t)
		body, err := f.client(t, l, testKey).Backup(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer body.Close()
		slow := make([]byte, 256<<10)
		for range 5 {
			time.Sleep(50 * time.Second)
			if _, err := io.ReadFull(body, slow); err != nil {
				t.Fatalf("reading slowly: %v", err)
			}
		}
		synctest.Wait()
		stopped := time.Now()
		select {
		case err = <-log.ended:
		case <-time.After(10 * time.Minute):
			t.Fatal("the copy goes on for ten minutes though nobody reads it")
		}
		if took := time.Since(stopped); err == nil || took > time.Minute {
			t.Errorf("the copy ended after %s with %v", took, err)
		}
	})
}
