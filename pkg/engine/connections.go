package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/keelstep/keelstep/pkg/connectors"
	"github.com/keelstep/keelstep/pkg/expression"
)

// The codes of calls that are not issued because something is not set up.
const (
	CodeUnboundConnection = "UnboundConnection" // the environment binds nothing to the name
	CodeConnectionFailed  = "ConnectionFailed"  // the connector could not open it
	CodeSecretMissing     = "SecretMissing"     // a secret has no value
	CodeUnknownService    = "UnknownService"    // no service of that name runs
)

// connections is what connectors keep open, by the name of the connection. A
// connection whose secrets have changed is opened anew; the old one is closed
// when its last call has ended.
type connections struct {
	e *Engine

	mu   sync.Mutex
	open map[string]*openConnection
}

type openConnection struct {
	print  string // the settings as they were opened
	ready  chan struct{}
	conn   connectors.Connection
	close  func() error
	err    *connectors.Error
	users  int
	closed bool // nobody gets it any more
}

func newConnections(e *Engine) *connections {
	return &connections{e: e, open: make(map[string]*openConnection)}
}

// use returns the connection of that name, opened with today's secrets.
// release must be called when the call has ended.
func (cs *connections) use(ctx context.Context, name, connector string) (conn connectors.Connection, release func(), err error) {
	if name == "" {
		return conn, func() {}, nil
	}
	settings, err := cs.settings(name)
	if err != nil {
		return conn, nil, err
	}
	b, err := json.Marshal(settings)
	if err != nil {
		return conn, nil, fmt.Errorf("settings of connection %s: %w", name, err)
	}
	o, isNew := cs.get(name, string(b))
	if isNew {
		cs.fill(o, name, connector, settings)
	}
	select {
	case <-o.ready:
	case <-ctx.Done():
		cs.release(o)
		return conn, nil, connectors.Stopped(ctx, false)
	}
	if o.err != nil {
		cs.release(o)
		return conn, nil, o.err
	}
	return o.conn, func() { cs.release(o) }, nil
}

// get returns the open connection with these settings, counted as used. The
// caller fills it when it is new.
func (cs *connections) get(name, print string) (o *openConnection, isNew bool) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if o = cs.open[name]; o != nil && o.print == print {
		o.users++
		return o, false
	}
	if o != nil {
		o.closed = true
		if o.users == 0 {
			cs.shut(o)
		}
	}
	o = &openConnection{print: print, ready: make(chan struct{}), users: 1}
	cs.open[name] = o
	return o, true
}

func (cs *connections) fill(o *openConnection, name, connector string, settings map[string]any) {
	defer close(o.ready)
	o.conn = connectors.Connection{Name: name, Settings: settings}
	c, ok := cs.e.opts.Registry.Connector(connector)
	if !ok || c.Open == nil {
		return
	}
	shared, closeShared, err := c.Open(cs.e.ctx, settings)
	if err != nil {
		o.err = notIssued(CodeConnectionFailed, fmt.Sprintf("connection %s: %v", name, err))
		cs.mu.Lock()
		if cs.open[name] == o {
			delete(cs.open, name) // the next call tries again
		}
		cs.mu.Unlock()
		return
	}
	o.conn.Shared, o.close = shared, closeShared
}

func (cs *connections) release(o *openConnection) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	o.users--
	if o.closed && o.users == 0 {
		cs.shut(o)
	}
}

// shut closes what nobody uses. The caller holds the lock.
func (cs *connections) shut(o *openConnection) {
	if o.close == nil {
		return
	}
	if err := o.close(); err != nil {
		cs.e.log.Warn("connection not closed in order", "connection", o.conn.Name, "error", err)
	}
	o.close = nil
}

// closeConnections closes everything that is open. No call runs any more.
func (d *dispatcher) closeConnections() {
	cs := d.conn
	cs.mu.Lock()
	defer cs.mu.Unlock()
	for _, o := range cs.open {
		cs.shut(o)
	}
	clear(cs.open)
}

// settings returns what the environment binds to a name, secrets opened and
// services resolved.
func (cs *connections) settings(name string) (map[string]any, error) {
	env := cs.e.opts.Env
	if env == nil {
		return nil, notIssued(CodeUnboundConnection, "connection "+name+" is bound to nothing: the engine runs without an environment")
	}
	c, ok := env.Connections[name]
	if !ok {
		return nil, notIssued(CodeUnboundConnection,
			fmt.Sprintf("connection %s is bound to nothing: give it settings in environment %s", name, env.Name))
	}
	opened, err := expression.OpenSealed(c.Settings, cs.e.lookup)
	if err != nil {
		return nil, notIssued(CodeSecretMissing, fmt.Sprintf("connection %s: %v", name, err))
	}
	resolved, err := cs.resolve(opened)
	if err != nil {
		return nil, err
	}
	settings, _ := resolved.(map[string]any)
	return settings, nil
}

// resolve replaces service://NAME/path by the URL at which the service runs.
func (cs *connections) resolve(x any) (any, error) {
	switch x := x.(type) {
	case string:
		rest, ok := strings.CutPrefix(x, "service://")
		if !ok {
			return x, nil
		}
		name, path, _ := strings.Cut(rest, "/")
		base, ok := cs.e.opts.Services[name]
		if !ok {
			return nil, notIssued(CodeUnknownService, fmt.Sprintf("%s: no service %q runs beside the engine", x, name))
		}
		return strings.TrimSuffix(base, "/") + "/" + path, nil
	case []any:
		out := make([]any, len(x))
		for i := range x {
			var err error
			if out[i], err = cs.resolve(x[i]); err != nil {
				return nil, err
			}
		}
		return out, nil
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, v := range x {
			var err error
			if out[k], err = cs.resolve(v); err != nil {
				return nil, err
			}
		}
		return out, nil
	default:
		return x, nil
	}
}
