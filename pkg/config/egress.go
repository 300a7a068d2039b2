package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/keelstep/keelstep/pkg/egress"
	"github.com/keelstep/keelstep/pkg/expression"
)

// egress reads where calls may lead, and reports what no connection can be
// used with.
func (l *loader) egress(env *Environment, doc map[string]any) {
	section, ok := doc["egress"].(map[string]any)
	if !ok {
		return
	}
	p := &egress.Policy{}
	p.Allow = l.rules("/egress/allow", section["allow"])
	p.Deny = l.rules("/egress/deny", section["deny"])
	env.Egress = p
	if len(l.found) == 0 {
		l.reach(env)
	}
}

// rules reads a list of rules; nil where there is none.
func (l *loader) rules(at string, list any) []egress.Rule {
	entries, ok := list.([]any)
	if !ok {
		return nil
	}
	rules := []egress.Rule{}
	for i, x := range entries {
		text, ok := x.(string)
		if !ok || text == "" {
			continue // the structure's finding
		}
		r, err := egress.ParseRule(text)
		var s *egress.SyntaxError
		if errors.As(err, &s) {
			l.report(codeValue, at+"/"+strconv.Itoa(i), s.Message, s.Hint)
			continue
		}
		rules = append(rules, r)
	}
	return rules
}

// reach reports connections whose url can never be reached. Which addresses a
// name has shows when it is dialled.
func (l *loader) reach(env *Environment) {
	for _, name := range env.ConnectionNames() {
		host, port, ok := destination(env.Connections[name].Settings)
		if !ok {
			continue
		}
		at := net.JoinHostPort(host, strconv.Itoa(int(port)))
		err := env.Egress.CanReach(host, port)
		if err == nil {
			continue
		}
		hint := fmt.Sprintf("add %q to egress.allow, or correct the url", at)
		if (&egress.Policy{Allow: env.Egress.Allow}).CanReach(host, port) == nil {
			hint = "take the entry out of egress.deny, or correct the url"
		}
		l.report(codeClosed, "/connections/"+escape(name)+"/url", fmt.Sprintf("no call gets to %s: %s", at, err), hint)
	}
}

// destination returns where the settings of a connection lead, as far as they
// say it literally.
func destination(settings map[string]any) (host string, port uint16, ok bool) {
	text, ok := settings["url"].(string)
	if !ok || strings.HasPrefix(text, serviceScheme) {
		return "", 0, false
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" {
		return "", 0, false
	}
	n, err := strconv.ParseUint(u.Port(), 10, 16)
	switch {
	case err == nil:
		port = uint16(n)
	case u.Scheme == "http":
		port = 80
	case u.Scheme == "https":
		port = 443
	default:
		return "", 0, false
	}
	return u.Hostname(), port, true
}

// serviceScheme begins settings that lead to a service beside the engine.
const serviceScheme = "service://"

// reachServices reports settings that lead to services that there are none of.
func (l *loader) reachServices(env *Environment, pointer string, x any) {
	switch x := x.(type) {
	case string:
		rest, ok := strings.CutPrefix(x, serviceScheme)
		if !ok {
			return
		}
		name, _, _ := strings.Cut(rest, "/")
		var names []string
		for _, s := range env.Services {
			names = append(names, s.Name)
		}
		if slices.Contains(names, name) {
			return
		}
		hint := "add it: services: { " + name + ": { sample: … } }"
		if near := expression.Nearest(name, names); near != "" {
			hint = fmt.Sprintf("did you mean %q?", serviceScheme+near)
		}
		l.report(codeService, pointer, fmt.Sprintf("there is no service %q beside the engine", name), hint)
	case []any:
		for i := range x {
			l.reachServices(env, pointer+"/"+strconv.Itoa(i), x[i])
		}
	case map[string]any:
		for _, key := range sorted(x) {
			l.reachServices(env, pointer+"/"+escape(key), x[key])
		}
	}
}
