package wdlexpr

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

// uriFunctions take URIs apart and escape texts for them.
var uriFunctions = append([]*function{
	uriPart("uriHost", "The host of a URI.", "string", Example{"@uriHost('https://shop.example:8080/a')", `"shop.example"`},
		func(u uri) Value { return u.host }),
	uriPart("uriPath", "The path of a URI, / when it has none.", "string", Example{"@uriPath('https://shop.example/a/b?c=d')", `"/a/b"`},
		func(u uri) Value { return u.path }),
	uriPart("uriPathAndQuery", "The path and the query of a URI.", "string", Example{"@uriPathAndQuery('https://shop.example/a/b?c=d')", `"/a/b?c=d"`},
		func(u uri) Value { return u.path + u.query }),
	uriPart("uriPort", "The port of a URI, or the usual one of its scheme; -1 when it has none.", "integer", Example{"@uriPort('https://shop.example')", "443"},
		func(u uri) Value { return u.port }),
	uriPart("uriQuery", "The query of a URI with the question mark, empty when it has none.", "string", Example{"@uriQuery('https://shop.example/a?b=c')", `"?b=c"`},
		func(u uri) Value { return u.query }),
	uriPart("uriScheme", "The scheme of a URI.", "string", Example{"@uriScheme('https://shop.example')", `"https"`},
		func(u uri) Value { return u.scheme }),
	escapeFunction("uriComponent", "A text as it stands in a part of a URI."),
	escapeFunction("encodeUriComponent", "The older name of uriComponent()."),
	unescapeFunction("uriComponentToString", "The text of a part of a URI."),
	unescapeFunction("decodeUriComponent", "The older name of uriComponentToString()."),
	{
		name: "uriComponentToBinary", params: []param{{name: "text", takes: kindString}}, result: "content",
		summary:  "The bytes of the text of a part of a URI.",
		examples: []Example{{"@uriComponentToBinary('a%20b')", `{"$content-type":"application/octet-stream","$content":"YSBi"}`}},
		call: func(_ *machine, a []Value) (Value, error) {
			return wrap(octetStream, []byte(unescapeURI(a[0].(string)))), nil
		},
	},
}, dataURIFunctions...)

func uriPart(name, summary, result string, example Example, part func(uri) Value) *function {
	return &function{
		name: name, params: []param{{name: "uri", takes: kindString}}, result: result, summary: summary, examples: []Example{example},
		call: func(_ *machine, a []Value) (Value, error) {
			u, err := parseURI(a[0].(string))
			if err != nil {
				return nil, wantsf(1, "be an absolute URI such as https://shop.example/a: %v", err)
			}
			return part(u), nil
		},
	}
}

func escapeFunction(name, summary string) *function {
	return &function{
		name: name, params: []param{{name: "text", takes: kindString, rest: true}}, result: "string", summary: summary + " Several are joined.",
		examples: []Example{{"@" + name + "('https://a b')", `"https%3A%2F%2Fa%20b"`}, {"@" + name + "('a/', 'b')", `"a%2Fb"`}},
		call: func(m *machine, a []Value) (Value, error) {
			text, err := m.join(a, "")
			if err != nil {
				return nil, err
			}
			if err := m.chargeText(3 * len(text)); err != nil {
				return nil, err
			}
			return escapeURI(text), nil
		},
	}
}

func unescapeFunction(name, summary string) *function {
	return &function{
		name: name, params: []param{{name: "text", takes: kindString}}, result: "string", summary: summary,
		examples: []Example{{"@" + name + "('https%3A%2F%2Fa%20b')", `"https://a b"`}},
		call:     func(_ *machine, a []Value) (Value, error) { return unescapeURI(a[0].(string)), nil },
	}
}

const upperHex = "0123456789ABCDEF"

