// Package client speaks to a running engine over its HTTP API. Requests and
// types are generated from api/openapi.yaml; this layer adds the key, turns
// problems into errors and reads live events. It retries nothing but the
// reading of events.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

//go:generate go tool -modfile=../../../tools/go.mod oapi-codegen -config ../../../api/client.yaml ../../../api/openapi.yaml

// maxBody bounds what is read of one answer that is not a stream.
const maxBody = 64 << 20

// Options says which engine to speak to.
type Options struct {
	Server string       // its address, such as http://127.0.0.1:8080
	Key    string       // its API key
	HTTP   *http.Client // nil: one without a time limit, for live events
}

// Client speaks to one engine. Its methods may be called from many
// goroutines. An error that the engine answered with is a *ProblemError.
type Client struct {
	server, key string
	http        *http.Client
}

// New returns a client. It opens no connection.
func New(o Options) (*Client, error) {
	u, err := url.Parse(o.Server)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("the server's address is %q; give it as http://HOST:PORT", o.Server)
	}
	c := &Client{server: strings.TrimSuffix(o.Server, "/"), key: o.Key, http: o.HTTP}
	if c.http == nil {
		c.http = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	return c, nil
}

// Server returns the address of the engine.
func (c *Client) Server() string { return c.server }

// Validate checks a document; file is its name in findings.
func (c *Client) Validate(ctx context.Context, file string, src []byte) (Findings, error) {
	req, err := NewValidateDefinitionRequestWithBody(c.server, &ValidateDefinitionParams{File: file}, documentType(file), bytes.NewReader(src))
	var out Findings
	_, err = c.do(ctx, req, err, &out)
	return out, err
}

// Deploy deploys a document; file is its name in findings. Created is false
// when the very same definition was there.
func (c *Client) Deploy(ctx context.Context, file string, src []byte) (d Deployed, created bool, err error) {
	req, err := NewDeployDefinitionRequestWithBody(c.server, &DeployDefinitionParams{File: file}, documentType(file), bytes.NewReader(src))
	status, err := c.do(ctx, req, err, &d)
	return d, status == http.StatusCreated, err
}

// Definitions returns the active definitions, without their documents.
func (c *Client) Definitions(ctx context.Context) ([]Definition, error) {
	req, err := NewListDefinitionsRequest(c.server)
	var out DefinitionList
	_, err = c.do(ctx, req, err, &out)
	return out.Definitions, err
}

// Definition returns one definition; version "" is the active one.
func (c *Client) Definition(ctx context.Context, workflow, version string) (Definition, error) {
	req, err := NewGetDefinitionRequest(c.server, workflow, &GetDefinitionParams{Version: version})
	var out Definition
	_, err = c.do(ctx, req, err, &out)
	return out, err
}

// StartOptions says what to start.
type StartOptions struct {
	Workflow       string
	Version        string          // empty: the active one
	Input          json.RawMessage // nil: {}
	IdempotencyKey string          // empty: always a new run
}

// Start starts a run. The start survives a crash of the engine once it
// returns.
func (c *Client) Start(ctx context.Context, o StartOptions) (Started, error) {
	p := &StartRunParams{Version: o.Version, IdempotencyKey: o.IdempotencyKey}
	req, err := NewStartRunRequestWithBody(c.server, o.Workflow, p, "application/json", body(o.Input))
	unsetEmpty(req, "Idempotency-Key")
	var out Started
	_, err = c.do(ctx, req, err, &out)
	return out, err
}

// RunsOptions says which runs to list; the zero value is the newest 50.
type RunsOptions struct {
	Workflow string
	Statuses []RunStatus
	Cursor   string // Next of the page before
	Limit    int    // 0: 50
}

// Runs returns one page of runs, newest first.
func (c *Client) Runs(ctx context.Context, o RunsOptions) (RunList, error) {
	req, err := NewListRunsRequest(c.server, &ListRunsParams{Workflow: o.Workflow, Status: o.Statuses, Cursor: o.Cursor, Limit: limit(o.Limit)})
	var out RunList
	_, err = c.do(ctx, req, err, &out)
	return out, err
}

// Run returns one run with its steps.
func (c *Client) Run(ctx context.Context, run string) (Run, error) {
	req, err := NewGetRunRequest(c.server, run)
	var out Run
	_, err = c.do(ctx, req, err, &out)
	return out, err
}

// History returns recorded events behind the one numbered after; max 0 is 50.
// Next of the page is the after of the following one, 0 on the last.
func (c *Client) History(ctx context.Context, run string, after uint64, maxEvents int) (History, error) {
	req, err := NewGetHistoryRequest(c.server, run, &GetHistoryParams{After: int64(after), Limit: limit(maxEvents)})
	var out History
	_, err = c.do(ctx, req, err, &out)
	return out, err
}

// Cancel asks a run to stop; a second time stops it at once.
func (c *Client) Cancel(ctx context.Context, run, reason string) error {
	req, err := NewCancelRunRequest(c.server, run, CancelRequest{Reason: reason})
	_, err = c.do(ctx, req, err, nil)
	return err
}

