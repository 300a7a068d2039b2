// Package conntest is the suite that every connector passes: its schemas say
// what its decoding does, its errors are typed and honest about their effect,
// it stops when it is told to, and no secret gets into a text. For connectors
// that speak HTTP it also has a server with faults, see Faults.
package conntest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keelstep/keelstep/pkg/connectors"
)

// Subject is a connector and what the suite must know to use it.
type Subject struct {
	Connector *connectors.Connector
	// Settings returns settings of a connection that works, each time one of
	// its own. Nil when the connector needs no connection.
	Settings func(t *testing.T) connectors.Settings
	// Inputs has for each operation an input that succeeds on a fresh
	// connection.
	Inputs map[string]string
	// Secrets are the values in the settings that no error may show.
	Secrets []string
	// HangingInput is the input, and HangingOperation the operation, of a call
	// that answers only after its context has ended. Empty: there is none.
	HangingOperation, HangingInput string
	// Soon is how long a call may go on after its context ended; 0: a minute,
	// which only a call that hangs needs, on a machine under load too.
	Soon time.Duration
	// HangingSettings are those of a connection for it; nil: Settings.
	HangingSettings func(t *testing.T) connectors.Settings
}

// soon is when what must happen promptly is taken to hang.
const soon = time.Minute

// Run runs the suite.
func Run(t *testing.T, s Subject) {
	t.Run("registers", func(*testing.T) { connectors.NewRegistry(s.Connector) })
	t.Run("reads well", s.documented)
	if s.Connector.Open != nil {
		t.Run("settings", s.settings)
	}
	for _, o := range s.Connector.Operations {
		t.Run(o.ID, func(t *testing.T) {
			input, ok := s.Inputs[o.ID]
			if !ok {
				t.Fatalf("the subject has no input for %s", o.ID)
			}
			t.Run("succeeds", func(t *testing.T) { s.succeeds(t, o, input) })
			t.Run("refuses", func(t *testing.T) { s.refuses(t, o, input) })
			t.Run("repeat", func(t *testing.T) { s.repeat(t, o, input) })
			t.Run("cancelled before", func(t *testing.T) { s.cancelledBefore(t, o, input) })
			t.Run("without connection", func(t *testing.T) { s.withoutConnection(t, o, input) })
		})
	}
	if s.HangingOperation != "" {
		t.Run("cancelled within", s.cancelledWithin)
	}
}

