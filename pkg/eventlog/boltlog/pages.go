package boltlog

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
)

// pages reads the pages of a bbolt file without bbolt: every page at most once,
// every length against its bounds. So no damage makes it panic or go round in
// circles, as a cursor may.
type pages struct {
	file io.ReaderAt
	head header
	seen []uint64 // a bit for each page that was reached
	keys bool     // values are not read, and keys only until f returns
	read uint64   // pages read so far
	kept []kept   // where only keys are read: what the pages of each depth are read into
	// damaged hears of each page that cannot be used; what it holds is left
	// out. An error from it ends the walk.
	damaged func(page uint64, reason string) error
}

func newPages(file io.ReaderAt, h header, damaged func(uint64, string) error) *pages {
	return &pages{file: file, head: h, seen: make([]uint64, h.pages/64+1), damaged: damaged}
}

// kept is the memory of a page that is used again.
type kept struct {
	buf      []byte
	elements []element
}

// element is one row of a page.
type element struct {
	key, value []byte // value nil where only keys are read
	child      uint64 // of a branch
	bucket     bool   // the value is a bucket's root
}

// page is one page and those that overflow from it.
type page struct {
	id       uint64
	branch   bool
	elements []element
}

const (
	branchFlag  = 1
	leafFlag    = 2
	bucketFlag  = 1
	elementSize = 16
	maxDepth    = 64
)

// memory returns what a page of this depth is read into.
func (p *pages) memory(depth int) *kept {
	if !p.keys {
		return &kept{buf: make([]byte, p.head.pageSize)}
	}
	for len(p.kept) <= depth {
		p.kept = append(p.kept, kept{buf: make([]byte, p.head.pageSize)})
	}
	return &p.kept[depth]
}

// load reads a page. Its reason is empty when the page is sound.
func (p *pages) load(id uint64, depth int) (pg page, reason string) {
	if id < 2 || id >= p.head.pages {
		return pg, "it is outside of the file"
	}
	m := p.memory(depth)
	buf := m.buf
	if _, err := p.file.ReadAt(buf, int64(id*p.head.pageSize)); err != nil {
		return pg, fmt.Sprintf("it cannot be read: %v", err)
	}
	p.read++
	e := binary.NativeEndian
	overflow := uint64(e.Uint32(buf[12:]))
	if e.Uint64(buf) != id {
		return pg, "it is another page"
	}
	if overflow >= p.head.pages-id {
		return pg, "it overflows the file"
	}
	for i := id; i <= id+overflow; i++ {
		if p.seen[i/64]&(1<<(i%64)) != 0 {
			return pg, "it is part of two things"
		}
		p.seen[i/64] |= 1 << (i % 64)
	}
	if overflow > 0 && !p.keys {
		rest := make([]byte, overflow*p.head.pageSize)
		if _, err := p.file.ReadAt(rest, int64((id+1)*p.head.pageSize)); err != nil {
			return pg, fmt.Sprintf("it cannot be read: %v", err)
		}
		p.read += overflow
		buf = append(buf, rest...)
	}
	bytesAt := func(off, n uint64) ([]byte, bool) {
		if off+n > (overflow+1)*p.head.pageSize {
			return nil, false
		}
		if off+n <= uint64(len(buf)) {
			return buf[off : off+n : off+n], true
		}
		b := make([]byte, n)
		_, err := p.file.ReadAt(b, int64(id*p.head.pageSize+off))
		return b, err == nil
	}
	pg, reason = parsePage(id, buf, m.elements, p.keys, bytesAt)
	m.elements = pg.elements[:0]
	return pg, reason
}

// parsePage reads the elements of a page, into those given if they are enough;
// bytesAt yields what lies at a place of it.
func parsePage(id uint64, buf []byte, elements []element, keys bool, bytesAt func(off, n uint64) ([]byte, bool)) (pg page, reason string) {
	e := binary.NativeEndian
	flags, count := e.Uint16(buf[8:]), uint64(e.Uint16(buf[10:]))
	if flags != branchFlag && flags != leafFlag {
		return pg, "it is of no known kind"
	}
	pg = page{id: id, branch: flags == branchFlag}
	if pageHeaderSize+count*elementSize > uint64(len(buf)) && !keys {
		return pg, "it has more elements than bytes"
	}
	if pg.branch && count == 0 {
		return pg, "it is a branch without children"
	}
	pg.elements = slices.Grow(elements[:0], int(count))
	for i := range count {
		off := pageHeaderSize + i*elementSize
		b, ok := bytesAt(off, elementSize)
		if !ok {
			return pg, "it has more elements than bytes"
		}
		el, ok := parseElement(b, off, pg.branch, keys, bytesAt)
		if !ok || len(el.key) == 0 {
			return pg, fmt.Sprintf("element %d lies outside of it", i)
		}
		if i > 0 && bytes.Compare(pg.elements[i-1].key, el.key) >= 0 {
			return pg, fmt.Sprintf("element %d is out of order", i)
		}
		pg.elements = append(pg.elements, el)
	}
	return pg, ""
}