// Signal sends a signal; one with the id of an earlier one is taken once, an
// empty id is a new one. Nil data is null.
func (c *Client) Signal(ctx context.Context, run, name, id string, data json.RawMessage) error {
	req, err := NewSendSignalRequestWithBody(c.server, run, name, &SendSignalParams{IdempotencyKey: id}, "application/json", body(data))
	unsetEmpty(req, "Idempotency-Key")
	_, err = c.do(ctx, req, err, nil)
	return err
}

// Version returns what runs at the other end.
func (c *Client) Version(ctx context.Context) (Version, error) {
	req, err := NewGetVersionRequest(c.server)
	var out Version
	_, err = c.do(ctx, req, err, &out)
	return out, err
}

// Check has the engine read its log whole.
func (c *Client) Check(ctx context.Context) (LogReport, error) {
	req, err := NewCheckLogRequest(c.server)
	var out LogReport
	_, err = c.do(ctx, req, err, &out)
	return out, err
}

// Backup returns a copy of the engine's log, which the caller reads to its end
// and closes. An error of reading means that it is not whole.
func (c *Client) Backup(ctx context.Context) (io.ReadCloser, error) {
	req, err := NewDownloadBackupRequest(c.server)
	return c.stream(ctx, req, err)
}

// Backups says how the backups stand that the engine makes by itself.
func (c *Client) Backups(ctx context.Context) (BackupStatus, error) {
	req, err := NewGetBackupsRequest(c.server)
	var out BackupStatus
	_, err = c.do(ctx, req, err, &out)
	return out, err
}

// MakeBackup has the engine make one of them now.
func (c *Client) MakeBackup(ctx context.Context) (Backup, error) {
	req, err := NewMakeBackupRequest(c.server)
	var out Backup
	_, err = c.do(ctx, req, err, &out)
	return out, err
}

// ExportOptions says which runs to export; the zero value is all of them.
type ExportOptions struct {
	Workflow, Parent string
	Statuses         []RunStatus
}

// Export returns runs as JSON lines, which the caller reads to their end and
// closes. An error of reading means that they are not whole.
func (c *Client) Export(ctx context.Context, o ExportOptions) (io.ReadCloser, error) {
	req, err := NewExportRunsRequest(c.server, &ExportRunsParams{Workflow: o.Workflow, Parent: o.Parent, Status: o.Statuses})
	return c.stream(ctx, req, err)
}

// Import has the engine take runs that were exported: those that have not
// ended only if open says so; those that it has are passed over, or refused.
func (c *Client) Import(ctx context.Context, file io.Reader, skipExisting, open bool) (Imported, error) {
	req, err := NewImportRunsRequestWithBody(c.server, &ImportRunsParams{SkipExisting: skipExisting, Open: open}, "application/x-ndjson", file)
	var out Imported
	_, err = c.do(ctx, req, err, &out)
	return out, err
}

// Ready returns nil when the engine accepts work. It needs no key.
func (c *Client) Ready(ctx context.Context) error {
	req, err := NewGetReadinessRequest(c.server)
	_, err = c.do(ctx, req, err, nil)
	return err
}

// stream sends req, unless err says that it could not be made, and returns the
// answer's body.
func (c *Client) stream(ctx context.Context, req *http.Request, err error) (io.ReadCloser, error) {
	if err != nil {
		return nil, err
	}
	res, err := c.send(ctx, req)
	if err != nil {
		return nil, err
	}
	return res.Body, nil
}

// do sends req, unless err says that it could not be made, and decodes the
// answer into out.
func (c *Client) do(ctx context.Context, req *http.Request, err error, out any) (status int, _ error) {
	if err != nil {
		return 0, err
	}
	res, err := c.send(ctx, req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	if err != nil {
		return 0, fmt.Errorf("read the answer of %s: %w", c.server, err)
	}
	if len(b) > maxBody {
		return 0, fmt.Errorf("the answer of %s is larger than %d bytes", c.server, maxBody)
	}
	if out == nil {
		return res.StatusCode, nil
	}
	if err := json.Unmarshal(b, out); err != nil {
		return 0, fmt.Errorf("the answer of %s is not what an engine answers: %w", c.server, err)
	}
	return res.StatusCode, nil
}

// send sends req with the key and returns the answer, which is a success and
// whose body the caller closes.
func (c *Client) send(ctx context.Context, req *http.Request) (*http.Response, error) {
	if c.key != "" {
		req.Header.Set("Authorization", "Bearer "+c.key)
	}
	res, err := c.http.Do(req.WithContext(ctx))
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err
		}
		return nil, fmt.Errorf("ask %s: %w", c.server, err)
	}
	if res.StatusCode/100 != 2 {
		defer res.Body.Close()
		return nil, problemOf(res)
	}
	return res, nil
}

// body returns the reader of a JSON body, empty for none.
func body(b json.RawMessage) io.Reader { return bytes.NewReader(b) }

// documentType returns the media type of a document by its name.
func documentType(file string) string {
	if strings.HasSuffix(strings.ToLower(file), ".json") {
		return "application/json"
	}
	return "application/yaml"
}

func limit(n int) *int {
	if n == 0 {
		return nil
	}
	return &n
}

// unsetEmpty takes out a header that the generated code sets to nothing.
func unsetEmpty(req *http.Request, name string) {
	if req != nil && req.Header.Get(name) == "" {
		req.Header.Del(name)
	}
}

func lastEventID(seq uint64) string {
	if seq == 0 {
		return ""
	}
	return strconv.FormatUint(seq, 10)
}
