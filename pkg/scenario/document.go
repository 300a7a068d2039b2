package scenario

import "encoding/json"

// document is a test file as it is written. Its structure is that of
// schema/test.schema.json.
type document struct {
	Workflow   string                     `json:"workflow"`
	Env        string                     `json:"env"`
	StartAt    string                     `json:"startAt"`
	Parameters map[string]json.RawMessage `json:"parameters"`
	Secrets    map[string]string          `json:"secrets"`
	Mocks      []mockDoc                  `json:"mocks"`
	Cases      []caseDoc                  `json:"cases"`
}

type caseDoc struct {
	Name       string                     `json:"name"`
	Input      json.RawMessage            `json:"input"`
	Trigger    map[string]json.RawMessage `json:"trigger"`
	Element    int                        `json:"element"` // 0: not said
	StartAt    string                     `json:"startAt"`
	Parameters map[string]json.RawMessage `json:"parameters"`
	Mocks      []mockDoc                  `json:"mocks"`
	Timeline   []happeningDoc             `json:"timeline"`
	Expect     *expectDoc                 `json:"expect"`
}

type mockDoc struct {
	Step      string          `json:"step"`
	Operation string          `json:"operation"`
	When      any             `json:"when"` // text or bool
	Times     int             `json:"times"`
	After     string          `json:"after"`
	Returns   json.RawMessage `json:"returns"`
	Fails     *failureDoc     `json:"fails"`
	Never     bool            `json:"never"`
}

type failureDoc struct {
	Code       string          `json:"code"`
	Message    string          `json:"message"`
	Status     int             `json:"status"`
	Lost       bool            `json:"lost"`
	Final      bool            `json:"final"`
	Certain    bool            `json:"certain"`
	RetryAfter string          `json:"retryAfter"`
	Details    json.RawMessage `json:"details"`
}

type happeningDoc struct {
	At     string `json:"at"`
	Signal *struct {
		Name string          `json:"name"`
		ID   string          `json:"id"`
		Data json.RawMessage `json:"data"`
	} `json:"signal"`
	Event *struct {
		Type    string          `json:"type"`
		Source  string          `json:"source"`
		Subject string          `json:"subject"`
		ID      string          `json:"id"`
		Data    json.RawMessage `json:"data"`
	} `json:"event"`
	Answer *struct {
		Step    string          `json:"step"`
		Outcome string          `json:"outcome"`
		By      string          `json:"by"`
		Form    json.RawMessage `json:"form"`
	} `json:"answer"`
	Cancel  *string `json:"cancel"`
	Kill    *string `json:"kill"`
	Refused bool    `json:"refused"`
}

type expectDoc struct {
	Status    string                     `json:"status"`
	Output    json.RawMessage            `json:"output"`
	OutputHas json.RawMessage            `json:"outputHas"`
	Error     *errorDoc                  `json:"error"`
	Answer    *answerDoc                 `json:"answer"`
	Steps     map[string]json.RawMessage `json:"steps"`
	Calls     []callDoc                  `json:"calls"`
	Order     []string                   `json:"order"`
	Events    []eventDoc                 `json:"events"`
	EndsAfter string                     `json:"endsAfter"`
}

type errorDoc struct {
	Code    *string         `json:"code"`
	Message *string         `json:"message"`
	Step    *string         `json:"step"`
	Details json.RawMessage `json:"details"`
}

type answerDoc struct {
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body"`
}

type stepDoc struct {
	Status   string          `json:"status"`
	Output   json.RawMessage `json:"output"`
	Error    *errorDoc       `json:"error"`
	Attempts int             `json:"attempts"`
}

type callDoc struct {
	Step      string          `json:"step"`
	Operation string          `json:"operation"`
	Times     *int            `json:"times"`
	Keys      *int            `json:"keys"`
	With      json.RawMessage `json:"with"`
}

type eventDoc struct {
	Type    string          `json:"type"`
	Subject *string         `json:"subject"`
	Data    json.RawMessage `json:"data"`
}

// stepOf returns what is expected of a step: a status alone, or more.
func stepOf(raw json.RawMessage) (s stepDoc) {
	if text, ok := decoded(raw).(string); ok {
		return stepDoc{Status: text}
	}
	_ = json.Unmarshal(raw, &s) // its structure was checked
	return s
}
