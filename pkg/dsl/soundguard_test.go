package dsl_test

// guards are conditions that show something, or seem to. STEP and ID stand for
// a step, as in forms.
var guards = []string{
	"input.note != nil", "input.note == nil", "not (input.note == nil)", "input?.note != null", "input.deep?.n != nil",
	"input.null != nil", "'note' in input", "'null' in input", "input.note == 'a note'", "input.kind in ['failed', 'skipped']",
	"input.kind == 'failed' or input.kind == 'skipped'", "input.note != nil or input.deep != nil", "input.note == input.run",
	"input.note == input.kind", "input.kind == string(STEP.status)", "input.kind == STEP.status", "(input.kind ?? 'a') == 'failed'",
	"(input.kind ?? 'failed') == 'failed'", "input.note startsWith 'a'", "not (input.note contains 'b')",
	"input.note != nil ? input.deep != nil : false", "input.note == nil ? true : input.deep != nil", "len(input.list ?? []) > 0",
	"(input.note != nil) == true", "(input.note == nil) == false", "input.list != nil and input.deep != nil",
	"input.deep != nil and input.deep.n != nil", "not (input.note == nil or input.deep == nil)", "vars.v != nil", "vars.v == input.note",
	"STEP.status == 'succeeded'", "STEP.status != 'succeeded'", "'succeeded' == STEP.status", "STEP.status in ['succeeded']",
	"STEP.status in ['succeeded', 'skipped']", "not (STEP.status == 'failed')", "STEP.status == 'failed'", "STEP.status in ['failed', 'timedOut']",
	"STEP.status == 'failed' or STEP.status == 'timedOut'", "STEP.output != nil", "STEP.output == nil", "STEP.error == nil",
	"STEP.error != nil", "STEP.error?.code == 'Refused'", "STEP.output?.MEMBER != nil", "STEP.output?.MEMBER == 1",
	"error != nil", "error.code == 'Refused'", "error?.code != nil", "error == nil", "it.n != nil", "it.n == 1", "loops.ID.item.n != nil",
	"index == 0", "itemID.n != nil", "input.c[0] and input.note != nil", "error.status == 0",
}

// guardedForms are reads that such conditions make good.
var guardedForms = []string{
	"len(input.note)", "len(input.note)", "input.deep.n + 1", "input.deep.n ?? 0", "len(input.null)", "len(input.kind)", "len(input.list)",
	"input.list[0].n ?? 0", "let note = input.note; len(note)", "map(input.items, len(input.note))", "filter(input.items, .n != nil)[0:1]",
	"map(filter(input.items, .n != nil), .n + 1)", "len(STEP.output.MEMBER)", "string(STEP.output.MEMBER)", "string(STEP.output.MEMBER)",
	"string(STEP.output.MEMBER)", "len(STEP.error.code)", "STEP.error.status + 1", "it.n + 1", "it.n + 1", "loops.ID.item.n + 1",
	"itemID.n + 1", "len(error.code)", "len(error.message)", "len(vars.v)", "input.note == nil ? 0 : input.deep.n + 1",
}

// guard is a condition made of such ones, and of one that the dice decide.
func (g *soundGen) guard(otherwise string) string {
	one := func() string { return g.steps[g.r.IntN(len(g.steps))].fill(guards[g.r.IntN(len(guards))]) }
	switch g.r.IntN(6) {
	case 0:
		return one() + " and " + otherwise
	case 1:
		return "(" + one() + ") and (" + one() + ")"
	case 2:
		return "not (" + one() + ") or " + otherwise
	case 3:
		return "(" + one() + ") or (" + one() + ")"
	case 4:
		return "not (" + one() + ")"
	}
	return one()
}

// thingSchema is that of an object whose member may be missing.
func thingSchema() map[string]any {
	return map[string]any{"type": "object", "properties": map[string]any{"n": map[string]any{"type": "integer"}}}
}

func listOf(item any) map[string]any { return map[string]any{"type": "array", "items": item} }
