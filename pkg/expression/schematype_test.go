package expression

import (
	"strings"
	"testing"
)

// What a schema says of its values is known to the expressions that read them,
// and nothing that it allows is refused.
func TestTypesOfSchemas(t *testing.T) {
	const item = `"$defs":{"item":{"type":"object","required":["sku"],"properties":{"sku":{"type":"string"},"qty":{"type":"integer"}}}}`
	for _, c := range []struct{ schema, source, want string }{
		{`{"properties":{"a":{"type":"string"}}}`, `input.a + "x"`, "E406"},
		{`{"required":["a"],"properties":{"a":{"type":"string"}}}`, `input.a + "x"`, ""},
		{`{"properties":{"a":{"type":"string","default":"x"}}}`, `input.a + "x"`, ""},
		{`{"required":["a"],"properties":{"a":{"type":["string","null"]}}}`, `input.a + "x"`, "E406"},
		{`{"required":["a"],"properties":{"a":{"type":["array","null"],"items":{"type":"integer"}}}}`, `sum(input.a ?? [])`, ""},
		{`{"required":["a"],"properties":{"a":{"type":["array","null"],"items":{"type":"string"}}}}`, `sum(input.a ?? [])`, "E409"},
		{`{"required":["a"],"properties":{"a":{"anyOf":[{"type":"string"},{"type":"null"}]}}}`, `upper(input.a)`, "E406"},
		{`{"required":["a"],"properties":{"a":{"anyOf":[{"type":"string"},{"type":"null"}]}}}`, `upper(input.a ?? "")`, ""},
		{`{"required":["a"],"properties":{"a":{"oneOf":[{"type":"string"},{"type":"integer"}]}}}`, `upper(input.a)`, ""},
		{`{"required":["a"],"properties":{"a":{"enum":["x","y",null]}}}`, `input.a == "z"`, "E405"},
		{`{"required":["a"],"properties":{"a":{"enum":["x","y",null]}}}`, `upper(input.a)`, "E406"},
		{`{"required":["a"],"properties":{"a":{"enum":[1,2]}}}`, `input.a + 1`, ""},
		{`{"required":["a"],"properties":{"a":{"const":"x"}}}`, `input.a == "y"`, "E405"},
		{`{"required":["a"],"properties":{"a":{"const":null}}}`, `input.a + 1`, "E406"},
		{`{"required":["a"],"properties":{"a":{"type":"string","format":"date-time"}}}`, `date(input.a) < now()`, ""},
		{`{"required":["a"],"properties":{"a":{"type":"string","format":"date-time"}}}`, `input.a < now()`, "E404"},
		{`{"required":["a"],"properties":{"a":{"$ref":"#/$defs/item"}},` + item + `}`, `input.a.sku + "x"`, ""},
		{`{"required":["a"],"properties":{"a":{"$ref":"#/$defs/item"}},` + item + `}`, `input.a.skv`, "E403"},
		{`{"required":["a"],"properties":{"a":{"$ref":"#/$defs/item","required":["qty"]}},` + item + `}`, `input.a.qty + 1`, ""},
		{`{"required":["a"],"properties":{"a":{"$ref":"#/$defs/item","properties":{"note":{"type":"string"}}}},` + item + `}`, `input.a.note ?? input.a.sku`, ""},
		{`{"required":["a"],"properties":{"a":{"$ref":"#/$defs/item","description":"x"}},` + item + `}`, `input.a.qty + 1`, "E406"},
		{`{"required":["a"],"properties":{"a":{"allOf":[{"$ref":"#/$defs/item"},{"required":["qty"]}]}},` + item + `}`, `input.a.qty + 1`, ""},
		{`{"required":["a"],"properties":{"a":{"allOf":[{"$ref":"#/$defs/item"},{"properties":{"note":{"type":"string"}}}]}},` + item + `}`, `input.a.note`, ""},
		{`{"properties":{"a":{"type":"string"}},"allOf":[{"required":["a"]}]}`, `upper(input.a)`, ""},
		{`{"properties":{"a":{"type":"string"},"b":{"type":"string"}},"anyOf":[{"required":["a"]},{"required":["b"]}]}`, `input.a ?? input.b ?? ""`, ""},
		{`{"properties":{"a":{"type":"string"},"b":{"type":"string"}},"anyOf":[{"required":["a"]},{"required":["b"]}]}`, `upper(input.a)`, "E406"},
		{`{"type":"object","required":["a","b"],"properties":{"a":{"type":"string"}}}`, `input.b`, ""},
		{`{"type":"object","required":["b"]}`, `input.b`, ""},
		{`{"type":"object"}`, `input.anything`, ""},
		{`{"type":"object","additionalProperties":false}`, `input.anything`, "E403"},
		{`{"type":"object","additionalProperties":{"type":"integer"}}`, `(input.n ?? 0) + 1`, ""},
		{`{"type":"object","additionalProperties":{"type":"integer"}}`, `input.n + 1`, "E406"},
		{`{"type":"object","additionalProperties":{"type":"integer"}}`, `sum(values(input))`, ""},
		{`{"type":"object","patternProperties":{"^x-":{"type":"string"}}}`, `upper(input["x-a"] ?? "")`, ""},
		{`{"type":"object","patternProperties":{"^x-":{"type":"string"}},"additionalProperties":false}`, `upper(input["x-a"] ?? "")`, ""},
		{`{"type":"object","properties":{"a":{"type":"string"}},"patternProperties":{"^x-":{"type":"integer"}},"additionalProperties":false}`, `(input["x-a"] ?? 0) + 1`, ""},
		{`{"required":["p"],"properties":{"p":{"type":"array","prefixItems":[{"type":"number"},{"type":"string"}],"items":false}}}`, `input.p[0]`, ""},
		{`{"required":["p"],"properties":{"p":{"type":"array","items":{"type":"array","items":{"type":"integer"}}}}}`, `sum(flatten(input.p))`, ""},
		{`{"required":["p"],"properties":{"p":{"type":"array","items":{"type":"array","items":{"type":"integer"}}}}}`, `sum(map(input.p, .x))`, "E403"},
		{`true`, `input.a.b`, ""},
		{`{"type":"string"}`, `input.a`, "E403"},
		{`{"type":"object","properties":{"next":{"$ref":"#"},"n":{"type":"integer","default":0}}}`, `input.next?.next?.n ?? input.n`, ""},
		{`{"type":"object","properties":{"next":{"$ref":"#"},"n":{"type":"integer","default":0}}}`, `input.next?.next?.m`, "E403"},
		{`{"if":{"properties":{"k":{"const":"c"}}},"then":{"properties":{"card":{"type":"string"}}},"required":["k"],"properties":{"k":{"enum":["c","b"]}}}`, `input.card ?? ""`, ""},
		{`{"oneOf":[{"type":"object","required":["k","card"],"properties":{"k":{"const":"c"},"card":{"type":"string"}}},{"type":"object","required":["k","iban"],"properties":{"k":{"const":"b"},"iban":{"type":"string"}}}]}`, `input.k == "c" ? input.card ?? "" : input.iban ?? ""`, ""},
		{`{"oneOf":[{"type":"object","required":["k"],"properties":{"k":{"const":"c"}}},{"type":"object","required":["k"],"properties":{"k":{"const":"b"}}}]}`, `input.k == "d"`, "E405"},
	} {
		if _, err := CompileSchema([]byte(c.schema)); err != nil {
			t.Errorf("%s: %v", c.schema, err)
			continue
		}
		_, _, problems := Compile(c.source, &Scope{Names: map[string]Name{"input": {Type: TypeOfSchema([]byte(c.schema))}}})
		var got []string
		for _, p := range problems {
			got = append(got, p.Code)
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("%s over %s: %v, want %q", c.source, c.schema, problems, c.want)
		}
	}
}
