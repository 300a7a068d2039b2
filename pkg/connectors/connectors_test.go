package connectors_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/keelstep/keelstep/pkg/connectors"
)

var update = flag.Bool("update", false, "rewrite the golden files")

type inner struct {
	Name string `json:"name" required:"true" doc:"A name."`
	Size int8   `json:"size,omitempty" default:"7" doc:"A size."`
}

type common struct {
	Path string `json:"path" required:"true" min:"2" max:"4" doc:"A path."`
}

type input struct {
	common
	Mode   string              `json:"mode,omitempty" enum:"a,b" default:"a" doc:"A mode."`
	Code   string              `json:"code,omitempty" pattern:"^[0-9]+$" says:"must be digits" doc:"A code."`
	Count  int                 `json:"count,omitempty" min:"1" max:"3" default:"2" doc:"A count."`
	Ratio  float64             `json:"ratio,omitempty" max:"0.5" doc:"A ratio."`
	On     bool                `json:"on,omitempty" default:"true" doc:"A switch."`
	Any    json.RawMessage     `json:"any,omitempty" doc:"Anything."`
	List   []inner             `json:"list,omitempty" max:"2" doc:"A list."`
	Map    map[string]inner    `json:"map,omitempty" doc:"A map."`
	One    *inner              `json:"one,omitempty" doc:"One."`
	Wait   connectors.Duration `json:"wait,omitempty" default:"1m30s" doc:"A time."`
	At     time.Time           `json:"at,omitzero" doc:"A point in time."`
	Secret connectors.Secret   `json:"secret,omitempty" doc:"A secret."`
}

// Validate is the rule that spans members.
func (in input) Validate() []connectors.Problem {
	if in.Mode == "b" && in.Code != "" {
		return []connectors.Problem{{Path: "/code", Message: "has no meaning in mode b"}}
	}
	return nil
}

type output struct {
	Path string `json:"path" doc:"The path."`
	Note string `json:"note,omitempty" doc:"A note."`
}

var echo = connectors.Op("test.echo", "Returns what it read.",
	func(_ connectors.Settings, in input) connectors.Repeat {
		if in.Mode == "a" {
			return connectors.Keyed
		}
		return connectors.Safe
	},
	func(_ context.Context, _ connectors.Call, in input) (json.RawMessage, error) {
		in.Secret = "" // would be written as ***
		return json.Marshal(in)
	})

