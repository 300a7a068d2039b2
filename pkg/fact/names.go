package fact

import (
	"bytes"
	"encoding/hex"
	"iter"

	"github.com/keelstep/keelstep/pkg/expression"
)

// refHead is what stands before the hash of a stored value, wherever it is
// written: its mark, and the tag and the length of the hash. JSON holds no such
// bytes.
var refHead = []byte{1, 1, byte(len(expression.Hash{}))}

// Names yields the hash of every stored value in b: a turn, a message, a state,
// or bytes around one. When b is the list of a stored value's pages it yields
// theirs. It may yield hashes of nothing too, for it does not decode b.
func Names(b []byte) iter.Seq[[32]byte] {
	return func(yield func([32]byte) bool) {
		if IsPageList(b) && !eachPage(b, yield) {
			return
		}
		for {
			i := bytes.Index(b, refHead)
			if i < 0 || len(b) < i+len(refHead)+len(expression.Hash{}) {
				return
			}
			if !yield([32]byte(b[i+len(refHead):])) {
				return
			}
			b = b[i+1:]
		}
	}
}

// pageName is how many bytes one page takes in the list of them: its hash in
// hex, quotes and what separates it from the next.
const pageName = 2*len(expression.Hash{}) + 3

// IsPageList reports whether a stored value that begins with these bytes may be
// the list of another's pages.
func IsPageList(head []byte) bool {
	if len(head) < pageName || head[0] != '[' || head[1] != '"' || head[pageName-1] != '"' {
		return false
	}
	var h [32]byte
	_, err := hex.Decode(h[:], head[2:pageName-1])
	return err == nil
}

func eachPage(b []byte, yield func([32]byte) bool) bool {
	for b = b[1:]; len(b) >= pageName; b = b[pageName:] {
		var h [32]byte
		if _, err := hex.Decode(h[:], b[1:pageName-2]); err == nil && !yield(h) {
			return false
		}
	}
	return true
}
