package books_test

import (
	"testing"
	"time"

	"github.com/keelstep/keelstep/pkg/books"
	"github.com/keelstep/keelstep/pkg/fact"
)

// The newest entries are at hand, whatever came before; the end of one that is
// not changes nothing.
func TestAuditBound(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, n := range []int{0, books.MaxAudited - 1, books.MaxAudited, books.MaxAudited + 1, 2*books.MaxAudited - 1, 2 * books.MaxAudited, 2*books.MaxAudited + 1} {
		live, folded := books.NewAudit(), books.NewAudit()
		record := func(f fact.Fact) fact.Event {
			e := live.Record(at, f)
			back, err := fact.DecodeTurn(fact.EncodeTurn([]fact.Event{e}), books.AuditFacts)
			if err == nil {
				err = folded.Apply(back[0])
			}
			if err != nil {
				t.Fatal(err)
			}
			return e
		}
		for i := range n {
			began := record(&books.DropBegan{By: "me"})
			record(&books.DropEnded{Began: began.Seq, Runs: i})
		}
		record(&books.DropEnded{Began: 1, Runs: -1})
		got, want := folded.Entries(), min(n, books.MaxAudited)
		if len(got) != want || len(live.Entries()) != want {
			t.Fatalf("of %d entries %d are there, and %d in the one that was folded", n, len(live.Entries()), len(got))
		}
		if want > 0 && n > books.MaxAudited && (got[0].Runs != n-1 || got[want-1].Runs != n-want) {
			t.Errorf("of %d entries those from %d to %d are there", n, got[want-1].Runs, got[0].Runs)
		}
	}
	if err := books.NewAudit().Apply(fact.Event{Seq: 2, Fact: &books.DropBegan{}}); err == nil {
		t.Error("an event that does not follow is applied")
	}
	if err := books.NewAudit().Apply(fact.Event{Seq: 1, Fact: &books.Activated{}}); err == nil {
		t.Error("a fact of another book is applied")
	}
}
