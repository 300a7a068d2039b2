package wdlexpr

// objectFunctions work on the properties of objects, and on JSON and XML.
var objectFunctions = []*function{
	{
		name: "addProperty", params: []param{{name: "object", takes: kindObject}, {name: "name", takes: kindString}, {name: "value"}}, result: "object",
		summary:  "The object with a further property behind all others. It is an error when there is one of that name, in whatever case.",
		examples: []Example{{"@addProperty(json('{\"a\": 1}'), 'b', 2)", `{"a":1,"b":2}`}},
		call: func(_ *machine, a []Value) (Value, error) {
			o, name := a[0].(*Object), a[1].(string)
			if i := o.place(name); i >= 0 {
				return nil, failf("expects property to not exist in the object, but the property already exists as %s: use setProperty() to change it", quote(o.names[i]))
			}
			return o.with(-1, name, a[2]), nil
		},
	},
	{
		name: "setProperty", params: []param{{name: "object", takes: kindObject}, {name: "name", takes: kindString}, {name: "value"}}, result: "object",
		summary:  "The object with the property changed or added. It stands behind all others; one whose name differs in case keeps its name.",
		examples: []Example{{"@setProperty(json('{\"a\": 1, \"b\": 2}'), 'A', 3)", `{"b":2,"a":3}`}},
		call: func(_ *machine, a []Value) (Value, error) {
			o, name := a[0].(*Object), a[1].(string)
			i := o.place(name)
			if i >= 0 {
				name = o.names[i]
			}
			return o.with(i, name, a[2]), nil
		},
	},
	{
		name: "removeProperty", params: []param{{name: "object", takes: kindObject}, {name: "name", takes: kindString}}, result: "object",
		summary:  "The object without a property; the same one when there is none of that name.",
		examples: []Example{{"@removeProperty(json('{\"a\": 1, \"b\": 2}'), 'A')", `{"b":2}`}, {"@removeProperty(json('{\"a\": 1}'), 'x')", `{"a":1}`}},
		call: func(_ *machine, a []Value) (Value, error) {
			o := a[0].(*Object)
			if i := o.place(a[1].(string)); i >= 0 {
				return o.without(i), nil
			}
			return o, nil
		},
	},
	{
		name: "mergeObjects", params: []param{{name: "a", takes: kindObject}, {name: "b", takes: kindObject}}, result: "object",
		summary:  "The properties of both objects; of those that both have, the values of b.",
		examples: []Example{{"@mergeObjects(json('{\"a\": 1}'), json('{\"a\": 2, \"b\": 3}'))", `{"a":2,"b":3}`}},
		call:     func(m *machine, a []Value) (Value, error) { return m.merge(a) },
	},
	{
		name: "json", params: []param{{name: "value", takes: kindString | kindObject | kindNull}}, result: "any",
		summary:  "The value of JSON, out of a text or content; or the object of XML: attributes are @name, texts beside elements #text, elements that come again an array.",
		examples: []Example{{"@json('[1, \"a\"]')", `[1,"a"]`}, {"@json(xml('<a x=\"1\"><b>2</b></a>'))", `{"a":{"@x":"1","b":"2"}}`}},
		call:     callJSON,
	},
	{
		name: "xml", params: []param{{name: "value", takes: kindString | kindObject}}, result: "XML",
		summary:  "XML out of a text or of an object with one property, as content. White space between elements goes.",
		examples: []Example{{"@{xml(json('{\"a\": {\"@x\": 1, \"b\": [2, null]}}'))}", `"<a x=\"1\"><b>2</b><b /></a>"`}},
		call:     callXML,
	},
	{
		name: "xpath", params: []param{{name: "xml", takes: kindObject, wants: "be an XML object"}, {name: "path", takes: kindString}}, result: "any",
		summary:  "What a path of XPath 1.0 yields: an array of the nodes (texts as strings, all others as XML), a float, a string or a boolean.",
		examples: []Example{{"@xpath(xml('<a><b>1</b><b>2</b></a>'), '/a/b/text()')", `["1","2"]`}, {"@xpath(xml('<a><b>1</b><b>2</b></a>'), 'sum(/a/b)')", "3.0"}},
		call:     callXPath,
	},
	{
		name: "encodeXmlValue", params: []param{{name: "value", takes: kindString}}, result: "string",
		summary:  "A text as it stands in XML.",
		examples: []Example{{"@encodeXmlValue('a<b')", `"a&lt;b"`}},
		call:     func(_ *machine, a []Value) (Value, error) { return escapeXMLValue(a[0].(string)), nil },
	},
	{
		name: "decodeXmlValue", params: []param{{name: "value", takes: kindString}}, result: "string",
		summary:  "The text that escaped text of XML stands for.",
		examples: []Example{{"@decodeXmlValue('a&lt;b')", `"a<b"`}},
		call:     func(_ *machine, a []Value) (Value, error) { return boxed(unescapeXML(a[0].(string))) },
	},
	{
		name: "encodeXmlName", params: []param{{name: "name", takes: kindString}}, result: "string",
		summary:  "A name as XML allows it: other characters are written _xHHHH_.",
		examples: []Example{{"@encodeXmlName('a b')", `"a_x0020_b"`}},
		call:     func(_ *machine, a []Value) (Value, error) { return encodeXMLName(a[0].(string)), nil },
	},
	{
		name: "decodeXmlName", params: []param{{name: "name", takes: kindString}}, result: "string",
		summary:  "The name that one with _xHHHH_ stands for.",
		examples: []Example{{"@decodeXmlName('a_x0020_b')", `"a b"`}},
		call:     func(_ *machine, a []Value) (Value, error) { return decodeXMLName(a[0].(string)), nil },
	},
}