// escapeURI escapes all but letters, digits and - . _ ~ of a text.
func escapeURI(s string) string {
	return escapeWhere(s, func(c byte) bool {
		return !isLetter(c) && (c < '0' || c > '9') && strings.IndexByte("-._~", c) < 0
	})
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func escapeWhere(s string, escaped func(byte) bool) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; escaped(c) {
			b.WriteByte('%')
			b.WriteByte(upperHex[c>>4])
			b.WriteByte(upperHex[c&15])
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// unescapeURI replaces escapes by what they stand for. Those that stand for no
// text in UTF-8 stay.
func unescapeURI(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		run := escapedBytes(s[i:])
		if len(run) == 0 {
			b.WriteByte(s[i])
			i++
			continue
		}
		for n := 0; n < len(run); {
			r, size := utf8.DecodeRune(run[n:])
			if r == utf8.RuneError && size == 1 {
				b.WriteString(s[i+3*n : i+3*n+3])
			} else {
				b.Write(run[n : n+size])
			}
			n += size
		}
		i += 3 * len(run)
	}
	return b.String()
}

// escapedBytes returns the bytes of the escapes that s starts with.
func escapedBytes(s string) []byte {
	var run []byte
	for len(s) > 2 && s[0] == '%' {
		n, err := strconv.ParseUint(s[1:3], 16, 8)
		if err != nil {
			break
		}
		run = append(run, byte(n))
		s = s[3:]
	}
	return run
}

// uri is an absolute URI, taken apart and normalised as .NET's Uri does.
type uri struct {
	scheme, host, path, query string
	port                      int64
}

// usualPorts are the ports of schemes.
var usualPorts = map[string]int64{
	"http": 80, "https": 443, "ftp": 21, "ws": 80, "wss": 443, "gopher": 70, "nntp": 119, "telnet": 23, "ldap": 389, "mailto": 25, "net.tcp": 808,
}

func parseURI(text string) (uri, error) {
	text = strings.TrimSpace(text)
	scheme, rest, ok := strings.Cut(text, ":")
	if !ok || !isScheme(scheme) {
		return uri{}, errors.New("it has no scheme")
	}
	u := uri{scheme: strings.ToLower(scheme), port: -1}
	if port, ok := usualPorts[u.scheme]; ok {
		u.port = port
	}
	rest, _, _ = strings.Cut(rest, "#")
	authority, hasAuthority := strings.CutPrefix(rest, "//")
	if hasAuthority {
		end := strings.IndexAny(authority, "/?\\")
		if end < 0 {
			end = len(authority)
		}
		rest = authority[end:]
		if err := u.setAuthority(authority[:end]); err != nil {
			return uri{}, err
		}
	} else if u.scheme == "http" || u.scheme == "https" {
		return uri{}, errors.New("it has no host")
	}
	u.path, rest, ok = strings.Cut(rest, "?")
	if ok {
		u.query = "?" + escapeUnsafe(rest)
	}
	u.path = escapeUnsafe(strings.ReplaceAll(u.path, `\`, "/"))
	if hasAuthority {
		u.path = removeDots(u.path)
	}
	return u, nil
}

func isScheme(s string) bool {
	if s == "" || !isLetter(s[0]) {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !isLetter(c) && (c < '0' || c > '9') && strings.IndexByte("+-.", c) < 0 {
			return false
		}
	}
	return true
}

// setAuthority takes host and port.
func (u *uri) setAuthority(s string) error {
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		s = s[i+1:]
	}
	host, port := s, ""
	if i := strings.LastIndexByte(s, ':'); i >= 0 && !strings.HasSuffix(s, "]") {
		host, port = s[:i], s[i+1:]
	}
	if port != "" {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return errors.New("its port is not valid")
		}
		u.port = int64(n)
	}
	if host == "" && u.scheme != "file" || strings.ContainsAny(host, " <>\"%^`{|}") {
		return errors.New("its host is not valid")
	}
	u.host = strings.ToLower(host)
	return nil
}

// escapeUnsafe escapes what must not stand in a URI as it is.
func escapeUnsafe(s string) string {
	return escapeWhere(s, func(c byte) bool {
		return c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>^`{|}", c) >= 0
	})
}

// removeDots takes the steps . and .. out of a path.
func removeDots(path string) string {
	if path == "" {
		return "/"
	}
	if !strings.Contains(path, "/.") {
		return path
	}
	var kept []string
	parts := strings.Split(path[1:], "/")
	for i, part := range parts {
		last := i == len(parts)-1
		switch part {
		case "..":
			kept = kept[:max(0, len(kept)-1)]
		case ".":
		default:
			kept = append(kept, part)
			continue
		}
		if last {
			kept = append(kept, "")
		}
	}
	return "/" + strings.Join(kept, "/")
}
