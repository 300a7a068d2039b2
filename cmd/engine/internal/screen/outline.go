package screen

import "encoding/json"

// Outline is a step as the file has it, for those that have not begun yet.
type Outline struct {
	ID, Kind, Operation string
	Children            []Outline
}

// verbs is what a step can be, in the order in which they are looked for.
var verbs = []string{
	"action", "compose", "set", "append", "increment", "switch", "foreach", "while", "until",
	"parallel", "race", "wait", "await", "approval", "call", "emit", "respond", "return", "fail",
	"terminate", "rollback", "do", "if",
}

// OutlineOf reads the steps out of a workflow's canonical document: those at
// the top and inside of parallel and do, which all runs have. What it cannot
// read it leaves out.
func OutlineOf(document json.RawMessage) []Outline {
	var doc struct{ Steps []map[string]json.RawMessage }
	if json.Unmarshal(document, &doc) != nil {
		return nil
	}
	return outline(doc.Steps)
}

func outline(steps []map[string]json.RawMessage) []Outline {
	var out []Outline
	for _, s := range steps {
		var o Outline
		if json.Unmarshal(s["id"], &o.ID) != nil || o.ID == "" {
			continue
		}
		for _, v := range verbs {
			body, ok := s[v]
			if !ok {
				continue
			}
			o.Kind = v
			var inner []map[string]json.RawMessage
			switch v {
			case "action":
				_ = json.Unmarshal(body, &o.Operation) // a document that was accepted
			case "parallel", "race":
				_ = json.Unmarshal(body, &inner) // the same
				o.Children = outline(inner)
			case "do":
				o.Kind = "scope"
				_ = json.Unmarshal(body, &inner) // the same
				o.Children = outline(inner)
			}
			break
		}
		out = append(out, o)
	}
	return out
}