// Each line of calls is an input; result shows how it was read, or what is
// wrong with it.
func TestCases(t *testing.T) {
	const name = "testdata/accept.txtar"
	ar, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var schema bytes.Buffer
	if err := json.Indent(&schema, echo.In, "", "  "); err != nil {
		t.Fatal(err)
	}
	var result strings.Builder
	for line := range strings.Lines(string(ar.Files[0].Data)) {
		in := json.RawMessage(strings.TrimSpace(line))
		out, err := echo.Run(t.Context(), connectors.Call{Input: in})
		var e *connectors.Error
		switch {
		case err == nil:
			fmt.Fprintf(&result, "%s\n", out)
		case errors.As(err, &e):
			fmt.Fprintf(&result, "%v\n", e)
			if e.Code != connectors.CodeInvalidInput || !e.Final || !e.Certain {
				t.Errorf("%s: %+v", in, e)
			}
		default:
			t.Errorf("%s: an error without type: %v", in, err)
		}
		if problems := echo.Check(in); (problems == nil) != (err == nil) {
			t.Errorf("%s: Check says %v, Run says %v", in, problems, err)
		}
	}
	golden := txtar.Format(&txtar.Archive{Comment: ar.Comment, Files: []txtar.File{
		ar.Files[0], {Name: "result", Data: []byte(result.String())}, {Name: "schema", Data: append(schema.Bytes(), '\n')},
	}})
	if *update {
		if err := os.WriteFile(name, golden, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(txtar.Format(ar)), string(golden)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// Sealed secrets pass where values stand, for Check and Repeat alone.
func TestSealed(t *testing.T) {
	const s = `{"$sealed":{"secret":"X"}}`
	for in, want := range map[string]connectors.Repeat{
		`{"path":` + s + `}`:                                       connectors.Keyed,
		`{"path":"/a","mode":` + s + `}`:                           connectors.Safe,
		`{"path":"/a","wait":` + s + `}`:                           connectors.Keyed,
		`{"path":"/a","secret":` + s + `}`:                         connectors.Keyed,
		`{"path":"/a","any":` + s + `}`:                            connectors.Keyed,
		`{"path":"/a","list":[{"name":` + s + `}]}`:                connectors.Keyed,
		`{"path":"/a","map":{"k":` + s + `}}`:                      connectors.Keyed,
		`{"path":"/a","count":` + s + `}`:                          connectors.Keyed,
		`{"path":"/a","on":` + s + `,"at":"2026-01-01T00:00:00Z"}`: connectors.Keyed,
		`{"path":"/a","unknown":` + s + `}`:                        connectors.Never,
		`{"path":"/a","mode":{"$sealed":1,"x":2}}`:                 connectors.Never,
		`{}`: connectors.Never,
		`{`:  connectors.Never,
		``:   connectors.Never,
	} {
		if got := echo.Repeat(nil, json.RawMessage(in)); got != want {
			t.Errorf("Repeat of %s = %d, want %d", in, got, want)
		}
		if problems := echo.Check(json.RawMessage(in)); (problems == nil) != (want != connectors.Never) {
			t.Errorf("Check of %s = %v", in, problems)
		}
	}
	if _, err := echo.Run(t.Context(), connectors.Call{Input: json.RawMessage(`{"path":` + s + `}`)}); err == nil {
		t.Error("Run takes a secret that is still sealed")
	}
}

// What an operation returns becomes an error with a type and the truth about
// its effect.
func TestErrors(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	typed := &connectors.Error{Code: "Own", Message: "m", Certain: true}
	for _, c := range []struct {
		name string
		ctx  context.Context
		do   func() (json.RawMessage, error)
		want connectors.Error
	}{
		{"typed", t.Context(), func() (json.RawMessage, error) { return nil, fmt.Errorf("wrapped: %w", typed) }, *typed},
		{
			"untyped", t.Context(), func() (json.RawMessage, error) { return nil, errors.New("oh") },
			connectors.Error{Code: connectors.CodeConnectorError, Message: "test.do: oh", Lost: true},
		},
		{
			"untyped after the end", ended, func() (json.RawMessage, error) { return nil, errors.New("oh") },
			connectors.Error{Code: connectors.CodeCancelled, Message: "the call was cancelled before an answer came", Lost: true},
		},
		{
			"nil of the type", t.Context(), func() (json.RawMessage, error) { var none *connectors.Error; return nil, none },
			connectors.Error{Code: connectors.CodeConnectorError, Message: "test.do: an error without content", Lost: true},
		},
		{
			"panic", t.Context(), func() (json.RawMessage, error) { panic("oh") },
			connectors.Error{Code: connectors.CodeConnectorPanic, Message: "test.do has a fault: oh", Final: true, Lost: true},
		},
		{
			"no JSON", t.Context(), func() (json.RawMessage, error) { return json.RawMessage("{"), nil },
			connectors.Error{Code: connectors.CodeInvalidOutput, Message: "test.do returned what is not JSON: unexpected end of JSON input", Final: true, Lost: true},
		},
	} {
		o := connectors.Op("test.do", "Does it.", nil,
			func(context.Context, connectors.Call, json.RawMessage) (json.RawMessage, error) { return c.do() })
		_, err := o.Run(c.ctx, connectors.Call{})
		var e *connectors.Error
		if !errors.As(err, &e) || e == nil {
			t.Errorf("%s: %v has no type", c.name, err)
			continue
		}
		got := *e
		got.Err = nil
		if got.Code == connectors.CodeInvalidOutput {
			got.Message, c.want.Message = "", ""
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		var p *connectors.PanicError
		if errors.As(err, &p) != (c.name == "panic") || p != nil && !bytes.Contains(p.Stack, []byte("connectors_test.go")) {
			t.Errorf("%s: the cause is %v", c.name, e.Err)
		}
	}
}

// A missing output is null; < > & stay as they are.
func TestOutput(t *testing.T) {
	for want, out := range map[string]any{"null": json.RawMessage(nil), `{"path":"<&>"}`: output{Path: "<&>"}} {
		o := connectors.Op("test.do", "Does it.", nil, func(context.Context, connectors.Call, struct{}) (any, error) { return out, nil })
		if got, err := o.Run(t.Context(), connectors.Call{}); err != nil || string(got) != want {
			t.Errorf("got %s, %v; want %s", got, err, want)
		}
	}
	o := connectors.Op("test.do", "Does it.", nil, func(context.Context, connectors.Call, struct{}) (output, error) { return output{}, nil })
	want := `{"type":"object","properties":{"path":{"type":"string","description":"The path."},"note":{"type":"string","description":"A note."}},"required":["path"],"additionalProperties":false}`
	if got := string(o.Out); got != want {
		t.Errorf("schema %s, want %s", got, want)
	}
	if got := o.Repeat(nil, json.RawMessage(`{}`)); got != connectors.Never || o.Connector() != "test" {
		t.Errorf("Repeat without a rule = %d of connector %q, want Never of test", got, o.Connector())
	}
}

func TestDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0s": 0, "500ms": 500 * time.Millisecond, "1h30m": 90 * time.Minute, "1.5h": 90 * time.Minute, "1d": 24 * time.Hour,
		"2w1d": 15 * 24 * time.Hour, "7us": 7 * time.Microsecond, "PT30S": 30 * time.Second, "P1DT1H": 25 * time.Hour,
		"15250w": 15250 * 7 * 24 * time.Hour,
		"":       -1, "s": -1, "5": -1, "5x": -1, "-5s": -1, "1h 5m": -1, "1..5s": -1, "P1M": -1, "P1Y": -1, "-PT1S": -1, "PT": -1, "P": -1,
		"15251w": -1, "PX": -1,
	} {
		var d connectors.Duration
		err := json.Unmarshal([]byte(`"`+text+`"`), &d)
		if (err != nil) != (want < 0) || err == nil && time.Duration(d) != want {
			t.Errorf("%q = %v, %v; want %v", text, time.Duration(d), err, want)
		}
	}
	if b, err := json.Marshal(connectors.Duration(90 * time.Second)); err != nil || string(b) != `"1m30s"` {
		t.Errorf("1m30s is written as %s, %v", b, err)
	}
}

func panics(t *testing.T, want string, do func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if got := fmt.Sprint(recover()); got != want {
			t.Errorf("panic %q, want %q", got, want)
		}
	}()
	do()
}

func TestRegistry(t *testing.T) {
	var r connectors.Registry
	if _, ok := r.Connector("a"); ok || len(r.Operations()) != 0 {
		t.Error("the zero registry is not empty")
	}
	op := func(id string) connectors.Operation {
		return connectors.Op(id, "Does it.", nil, func(context.Context, connectors.Call, struct{}) (struct{}, error) { return struct{}{}, nil })
	}
	r.Register(&connectors.Connector{Name: "b", Operations: []connectors.Operation{op("b.two"), op("b.one")}})
	r.Register(&connectors.Connector{Name: "a", Operations: []connectors.Operation{op("a.one")}})
	var names []string
	for _, c := range r.Connectors() {
		names = append(names, c.Name)
	}
	for _, o := range r.Operations() {
		names = append(names, o.ID)
	}
	if diff := cmp.Diff([]string{"a", "b", "a.one", "b.one", "b.two"}, names); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if o, ok := r.Operation("b.two"); !ok || o.Connector() != "b" {
		t.Errorf("Operation(b.two) = %v, %v", o.ID, ok)
	}
	if _, ok := r.Operation("two"); ok {
		t.Error("Operation(two) is found")
	}
	one := func(name string, ops ...connectors.Operation) func() {
		return func() { connectors.NewRegistry(&connectors.Connector{Name: name, Operations: ops}) }
	}
	panics(t, "connectors: a registered twice", func() { r.Register(&connectors.Connector{Name: "a"}) })
	panics(t, `connectors: "A.b" is not a name of a connector`, one("A.b"))
	panics(t, `connectors: "b.one" is not a name of an operation of c`, one("c", op("b.one")))
	panics(t, `connectors: "c.one.two" is not a name of an operation of c`, one("c", op("c.one.two")))
	panics(t, "connectors: operation c.one registered twice", one("c", op("c.one"), op("c.one")))
	panics(t, "connectors: operation c.one was not made by Op", one("c", connectors.Operation{ID: "c.one"}))
}

// Structs that have no good form in JSON are mistakes of the program.
func TestBadStructs(t *testing.T) {
	panics(t, "connectors: connectors_test.bad.A has no json tag", func() {
		type bad struct{ A string }
		connectors.SchemaOf[bad]()
	})
	panics(t, "connectors: the default of connectors_test.bad.A must be one of x, y, not \"z\"", func() {
		type bad struct {
			A string `json:"a" enum:"x,y" default:"z"`
		}
		connectors.SchemaOf[bad]()
	})
	panics(t, "connectors: chan int has no form in JSON", func() {
		type bad struct {
			A chan int `json:"a"`
		}
		connectors.SchemaOf[bad]()
	})
	panics(t, "connectors: map[int]string has keys that are not text", func() { connectors.SchemaOf[map[int]string]() })
	panics(t, "connectors: connectors_test.bad.A has a pattern, and nothing that says what it means", func() {
		type bad struct {
			A string `json:"a" pattern:"x"`
		}
		connectors.SchemaOf[bad]()
	})
	panics(t, "connectors: a bound of connectors_test.bad.A is not a number: x", func() {
		type bad struct {
			A string `json:"a" min:"x"`
		}
		connectors.SchemaOf[bad]()
	})
	panics(t, "connectors: connectors_test.bad has name twice", func() {
		type bad struct {
			inner
			Title string `json:"name"`
		}
		connectors.SchemaOf[bad]()
	})
	panics(t, "connectors: connectors_test.loop is nested too deeply", func() { connectors.SchemaOf[loop]() })
}

type loop struct {
	Next *loop `json:"next"`
}

type loopSettings struct {
	Size int `json:"size" required:"true" max:"9" doc:"A size."`
}

// Open reads settings strictly and survives a panic; CheckSettings finds the
// same without opening, and takes sealed secrets.
func TestConnected(t *testing.T) {
	c := connectors.Connected(connectors.Connector{Name: "test"}, func(_ context.Context, s loopSettings) (any, func() error, error) {
		if s.Size == 9 {
			panic("nine")
		}
		return s.Size, nil, nil
	})
	for _, k := range []struct {
		settings connectors.Settings
		problems int
		err      string
	}{
		{connectors.Settings{"size": 3}, 0, ""},
		{connectors.Settings{"size": 9}, 0, "test: open panicked: nine"},
		{connectors.Settings{"size": 10}, 1, "InvalidSettings: /size must be at most 9"},
		{connectors.Settings{"size": "3", "x": 1}, 2, "InvalidSettings: /size must be an integer, not string; /x is not known here; known are size"},
		{nil, 1, "InvalidSettings: needs size"},
		{connectors.Settings{"size": map[string]any{"$sealed": map[string]any{"secret": "X"}}}, 0, "InvalidSettings: /size must be an integer, not object"},
		{connectors.Settings{"size": func() {}}, 1, "InvalidSettings: is not JSON: json: unsupported type: func()"},
	} {
		if got := c.CheckSettings(k.settings); len(got) != k.problems {
			t.Errorf("CheckSettings(%v) = %v, want %d problems", k.settings, got, k.problems)
		}
		shared, closeShared, err := c.Open(t.Context(), k.settings)
		if err == nil {
			err = closeShared()
		}
		if text := fmt.Sprint(err); err != nil && text != k.err || err == nil && (k.err != "" || shared != 3) {
			t.Errorf("Open(%v) = %v, %v; want %q", k.settings, shared, err, k.err)
		}
	}
}

// A secret does not print, in whatever way it is asked to.
func TestSecret(t *testing.T) {
	type holder struct {
		S connectors.Secret
		M map[string]connectors.Secret
		P *connectors.Secret
	}
	s := connectors.Secret("CANARY")
	h := holder{S: s, M: map[string]connectors.Secret{"a": s}, P: &s}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "s", s, "h", h)
	slog.New(slog.NewTextHandler(&log, nil)).Info("m", "s", s, "h", h)
	b, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		fmt.Sprint(s), fmt.Sprintf("%v %+v %#v %s %q %x %X", s, s, s, s, s, s, s), fmt.Sprintf("%v %+v %#v", h, h, h), string(b), log.String(),
	} {
		if strings.Contains(text, "CANARY") || strings.Contains(strings.ToLower(text), "43414e415259") {
			t.Errorf("the secret prints: %s", text)
		}
	}
}

// Whatever comes in, Check and Run agree, nothing panics, and what is accepted
// is accepted again.
func FuzzAccept(f *testing.F) {
	ar, err := txtar.ParseFile("testdata/accept.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(ar.Files[0].Data)) {
		f.Add([]byte(strings.TrimSpace(line)))
	}
	f.Add([]byte(`{"path":{"$sealed":1},"wait":{"$sealed":1}}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		out, err := echo.Run(t.Context(), connectors.Call{Input: in})
		problems := echo.Check(in)
		if err == nil {
			if problems != nil {
				t.Fatalf("Run takes %s, Check finds %v", in, problems)
			}
			if _, err := echo.Run(t.Context(), connectors.Call{Input: out}); err != nil {
				t.Fatalf("%s was read as %s, which is refused: %v", in, out, err)
			}
			return
		}
		var e *connectors.Error
		if !errors.As(err, &e) || e.Code != connectors.CodeInvalidInput {
			t.Fatalf("%s: %v", in, err)
		}
		if problems == nil && !bytes.Contains(in, []byte("sealed")) && !bytes.Contains(in, []byte("\\u")) {
			t.Fatalf("Check takes %s, Run says %v", in, err)
		}
	})
}
