package expression

import (
	"bytes"
	"errors"
	"fmt"
)

// errPages tells that stored bytes are not those that were stored.
var errPages = errors.New("the stored pages of a list are damaged")

// Decode returns the decoded JSON of a recorded value: nil, bool, int, float64,
// string, []any, map[string]any, Sealed, and json.Number for a number that
// neither int nor float64 can hold. An absent value decodes to nil. When bytes are
// not at hand the error is a *Lack that names all of them.
func Decode(v Value, fetch Fetch) (any, error) {
	ref := v.Ref()
	if ref == nil || !ref.Paged {
		b, err := Bytes(v, fetch)
		if err != nil {
			return nil, err
		}
		return decodeRecorded(b)
	}
	pages, err := pageHashes(ref, fetch)
	if err != nil {
		return nil, err
	}
	parts, err := fetchAll(pages, fetch)
	if err != nil {
		return nil, err
	}
	list := make([]any, 0, min(ref.Length, len(pages)*PageLen))
	for _, part := range parts {
		page, err := decodePage(part)
		if err != nil {
			return nil, err
		}
		list = append(list, page...)
	}
	if len(list) != ref.Length {
		return nil, errPages
	}
	return list, nil
}

// Bytes returns the whole JSON of a recorded value, "null" for an absent one.
// The caller must not change it.
func Bytes(v Value, fetch Fetch) ([]byte, error) {
	ref := v.Ref()
	switch {
	case ref == nil && v.Inline() == nil:
		return []byte("null"), nil
	case ref == nil:
		return v.Inline(), nil
	case !ref.Paged:
		parts, err := fetchAll([]Hash{ref.Hash}, fetch)
		if err != nil {
			return nil, err
		}
		return parts[0], nil
	}
	pages, err := pageHashes(ref, fetch)
	if err != nil {
		return nil, err
	}
	parts, err := fetchAll(pages, fetch)
	if err != nil {
		return nil, err
	}
	size := 2
	for _, part := range parts {
		size += len(part)
	}
	whole := append(make([]byte, 0, size), '[')
	for i, part := range parts {
		if len(part) < 2 || part[0] != '[' || part[len(part)-1] != ']' {
			return nil, errPages
		}
		if i > 0 {
			whole = append(whole, ',')
		}
		whole = append(whole, part[1:len(part)-1]...)
	}
	return append(whole, ']'), nil
}

// PageOf returns the decoded elements of the page of a recorded list that
// element i stands in, and the position of the first of them. A list that is
// not paged is one page.
func PageOf(v Value, i int, fetch Fetch) (first int, elems []any, err error) {
	n, err := Len(v, fetch)
	if err != nil {
		return 0, nil, err
	}
	if i < 0 || i >= n {
		return 0, nil, fmt.Errorf("element %d of a list of %d", i, n)
	}
	ref := v.Ref()
	if ref == nil || !ref.Paged {
		b, err := Bytes(v, fetch)
		if err != nil {
			return 0, nil, err
		}
		elems, err = decodePage(b)
		if err == nil && len(elems) != n {
			err = errPages
		}
		return 0, elems, err
	}
	pages, err := pageHashes(ref, fetch)
	if err != nil {
		return 0, nil, err
	}
	page := i / PageLen
	parts, err := fetchAll(pages[page:page+1], fetch)
	if err != nil {
		return 0, nil, err
	}
	first = page * PageLen
	elems, err = decodePage(parts[0])
	if err == nil && len(elems) != min(PageLen, ref.Length-first) {
		err = errPages
	}
	return first, elems, err
}

// Len returns the number of elements of a recorded list. It is an error when
// the value is no list.
func Len(v Value, fetch Fetch) (int, error) {
	if ref := v.Ref(); ref != nil {
		if ref.Kind != KindList {
			return 0, fmt.Errorf("a list is needed, got %s", ref.Kind)
		}
		return ref.Length, nil
	}
	b, err := Bytes(v, fetch)
	if err != nil {
		return 0, err
	}
	kind, n := shapeOf(b)
	if kind != KindList {
		return 0, fmt.Errorf("a list is needed, got %s", kind)
	}
	return n, nil
}

// KindOf returns the kind of a recorded value without decoding it.
func KindOf(v Value) Kind {
	if ref := v.Ref(); ref != nil {
		return ref.Kind
	}
	kind, _ := shapeOf(v.Inline())
	return kind
}

// pageHashes returns the hashes of the pages of a paged list.
func pageHashes(ref *Ref, fetch Fetch) ([]Hash, error) {
	parts, err := fetchAll([]Hash{ref.Hash}, fetch)
	if err != nil {
		return nil, err
	}
	var hashes []Hash
	eachElement(parts[0], func(elem []byte) bool {
		var h Hash
		h, err = ParseHash(string(bytes.Trim(elem, `"`)))
		hashes = append(hashes, h)
		return err == nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the pages of %s: %w", ref.Hash, err)
	}
	if len(hashes) != (ref.Length+PageLen-1)/PageLen {
		return nil, errPages
	}
	return hashes, nil
}

// fetchAll returns the bytes of all hashes, or a *Lack that names each that
// is not at hand.
func fetchAll(hashes []Hash, fetch Fetch) ([][]byte, error) {
	parts := make([][]byte, len(hashes))
	var lack []Hash
	for i, h := range hashes {
		if fetch != nil {
			if b, ok := fetch(h); ok {
				parts[i] = b
				continue
			}
		}
		lack = append(lack, h)
	}
	if lack != nil {
		return nil, &Lack{Hashes: lack}
	}
	return parts, nil
}

// decodePage decodes a stored page.
func decodePage(b []byte) ([]any, error) {
	x, err := decodeRecorded(b)
	if err != nil {
		return nil, err
	}
	list, ok := x.([]any)
	if !ok {
		return nil, errPages
	}
	return list, nil
}
