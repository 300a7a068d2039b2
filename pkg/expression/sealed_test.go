package expression

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func lookUpSecret(name string) (string, error) {
	if name == "NONE" {
		return "", errors.New("no such secret")
	}
	return "s3cret-" + name, nil
}

// TestSealedOpens shows what sealed results are worth when they are opened:
// the same as if the secret had been a text.
func TestSealedOpens(t *testing.T) {
	env := testEnv{{Root: RootSecrets, Name: "K"}: Sealed{Secret: "K"}, {Root: RootInput}: "in"}
	plain := testEnv{{Root: RootSecrets, Name: "K"}: "s3cret-K", {Root: RootInput}: "in"}
	for _, source := range []string{
		`secrets.K`, `"a" + secrets.K`, `secrets.K + "b" + secrets.K`, `bearer(secrets.K)`, `base64(secrets.K)`,
		`basicAuth(input, secrets.K)`, `hmacSha256(secrets.K, "text")`, `hmacSha256("key", secrets.K)`,
		`base64("x:" + secrets.K)`, `base64url(secrets.K)`, `hmacSha512(secrets.K, "text")`, `[secrets.K, {a: secrets.K, "$sealed": 1}]`,
	} {
		p, err := Load(source, nil)
		if err != nil {
			t.Fatal(err)
		}
		x, err := p.Eval(env)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		want, err := p.Eval(plain)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		raw, err := Encode(x)
		if err != nil || strings.Contains(string(raw), "s3cret") || !HasSealed(raw) {
			t.Errorf("%s is recorded as %s, %v", source, raw, err)
		}
		decoded, err := DecodeRaw(raw)
		if err != nil {
			t.Fatal(err)
		}
		for _, form := range []any{x, decoded} {
			if _, ok := form.([]any); ok && !same(form, decoded) {
				continue // a value before it is recorded is not escaped
			}
			got, err := OpenSealed(form, lookUpSecret)
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%s opens to %v, %v (-want +got):\n%s", source, got, err, diff)
			}
		}
	}
}

// TestSealedDamage shows that damaged or unknown sealed values are errors.
func TestSealedDamage(t *testing.T) {
	for _, text := range []string{
		`{"$sealed":1}`, `{"$sealed":{}}`, `{"$sealed":{"fn":"concat"}}`, `{"$sealed":{"fn":"nope","args":[]}}`,
		`{"$sealed":{"fn":"bearer","args":[]}}`, `{"$sealed":{"fn":"concat","args":[{"a":1}]}}`, `{"$sealed":{"fn":"concat","args":[null]}}`,
		`{"$sealed":{"secret":""}}`, `{"$sealed":{"secret":"NONE"}}`, `[{"$sealed":{"fn":"base64","args":[{"$sealed":{"secret":"NONE"}}]}}]`,
		`{"a":{"$sealed":7}}`,
	} {
		x, err := DecodeRaw([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := OpenSealed(x, lookUpSecret); err == nil {
			t.Errorf("OpenSealed(%s) = %v, want an error", text, got)
		}
	}
}

// TestHasSealed tells sealed values from data.
func TestHasSealed(t *testing.T) {
	for text, want := range map[string]bool{
		`{"$sealed":{"secret":"K"}}`:             true,
		`{"a":[{"$sealed" : {"secret":"K"}}]}`:   true,
		`"$sealed"`:                              false,
		`["$sealed","x"]`:                        false,
		`{"$$sealed":1}`:                         false,
		`"{\"$sealed\":1}"`:                      false,
		`{"a\"$sealed":1}`:                       false,
		`{"x":"$sealed","$sealed":{"secret":1}}`: true,
		``:                                       false,
	} {
		if got := HasSealed([]byte(text)); got != want {
			t.Errorf("HasSealed(%s) = %v, want %v", text, got, want)
		}
	}
	if text := Sealed.String(Sealed{Secret: "K"}); strings.Contains(text, "K") {
		t.Errorf("String shows %q", text)
	}
}
