package expression

// Fill returns x with the defaults of the schema filled in, at every depth
// that properties, items and local references reach. x is not changed; what
// needs no filling is shared with it.
func (s *Schema) Fill(x any) any {
	if s == nil || !s.hasDefaults {
		return x
	}
	f := filler{root: s.root}
	return f.fill(s.root, x, 0)
}

type filler struct{ root any }

func (f *filler) fill(schema, x any, depth int) any {
	object, ok := schema.(map[string]any)
	if !ok || depth > MaxDepth {
		return x
	}
	if ref, ok := object["$ref"].(string); ok {
		x = f.fill(resolveLocal(f.root, ref), x, depth+1)
	}
	if parts, ok := object["allOf"].([]any); ok {
		for _, part := range parts {
			x = f.fill(part, x, depth+1)
		}
	}
	switch v := x.(type) {
	case map[string]any:
		return f.fillObject(object, v, depth)
	case []any:
		return f.fillList(object, v, depth)
	}
	return x
}

func (f *filler) fillObject(schema, object map[string]any, depth int) any {
	properties, _ := schema["properties"].(map[string]any)
	filled := object
	for _, name := range sortedNames(properties) {
		before, present := object[name]
		after, has := before, present
		if !present {
			after, has = f.defaultOf(properties[name])
		}
		if !has {
			continue
		}
		after = f.fill(properties[name], after, depth+1)
		if present && same(before, after) {
			continue
		}
		if same(filled, object) {
			filled = make(map[string]any, len(object)+len(properties))
			for _, member := range sortedNames(object) {
				filled[member] = object[member]
			}
		}
		filled[name] = after
	}
	return filled
}

func (f *filler) fillList(schema map[string]any, list []any, depth int) any {
	items, ok := schema["items"]
	if !ok {
		return list
	}
	filled := list
	for i, before := range list {
		after := f.fill(items, before, depth+1)
		if same(before, after) {
			continue
		}
		if same(filled, list) {
			filled = append([]any(nil), list...)
		}
		filled[i] = after
	}
	return filled
}

// defaultOf returns the default of a schema, that of a local reference
// included.
func (f *filler) defaultOf(schema any) (any, bool) {
	s := schemaTyper{root: f.root}
	object, ok := s.follow(schema).(map[string]any)
	if !ok {
		return nil, false
	}
	value, ok := object["default"]
	return value, ok
}
