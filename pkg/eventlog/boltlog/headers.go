package boltlog

import (
	"encoding/binary"
	"errors"
	"hash/fnv"
	"io"
)

// header is what this package needs of a bbolt meta page. bbolt writes numbers
// in the byte order of the machine.
type header struct {
	pageSize uint64
	root     uint64 // page of the root bucket
	pages    uint64 // pages at and above it were never used
	txid     uint64
}

// The places of a meta page, from the page's beginning.
const (
	pageHeaderSize = 16
	metaSize       = 64
	boltMagic      = 0xED0CDAED
	boltVersion    = 2
)

// headers is both meta pages; one that is damaged is nil.
type headers struct{ both [2]*header }

// newest returns the header that bbolt goes by.
func (h *headers) newest() *header {
	a, b := h.both[0], h.both[1]
	if a == nil || b != nil && b.txid > a.txid {
		return b
	}
	return a
}

// intact reports whether both headers are there and of two transactions in a
// row, as bbolt leaves them.
func (h *headers) intact() bool {
	a, b := h.both[0], h.both[1]
	return a != nil && b != nil && (a.txid+1 == b.txid || b.txid+1 == a.txid)
}

var errNoHeader = errors.New("both headers of the file are damaged, or it is no log at all")

// readHeaders reads the two meta pages of a bbolt file.
func readHeaders(r io.ReaderAt) (hs headers, err error) {
	hs.both[0] = readHeader(r, 0)
	if h := hs.both[0]; h != nil {
		hs.both[1] = readHeader(r, int64(h.pageSize))
		return hs, nil
	}
	for size := int64(1024); size <= 1<<24; size <<= 1 {
		if h := readHeader(r, size); h != nil && h.pageSize == uint64(size) {
			hs.both[1] = h
			return hs, nil
		}
	}
	return hs, errNoHeader
}

// readHeader returns nil when there is no sound meta page at off.
func readHeader(r io.ReaderAt, off int64) *header {
	var b [pageHeaderSize + metaSize]byte
	if _, err := r.ReadAt(b[:], off); err != nil {
		return nil
	}
	m := b[pageHeaderSize:]
	sum := fnv.New64a()
	sum.Write(m[:metaSize-8])
	e := binary.NativeEndian
	h := header{
		pageSize: uint64(e.Uint32(m[8:])),
		root:     e.Uint64(m[16:]),
		pages:    e.Uint64(m[40:]),
		txid:     e.Uint64(m[48:]),
	}
	if e.Uint32(m) != boltMagic || e.Uint32(m[4:]) != boltVersion || e.Uint64(m[56:]) != sum.Sum64() {
		return nil
	}
	if h.pageSize < 512 || h.pageSize > 1<<24 {
		return nil
	}
	return &h
}
