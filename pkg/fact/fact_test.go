package fact_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
)

type colour uint8

func (c colour) String() string { return [...]string{"none", "red"}[c] }

type part struct {
	Name string
	N    int
}

type sample struct {
	S     string
	B     []byte
	U     uint64
	I     int
	T     bool
	At    time.Time
	D     time.Duration
	V     expression.Value
	C     colour
	Parts []part
	Sub   *part
}

func (*sample) Kind() fact.Kind { return 7 }
func (*sample) Name() string    { return "Sample" }

func partFields(c *fact.Coder, p *part) {
	c.String(1, "name", &p.Name)
	c.Int(2, "n", &p.N)
}

func (s *sample) Fields(c *fact.Coder) {
	c.String(1, "s", &s.S)
	c.Bytes(2, &s.B)
	c.Uint(3, "u", &s.U)
	c.Int(4, "i", &s.I)
	c.Bool(5, "t", &s.T)
	c.Time(6, "at", &s.At)
	c.Duration(7, "d", &s.D)
	c.Value(8, "v", &s.V)
	fact.Enum(c, 9, "c", &s.C)
	fact.List(c, 10, "parts", &s.Parts, partFields)
	present := s.Sub != nil
	if s.Sub == nil {
		s.Sub = &part{}
	}
	c.Sub(11, "sub", &present, func(c *fact.Coder) { partFields(c, s.Sub) })
	if !present {
		s.Sub = nil
	}
}

// older is a fact that knows only some of sample's fields.
type older struct {
	I int
	C colour
}

func (*older) Kind() fact.Kind { return 7 }
func (o *older) Fields(c *fact.Coder) {
	c.Int(4, "i", &o.I)
	fact.Enum(c, 9, "c", &o.C)
}

var family = fact.NewFamily("sample", func() fact.Fact { return &sample{} })

func full() *sample {
	return &sample{
		S: "a\"b", B: []byte{1, 2}, U: 1 << 63, I: 5, T: true,
		At: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), D: 90 * time.Second,
		V: expression.Raw([]byte(`{"x":[1,2]}`)), C: 1,
		Parts: []part{{"one", 1}, {}, {"three", 3}}, Sub: &part{"sub", 9},
	}
}

var opts = cmp.Options{cmp.Comparer(func(a, b expression.Value) bool {
	x, _ := a.MarshalJSON()
	y, _ := b.MarshalJSON()
	return bytes.Equal(x, y) && a.IsAbsent() == b.IsAbsent() && cmp.Equal(a.Ref(), b.Ref())
})}

// A turn that was written reads back as it was.
func TestTurnRoundTrip(t *testing.T) {
	at := time.Date(2026, 5, 6, 7, 8, 9, 10, time.UTC)
	stored := full()
	stored.V = expression.Stored(expression.Ref{Hash: expression.HashOf([]byte("x")), Size: 70000, Kind: expression.KindList, Length: 3, Paged: true})
	want := []fact.Event{{Seq: 41, Time: at, Fact: full()}, {Seq: 42, Time: at, Fact: &sample{}}, {Seq: 43, Time: at.Add(time.Hour), Fact: stored}}
	got, err := fact.DecodeTurn(fact.EncodeTurn(want), family)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(got, want, opts); d != "" {
		t.Errorf("DecodeTurn(EncodeTurn(x)) differs (-got +want):\n%s", d)
	}
}

// A reader skips the fields that it does not know.
// TestFarTimes: a wait until the year 9999 is still that after a restart.
func TestFarTimes(t *testing.T) {
	for _, text := range []string{
		"0001-01-01T00:00:00.000000001Z", "1677-09-21T00:12:43.145224191Z", "1677-09-21T00:12:43.145224192Z", "1970-01-01T00:00:00Z",
		"2262-04-11T23:47:16.854775807Z", "2262-04-11T23:47:16.854775808Z", "9999-12-31T23:59:59.999999999Z",
	} {
		want, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			t.Fatal(err)
		}
		b := fact.Write(func(c *fact.Coder) { c.Time(1, "at", &want) })
		var got time.Time
		if err := fact.ReadFields(b, func(c *fact.Coder) { c.Time(1, "at", &got) }); err != nil || !got.Equal(want) {
			t.Errorf("%s is read back as %v, %v", text, got, err)
		}
	}
}

func TestFieldsCanBeAdded(t *testing.T) {
	var o older
	if err := fact.ReadFields(fact.Write(full().Fields), o.Fields); err != nil {
		t.Fatal(err)
	}
	if want := (older{I: 5, C: 1}); o != want {
		t.Errorf("got %+v, want %+v", o, want)
	}
}

func TestShow(t *testing.T) {
	got := fact.ShowFields(full())
	want := `{"s":"a\"b","u":9223372036854775808,"i":5,"t":true,"at":"2026-01-02T03:04:05.000000006Z","d":"1m30s","v":{"x":[1,2]},"c":"red","parts":[{"name":"one","n":1},{},{"name":"three","n":3}],"sub":{"name":"sub","n":9}}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if !json.Valid(got) {
		t.Error("what is shown is no JSON")
	}
}

// Bytes that are cut short or changed are refused with ErrFormat, and an
// unknown kind says that it may be newer.
func TestDamagedTurns(t *testing.T) {
	b := fact.EncodeTurn([]fact.Event{{Seq: 1, Time: time.Unix(0, 0), Fact: full()}})
	for n := range b {
		if _, err := fact.DecodeTurn(b[:n], family); !errors.Is(err, fact.ErrFormat) {
			t.Fatalf("cut to %d of %d bytes: got %v, want ErrFormat", n, len(b), err)
		}
	}
	if _, err := fact.DecodeTurn(append(b, 0), family); !errors.Is(err, fact.ErrFormat) {
		t.Errorf("a byte too much: got %v, want ErrFormat", err)
	}
	other := fact.NewFamily("other")
	if _, err := fact.DecodeTurn(b, other); !errors.Is(err, fact.ErrFormat) {
		t.Errorf("unknown kind: got %v, want ErrFormat", err)
	}
}

func FuzzDecodeTurn(f *testing.F) {
	f.Add(fact.EncodeTurn([]fact.Event{{Seq: 1, Time: time.Unix(5, 0), Fact: full()}, {Seq: 2, Time: time.Unix(4, 0), Fact: &sample{}}}))
	f.Add([]byte{1, 1, 0, 7, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		events, err := fact.DecodeTurn(b, family)
		if err != nil {
			return
		}
		again, err := fact.DecodeTurn(fact.EncodeTurn(events), family)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(events, again, opts); d != "" {
			t.Error(d)
		}
	})
}
