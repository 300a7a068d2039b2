package layout

import (
	"path"
	"slices"
	"strings"
)

// order is the order of the keys of one kind of mapping, and what its parts
// are. The zero value keeps what the author wrote.
type order struct {
	keys  []string
	in    map[string]*order // of the values of keys
	each  *order            // of the values of all other keys
	items *order            // of the items of a list
}

// list returns the order of a list of what o is.
func (o *order) list() *order { return &order{items: o} }

// keys splits a line of names.
func keys(names string) []string { return strings.Fields(names) }

// The orders of keys, each as one line of names.
const (
	workflowKeys = "workflow version description input parameters connections variables defaults concurrency timeout cancelGrace " +
		"triggers listen steps output"
	triggerKeys = "id name description http schedule event auth rateLimit dedupe where splitOn input"
	stepKeys    = "id name description runAfter if then else switch cases default foreach while until as concurrency maxPasses " +
		"parallel race onError do output action approval call connection with detach returns repeat compose set append increment " +
		"wait await emit respond return fail terminate rollback retry timeout onTimeout catch finally compensate secure track"
	defaultKeys     = "retry timeout"
	environmentKeys = "description services connections limits parameters secrets egress retention backup"
)

// partKeys is the orders of the mappings that steps and triggers are made of,
// by their key.
var partKeys = []struct{ key, names string }{
	{"http", "method path answer deadline"},
	{"schedule", "cron every timezone overlap catchUp"},
	{"dedupe", "key window"},
	{"concurrency", "key limit onLimit queue"},
	{"retry", "attempts delay backoff maxDelay jitter if attemptTimeout"},
	{"catch", "when do"},
	{"wait", "until"},
	{"await", "signal event match where"},
	{"event", "type where"},
	{"connections", "connector description"},
	{"listen", "event match"},
	{"rateLimit", "count per"},
	{"approval", "to title options require form notify remind"},
	{"notify", "action connection with"},
	{"remind", "every max"},
	{"emit", "type subject data"},
	{"respond", "status headers body"},
	{"fail", "code message details"},
	{"terminate", "status message"},
	{"secrets", "from"},
}

// Order is the order of the keys of one kind of mapping.
type Order struct {
	Of   string // what it is, such as "step"; of a part, its key
	Keys []string
}

// Orders returns the orders that the standard form has, the large ones first.
// What is not in the list keeps the order of its author.
func Orders() []Order {
	out := []Order{{"workflow", keys(workflowKeys)}, {"trigger", keys(triggerKeys)}, {"step", keys(stepKeys)}, {"environment", keys(environmentKeys)}}
	for _, p := range partKeys {
		out = append(out, Order{p.key, keys(p.names)})
	}
	return append(out, Order{"defaults", keys(defaultKeys)})
}

// part returns the order of a part.
func part(key string) *order {
	for _, p := range partKeys {
		if p.key == key {
			return &order{keys: keys(p.names)}
		}
	}
	panic("layout: no part " + key)
}

// parts returns the orders of several.
func parts(names string) map[string]*order {
	out := map[string]*order{}
	for _, key := range keys(names) {
		out[key] = part(key)
	}
	return out
}

var (
	workflowOrder    = newWorkflowOrder()
	environmentOrder = &order{keys: keys(environmentKeys), in: parts("secrets")}
)

func newWorkflowOrder() *order {
	step := &order{keys: keys(stepKeys), in: parts("retry wait await approval emit respond fail terminate")}
	step.in["approval"].in = parts("notify remind")
	for _, key := range keys("then else default parallel race do onTimeout finally compensate") {
		step.in[key] = step.list()
	}
	step.in["cases"] = &order{each: step.list()}
	handler := part("catch")
	handler.in = map[string]*order{"do": step.list()}
	step.in["catch"] = handler.list()

	trigger := &order{keys: keys(triggerKeys), in: parts("http schedule event dedupe rateLimit")}
	return &order{keys: keys(workflowKeys), in: map[string]*order{
		"connections": {each: part("connections")},
		"defaults":    {keys: keys(defaultKeys), in: parts("retry")},
		"concurrency": part("concurrency"),
		"triggers":    trigger.list(),
		"listen":      {each: part("listen")},
		"steps":       step.list(),
	}}
}

// ordersOf returns the order of a file: of an environment by the folder that
// it is in, of a workflow by its key steps. Tests and all else keep theirs.
func ordersOf(file string, root *node) *order {
	file = strings.ReplaceAll(file, `\`, "/")
	name := strings.TrimSuffix(path.Base(file), path.Ext(file))
	switch {
	case strings.HasSuffix(name, ".test"):
		return nil
	case path.Base(path.Dir(file)) == "env":
		return environmentOrder
	case slices.ContainsFunc(root.entries, func(e *entry) bool { return e.key != nil && e.key.text == "steps" }):
		return workflowOrder
	}
	return nil
}

// sort puts the keys of the document in order. A document in which something
// refers to an anchor keeps its order, because an anchor must come first.
func (d *document) sort(o *order) {
	if !d.root.refers() {
		d.root.sort(o)
	}
}

// refers tells whether there is an alias in n.
func (n *node) refers() bool {
	return n.kind == kindAlias || slices.ContainsFunc(n.entries, func(e *entry) bool {
		return e.value.refers() || e.key != nil && e.key.refers()
	})
}

func (n *node) sort(o *order) {
	if o == nil {
		return
	}
	if n.kind == kindMap && o.keys != nil && !slices.ContainsFunc(n.entries, func(e *entry) bool { return o.rank(e) < 0 }) {
		slices.SortStableFunc(n.entries, func(a, b *entry) int { return o.rank(a) - o.rank(b) })
	}
	for _, e := range n.entries {
		switch {
		case n.kind == kindList:
			e.value.sort(o.items)
		case o.in[e.key.text] != nil:
			e.value.sort(o.in[e.key.text])
		default:
			e.value.sort(o.each)
		}
	}
}

// rank returns the place of a member in the order, -1 when it has none.
func (o *order) rank(e *entry) int { return slices.Index(o.keys, e.key.text) }
