package expression

import (
	"html"
	"net/url"
	"strconv"
	"strings"
)

// transform is a function of one text that yields a text.
func transform(name, wdl, summary string, f func(string) (string, error), examples ...Example) *function {
	return &function{
		name: name, params: []param{{name: "text", takes: aText}}, result: stringType, wdl: wdl, summary: summary, examples: examples,
		call: func(_ *evaluation, a []any) (any, error) {
			text, err := f(a[0].(string))
			if err != nil {
				return nil, failf("%s(): %v", name, err)
			}
			return text, nil
		},
	}
}

func certain(f func(string) string) func(string) (string, error) {
	return func(s string) (string, error) { return f(s), nil }
}

var escapeFunctions = []*function{
	{
		name: "urlEncode", params: []param{{name: "text", takes: aScalar}}, result: stringType, wdl: "uriComponent",
		summary:  "The text, number or boolean as a part of a URL's path or query; a blank becomes %20.",
		examples: []Example{{`urlEncode("a b/c")`, `"a%20b%2Fc"`}},
		call: func(_ *evaluation, a []any) (any, error) {
			text, err := textOf(a[0])
			if err != nil {
				return nil, failf("urlEncode(): %v", err)
			}
			return strings.ReplaceAll(url.QueryEscape(text), "+", "%20"), nil
		},
	},
	transform("urlDecode", "uriComponentToString", "The text that a part of a URL's path or query stands for; a plus sign stays one.",
		func(s string) (string, error) {
			text, err := url.PathUnescape(s)
			if err != nil {
				return "", errURLEscape
			}
			return validText(text)
		}, Example{`urlDecode("a%20b%2Fc")`, `"a b/c"`}),
	{
		name: "parseUrl", weight: 20, params: []param{{name: "text", takes: aText}}, wdl: "uriHost",
		result: &Type{Kind: TypeObject, Fields: []Field{
			{Name: "scheme", Type: stringType},
			{Name: "host", Type: stringType},
			{Name: "port", Type: intType.withNull()},
			{Name: "path", Type: stringType},
			{Name: "query", Type: &Type{Kind: TypeObject, Open: true, Elem: stringType}},
			{Name: "fragment", Type: stringType},
		}},
		summary: "The parts of a URL: scheme, host, port (null when it is not there), path, query (of a name that comes twice the first one) and fragment.",
		examples: []Example{
			{`parseUrl("https://shop.example:8443/a/b?x=1&y=2#z")`, `{"fragment":"z","host":"shop.example","path":"/a/b","port":8443,"query":{"x":"1","y":"2"},"scheme":"https"}`},
		},
		call: parseURL,
	},
	transform("htmlEscape", "encodeXmlValue", `The text with < > & ' and " escaped, as it may stand in HTML and XML, in attributes too.`, certain(html.EscapeString),
		Example{`htmlEscape("<b>&</b>")`, `"&lt;b&gt;&amp;&lt;/b&gt;"`}),
	transform("htmlUnescape", "decodeXmlValue", "The text with the entities of HTML replaced by what they stand for.", certain(html.UnescapeString),
		Example{`htmlUnescape("&lt;&auml;&#39;")`, `"<ä'"`}),
}

func parseURL(_ *evaluation, a []any) (any, error) {
	u, err := url.Parse(a[0].(string))
	if err != nil {
		return nil, failf("parseUrl(): the text is no URL") // which may hold a password
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, failf("parseUrl(): the query is not valid")
	}
	values := make(map[string]any, len(query))
	for name, all := range query { // order does not show: a map is made of a map
		if values[name], err = validText(all[0]); err != nil {
			return nil, failf("parseUrl(): %v", err)
		}
	}
	parts := map[string]any{
		"scheme": u.Scheme, "host": u.Hostname(), "port": nil, "path": u.EscapedPath(), "query": values, "fragment": u.Fragment,
	}
	if port := u.Port(); port != "" {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return nil, failf("parseUrl(): the port %s is not valid", describeKey(port))
		}
		parts["port"] = int(n)
	}
	return parts, nil
}
