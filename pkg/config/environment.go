// Package config reads what a project folder says beside its workflows: the
// environments that bind connections, parameters and secrets, and say where
// calls may lead. It opens no connection and never holds the value of a secret.
package config

import (
	"maps"
	"slices"

	"github.com/keelstep/keelstep/pkg/dsl"
	"github.com/keelstep/keelstep/pkg/egress"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/secrets"
)

// Environment is what the definitions of a project are bound to in one place
// where they run. It is immutable and may be shared.
type Environment struct {
	Name        string
	File        string
	Connections map[string]Connection
	// Limits is what connections and workflows share, by name.
	Limits map[string]Limit
	// Retention says how long runs are kept once they ended.
	Retention Retention
	// Parameters is the values of workflow parameters, by name. One that names
	// a secret holds it sealed.
	Parameters map[string]expression.Value
	// Sources names where secrets are looked for, in order.
	Sources []string
	// Secrets gives the values of secrets. It is not nil.
	Secrets *secrets.Store
	// Services is the sample services that run beside the engine, by name.
	Services []Service
	// Egress says where calls may lead; nil: the environment does not say.
	Egress *egress.Policy
	// Backup says when the log is copied; nil: it is not.
	Backup *Backup

	tree *dsl.Tree
}

// Connection is what a workflow's connection name is bound to. Settings is
// decoded JSON in which each secret is an expression.Sealed.
type Connection struct {
	Name      string
	Connector string // empty: whatever the workflow declares
	Repeat    string // never, keyed, safe; empty: what the operation says
	Settings  map[string]any
	// Limits bounds the calls through this connection; LimitName names the
	// environment's limit that does instead. At most one of them is set.
	Limits    Limit
	LimitName string
}

// Service is a sample service that the environment asks for. Connections name
// it as service://NAME/path. Options are the sample's own.
type Service struct {
	Name    string
	Sample  string
	Options map[string]any
}

// ConnectionNames returns the names of the bound connections, sorted.
func (e *Environment) ConnectionNames() []string {
	return slices.Sorted(maps.Keys(e.Connections))
}