func parseElement(b []byte, off uint64, branch, keys bool, bytesAt func(off, n uint64) ([]byte, bool)) (el element, ok bool) {
	e := binary.NativeEndian
	if branch {
		el.child = e.Uint64(b[8:])
		el.key, ok = bytesAt(off+uint64(e.Uint32(b)), uint64(e.Uint32(b[4:])))
		return el, ok
	}
	flags, pos := e.Uint32(b), uint64(e.Uint32(b[4:]))
	ksize, vsize := uint64(e.Uint32(b[8:])), uint64(e.Uint32(b[12:]))
	if flags > bucketFlag {
		return el, false
	}
	el.bucket = flags == bucketFlag
	if el.key, ok = bytesAt(off+pos, ksize); !ok {
		return el, false
	}
	if !keys || el.bucket {
		el.value, ok = bytesAt(off+pos+ksize, vsize)
		return el, ok
	}
	// The value's place is checked, its bytes are left where they are.
	_, ok = bytesAt(off+pos+ksize+vsize, 0)
	return el, ok
}

// walk calls f with every leaf element below a page whose keys belong between
// low and high (nil: no bound), in order.
func (p *pages) walk(id uint64, low, high []byte, depth int, f func(element) error) error {
	if depth > maxDepth {
		return p.damaged(id, "the tree is too deep")
	}
	pg, reason := p.load(id, depth)
	if reason == "" && !pg.within(low, high) {
		reason = "its keys belong elsewhere"
	}
	if reason != "" {
		return p.damaged(id, reason)
	}
	for i, el := range pg.elements {
		var err error
		if pg.branch {
			upper := high
			if i+1 < len(pg.elements) {
				upper = pg.elements[i+1].key
			}
			err = p.walk(el.child, el.key, upper, depth+1, f)
		} else {
			err = f(el)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (pg *page) within(low, high []byte) bool {
	if len(pg.elements) == 0 {
		return true
	}
	first, last := pg.elements[0].key, pg.elements[len(pg.elements)-1].key
	return (low == nil || bytes.Compare(first, low) >= 0) &&
		(high == nil || bytes.Compare(last, high) < 0)
}

// bucket is a top-level bucket as the root page has it.
type bucket struct {
	name   string
	root   uint64 // 0: inline
	inline page
}

// buckets returns the file's buckets in order of their names.
func (p *pages) buckets() (bs []bucket, err error) {
	err = p.walk(p.head.root, nil, nil, 0, func(el element) error {
		if !el.bucket || len(el.value) < 16 {
			return p.damaged(p.head.root, fmt.Sprintf("%q is no bucket", el.key))
		}
		b := bucket{name: string(el.key), root: binary.NativeEndian.Uint64(el.value)}
		if b.root == 0 {
			buf := bytes.Clone(el.value[16:])
			reason := "an inline bucket is too short"
			if len(buf) >= pageHeaderSize {
				b.inline, reason = parsePage(0, buf, nil, false, func(off, n uint64) ([]byte, bool) {
					if off+n > uint64(len(buf)) {
						return nil, false
					}
					return buf[off : off+n], true
				})
			}
			if reason != "" || b.inline.branch {
				return p.damaged(p.head.root, fmt.Sprintf("bucket %q: %s", el.key, reason))
			}
		}
		bs = append(bs, b)
		return nil
	})
	return bs, err
}

// rows calls f with every key and value of a bucket, in order.
func (p *pages) rows(b bucket, f func(key, value []byte) error) error {
	row := func(el element) error {
		if el.bucket {
			return p.damaged(b.root, fmt.Sprintf("%q is a bucket within %q", el.key, b.name))
		}
		return f(el.key, el.value)
	}
	if b.root != 0 {
		return p.walk(b.root, nil, nil, 0, row)
	}
	for _, el := range b.inline.elements {
		if err := row(el); err != nil {
			return err
		}
	}
	return nil
}