// open opens a connection that is closed when the test ends.
func (s Subject) open(t *testing.T, settings func(*testing.T) connectors.Settings) connectors.Connection {
	t.Helper()
	conn := connectors.Connection{Name: "subject"}
	if s.Connector.Open == nil {
		return conn
	}
	conn.Settings = settings(t)
	shared, closeShared, err := s.Connector.Open(t.Context(), conn.Settings)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if err := closeShared(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	conn.Shared = shared
	return conn
}

// run performs one attempt and checks what holds for every error.
func (s Subject) run(ctx context.Context, t *testing.T, o connectors.Operation, conn connectors.Connection, input string) (json.RawMessage, *connectors.Error) {
	t.Helper()
	out, err := o.Run(ctx, connectors.Call{Key: "key-of-the-call", Attempt: 1, Conn: conn, Input: json.RawMessage(input)})
	if err == nil {
		if !json.Valid(out) {
			t.Errorf("the output is not JSON: %s", out)
		}
		return out, nil
	}
	e := Honest(t, err)
	for _, text := range []string{e.Error(), fmt.Sprintf("%+v", e), fmt.Sprint(e.Err)} {
		for _, secret := range s.Secrets {
			if strings.Contains(text, secret) {
				t.Errorf("the secret %q stands in an error: %s", secret, text)
			}
		}
	}
	return nil, e
}

// Honest checks what holds for the error of every call and returns it.
func Honest(t *testing.T, err error) *connectors.Error {
	t.Helper()
	var e *connectors.Error
	if !errors.As(err, &e) || e == nil {
		t.Fatalf("the error is not typed: %T %v", err, err)
	}
	if e.Code == "" || e.Message == "" || strings.ContainsAny(e.Code, " \n") {
		t.Errorf("the error lacks a code or a message: %+v", e)
	}
	if e.Certain && e.Lost {
		t.Errorf("the error says both that nothing happened and that nobody knows: %+v", e)
	}
	if e.RetryAfter < 0 {
		t.Errorf("RetryAfter is negative: %v", e.RetryAfter)
	}
	return e
}

func (s Subject) documented(t *testing.T) {
	c := s.Connector
	sentence(t, c.Name, c.Summary)
	if len(c.Operations) == 0 {
		t.Errorf("%s has no operation", c.Name)
	}
	if c.Settings != nil {
		checkSchema(t, c.Name+" settings", c.Settings)
	}
	for _, o := range c.Operations {
		sentence(t, o.ID, o.Summary)
		checkSchema(t, o.ID+" input", o.In)
		checkSchema(t, o.ID+" output", o.Out)
	}
}

func sentence(t *testing.T, where, text string) {
	t.Helper()
	if len(text) < 10 || !strings.HasSuffix(text, ".") {
		t.Errorf("%s: the summary %q is no sentence", where, text)
	}
}

func (s Subject) settings(t *testing.T) {
	c, good := s.Connector, s.Settings(t)
	if problems := c.CheckSettings(good); problems != nil {
		t.Errorf("CheckSettings finds in good settings: %v", problems)
	}
	refused := func(why string, bad connectors.Settings) {
		t.Helper()
		if problems := c.CheckSettings(bad); len(problems) == 0 {
			t.Errorf("%s: CheckSettings finds nothing", why)
		}
		_, _, err := c.Open(t.Context(), bad)
		if err == nil {
			t.Fatalf("%s: Open succeeds", why)
		}
		if e := Honest(t, err); e.Code != connectors.CodeInvalidSettings {
			t.Errorf("%s: Open fails with %s, want %s", why, e.Code, connectors.CodeInvalidSettings)
		}
	}
	bad := maps.Clone(good)
	bad["unknownMember"] = 1
	refused("an unknown member", bad)
	form := parseSchema(t, c.Settings)
	for _, name := range form.names() {
		for _, wrong := range form.Properties[name].wrongValues() {
			bad := maps.Clone(good)
			bad[name] = json.RawMessage(wrong)
			refused(name+" = "+wrong, bad)
		}
	}
	for _, name := range form.Required {
		bad := maps.Clone(good)
		delete(bad, name)
		refused("no "+name, bad)
	}
}

func (s Subject) succeeds(t *testing.T, o connectors.Operation, input string) {
	if problems := o.Check(json.RawMessage(input)); problems != nil {
		t.Errorf("Check finds in a good input: %v", problems)
	}
	out, e := s.run(t.Context(), t, o, s.open(t, s.Settings), input)
	if e != nil {
		t.Fatalf("%s with %s: %v", o.ID, input, e)
	}
	var v any
	if err := json.Unmarshal(out, &v); err != nil {
		t.Fatal(err)
	}
	for _, problem := range parseSchema(t, o.Out).validate("", v) {
		t.Errorf("the output does not fit its schema: %s", problem)
	}
	if c := s.Connector; c.Returns != "" {
		if _, ok := parseSchema(t, o.Out).Properties[c.Returns]; !ok {
			t.Errorf("the output has no member %s, which Returns names", c.Returns)
		}
	}
}

// refuses changes a good input in every way that its schema forbids.
func (s Subject) refuses(t *testing.T, o connectors.Operation, input string) {
	conn := s.open(t, s.Settings)
	refused := func(why, bad string) {
		t.Helper()
		if problems := o.Check(json.RawMessage(bad)); len(problems) == 0 {
			t.Errorf("%s: Check finds nothing in %s", why, bad)
		}
		_, e := s.run(t.Context(), t, o, conn, bad)
		if e == nil {
			t.Fatalf("%s: %s succeeds", why, bad)
		}
		if e.Code != connectors.CodeInvalidInput || !e.Final || !e.Certain {
			t.Errorf("%s: got %+v, want a final and certain %s", why, e, connectors.CodeInvalidInput)
		}
	}
	refused("no JSON", "{")
	form := parseSchema(t, o.In)
	if form.Type != "object" {
		return
	}
	for _, text := range []string{"null", "[]", "1", `"x"`} {
		refused("no object", text)
	}
	refused("an unknown member", with(t, input, "unknownMember", "1"))
	for _, name := range form.names() {
		for _, wrong := range form.Properties[name].wrongValues() {
			refused(name, with(t, input, name, wrong))
		}
	}
	for _, name := range form.Required {
		refused("no "+name, with(t, input, name, ""))
	}
}

// with sets a member of a JSON object, or removes it when value is empty.
func with(t *testing.T, object, name, value string) string {
	t.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(object), &members); err != nil {
		t.Fatal(err)
	}
	if members[name] = json.RawMessage(value); value == "" {
		delete(members, name)
	}
	b, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// repeat: the rule is pure, takes sealed secrets, and is never given for what
// cannot be read.
func (s Subject) repeat(t *testing.T, o connectors.Operation, input string) {
	settings := connectors.Settings{}
	if s.Settings != nil {
		settings = s.Settings(t)
	}
	before, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	want, raw := o.Repeat(settings, json.RawMessage(input)), []byte(input)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if got := o.Repeat(settings, raw); got != want {
				t.Errorf("Repeat says %d, then %d", want, got)
			}
		})
	}
	wg.Wait()
	if after, _ := json.Marshal(settings); string(after) != string(before) || string(raw) != input {
		t.Error("Repeat changes what it is given")
	}
	if got := o.Repeat(settings, json.RawMessage("{")); got != connectors.Never {
		t.Errorf("Repeat of an input that is not JSON = %d, want Never", got)
	}
	form := parseSchema(t, o.In)
	for _, name := range form.names() {
		sealed := with(t, input, name, `{"$sealed":{"secret":"X"}}`)
		if slices.Contains(form.Required, name) && len(form.Properties[name].Enum) > 0 {
			continue // the rule may depend on it
		}
		if problems := o.Check(json.RawMessage(sealed)); problems != nil && s.alone(t, name, input) {
			t.Errorf("Check refuses a sealed secret as %s: %v", name, problems)
		}
	}
}

