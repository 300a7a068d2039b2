package fact_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
)

func namesIn(b []byte) map[expression.Hash]bool {
	found := map[expression.Hash]bool{}
	for h := range fact.Names(b) {
		found[h] = true
	}
	return found
}

// A stored value is found wherever it is written, whatever stands around it.
func TestNames(t *testing.T) {
	list := []byte("[0")
	for i := range 2500 {
		list = fmt.Appendf(list, ",%q", fmt.Sprint("element number ", i, " of a long list of texts"))
	}
	v, payloads := expression.Pack(append(list, ']'))
	if len(payloads) != 4 || v.Ref() == nil || !v.Ref().Paged {
		t.Fatalf("the list was stored as %d payloads, %+v", len(payloads), v.Ref())
	}
	hash := v.Ref().Hash
	event := fact.CloudEvent{ID: "1", Type: "t", Source: "/s", Time: time.Unix(32, 0), Data: v}
	mail := fact.EncodeMail(fact.Emitted{Event: event})
	letter := fact.EncodeMail(fact.DeadLetter{Trigger: "t", Event: event})
	for name, b := range map[string][]byte{
		"a message": mail, "another": letter, "bytes around it": slices.Concat([]byte{1, 1, 1, 32, 1}, mail, []byte{1, 1, 32}),
		"a state": bytes.Repeat(mail, 3),
	} {
		if !namesIn(b)[hash] {
			t.Errorf("%s: the stored value is not found", name)
		}
	}
	top := payloads[3].Bytes
	if !fact.IsPageList(top) || !fact.IsPageList(top[:100]) {
		t.Error("the list of pages is not taken for one")
	}
	want := map[expression.Hash]bool{}
	for _, p := range payloads[:3] {
		want[p.Hash] = true
		if fact.IsPageList(p.Bytes) {
			t.Error("a page is taken for a list of pages")
		}
		if n := len(namesIn(p.Bytes)); n != 0 {
			t.Errorf("a page names %d hashes", n)
		}
	}
	if got := namesIn(top); !maps.Equal(got, want) {
		t.Errorf("the list of pages names %v, want %v", got, want)
	}
	for h := range fact.Names(slices.Concat(top, mail)) {
		if !want[h] && h != hash {
			t.Errorf("found %x", h)
		}
		break
	}
	for n := range mail {
		namesIn(mail[:n]) // cut short anywhere
		fact.IsPageList(top[:min(n, len(top))])
	}
}
