package wdlexpr

import (
	"testing"
	"time"
)

// TestContext reads what contexts of any shape hold.
func TestContext(t *testing.T) {
	for _, c := range []struct{ context, source, want string }{
		{`{"trigger": {"name": "t", "outputs": {"body": 1}}}`, "@trigger().name", `"t"`},
		{`{"trigger": {"name": "t", "outputs": {"body": 1}}}`, "@triggerBody()", "1"},
		{`{"trigger": {"name": "t"}}`, "@triggerOutputs()", "null"},
		{`{"triggerOutputs": {"body": 2}}`, "@triggerBody()", "2"},
		{`{"triggerOutputs": {"body": 2}}`, "@trigger()", `{"outputs":{"body":2}}`},
		{`{"trigger": {"name": "t", "outputs": 1}, "triggerOutputs": {"body": 2}}`, "@trigger().name", `"t"`},
		{`{"trigger": {"name": "t", "outputs": 1}, "triggerOutputs": {"body": 2}}`, "@triggerOutputs().body", "2"},
		{`{"triggerBody": 3, "triggerOutputs": {"body": 2}}`, "@triggerBody()", "3"},
		{`{"triggerBody": 3}`, "@triggerOutputs()", "error: 1:2: triggerOutputs(): there is no trigger in the context"},
		{`{"result": {"S": [1]}}`, "@result('s')", "[1]"},
		{`{"results": {"S": [2]}}`, "@result('s')", "[2]"},
		{`{"appsetting": {"S": 1}}`, "@appsetting('s')", "1"},
		{`{"appsettings": {"S": 2}}`, "@appsetting('s')", "2"},
		{`{"actions": {"A": 1}}`, "@outputs('A')", "null"},
		{`{"actions": []}`, "@actions('A')", `error: 1:2: actions(): there is no action "A" in the context`},
		{`{"now": "2020-02-29"}`, "@utcNow()", `"2020-02-29T00:00:00.0000000Z"`},
		{`{"more": 1}`, "@utcNow()", `"1970-01-01T00:00:00.0000000Z"`},
		{"null", "@item()", "error: 1:2: item(): there is no item in the context"},
	} {
		x, err := Decode([]byte(c.context))
		if err != nil {
			t.Fatal(err)
		}
		context, err := NewContext(x, time.Unix(0, 0))
		if err != nil {
			t.Fatal(err)
		}
		if got := showCase(t, c.source, context); got != c.want {
			t.Errorf("%s with %s = %s, want %s", c.source, c.context, got, c.want)
		}
	}
	for _, bad := range []string{"1", "[]", `{"now": 1}`, `{"now": "soon"}`} {
		x, err := Decode([]byte(bad))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := NewContext(x, time.Unix(0, 0)); err == nil {
			t.Errorf("a context of %s is taken", bad)
		}
	}
}