// alone tells whether the input has the member, so that sealing it breaks no
// rule about members that exclude each other.
func (s Subject) alone(t *testing.T, name, input string) bool {
	t.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(input), &members); err != nil {
		t.Fatal(err)
	}
	_, ok := members[name]
	return ok
}

// cancelledBefore: a call whose context has ended does nothing.
func (s Subject) cancelledBefore(t *testing.T, o connectors.Operation, input string) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, e := s.run(ctx, t, o, s.open(t, s.Settings), input)
	if e == nil {
		t.Fatal("the call succeeds after it was cancelled")
	}
	if e.Code != connectors.CodeCancelled || !e.Certain || e.Final {
		t.Errorf("got %+v, want a certain %s that is not final", e, connectors.CodeCancelled)
	}
}

// cancelledWithin: a call ends soon after its context, for both reasons.
func (s Subject) cancelledWithin(t *testing.T) {
	i := slices.IndexFunc(s.Connector.Operations, func(o connectors.Operation) bool { return o.ID == s.HangingOperation })
	if i < 0 {
		t.Fatalf("there is no operation %s", s.HangingOperation)
	}
	settings := s.HangingSettings
	if settings == nil {
		settings = s.Settings
	}
	for _, c := range []struct {
		code string
		make func(context.Context) (context.Context, context.CancelFunc)
	}{
		{connectors.CodeTimeout, func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 50*time.Millisecond)
		}},
		{connectors.CodeCancelled, func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			timer, stop := context.WithTimeout(ctx, 50*time.Millisecond)
			context.AfterFunc(timer, func() { stop(); cancel() })
			return ctx, cancel
		}},
	} {
		t.Run(c.code, func(t *testing.T) {
			conn := s.open(t, settings)
			ctx, cancel := c.make(t.Context())
			defer cancel()
			most := s.Soon
			if most == 0 {
				most = soon
			}
			limit, stop := context.WithTimeout(t.Context(), most)
			defer stop()
			ended := make(chan *connectors.Error, 1)
			go func() {
				_, e := s.run(ctx, t, s.Connector.Operations[i], conn, s.HangingInput)
				ended <- e
			}()
			select {
			case e := <-ended:
				if e == nil || e.Code != c.code || e.Final {
					t.Errorf("got %+v, want %s that is not final", e, c.code)
				}
			case <-limit.Done():
				t.Fatalf("the call goes on %v after its context ended", most)
			}
		})
	}
}

// withoutConnection: an operation that was wired wrongly fails, it does not
// panic.
func (s Subject) withoutConnection(t *testing.T, o connectors.Operation, input string) {
	if s.Connector.Open == nil {
		return
	}
	_, e := s.run(t.Context(), t, o, connectors.Connection{Name: "none"}, input)
	if e == nil || e.Code == connectors.CodeConnectorPanic {
		t.Errorf("got %v, want an error that is no panic", e)
	}
}
