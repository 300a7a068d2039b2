package boltlog

import (
	"encoding/binary"
)

var stateKey = []byte("position")

// position is where the log stands. Every transaction writes it with its own
// number, so a page of another time is not taken for the root of this one.
type position struct {
	txid   uint64
	number uint64 // of the last journal entry
	chain  hash   // over all commits
	floor  uint64 // journal entries below it are no longer needed
}

func (p *position) encode() []byte {
	b := binary.BigEndian.AppendUint64([]byte{format}, p.txid)
	b = binary.BigEndian.AppendUint64(b, p.number)
	b = binary.BigEndian.AppendUint64(b, p.floor)
	return seal(append(b, p.chain[:]...))
}

func decodePosition(b []byte) (p position, err error) {
	if err := upgradable(b); err != nil {
		return p, err
	}
	body, ok := unseal(b)
	d := decoder{b: body}
	if !ok || d.byte() != format {
		return p, corrupt("", 0, "the log's position is damaged")
	}
	p.txid, p.number, p.floor = d.uint64(), d.uint64(), d.uint64()
	p.chain = d.hash()
	if !d.done() {
		return p, corrupt("", 0, "the log's position is damaged")
	}
	return p, nil
}
