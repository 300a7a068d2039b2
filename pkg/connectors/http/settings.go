package http

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/keelstep/keelstep/pkg/connectors"
)

// settings is what an environment says about a connection.
type settings struct {
	URL               string                       `json:"url,omitempty" doc:"Address that paths are appended to, such as https://api.example.com/v1."`
	Headers           map[string]connectors.Secret `json:"headers,omitempty" doc:"Headers of every request to the scheme, host and port of url."`
	Auth              *auth                        `json:"auth,omitempty" doc:"Credentials, one of basic, bearer and apiKey. They need url, and go there only."`
	TLS               tlsSettings                  `json:"tls,omitempty" doc:"How https connections are made."`
	IdempotencyHeader string                       `json:"idempotencyHeader,omitempty" doc:"Header in which the service takes an idempotency key, often Idempotency-Key. With it POST and PATCH may be repeated."`
	Timeout           connectors.Duration          `json:"timeout,omitempty" default:"2m" doc:"Time for one exchange."`
}

type auth struct {
	Basic  *basic            `json:"basic,omitempty" doc:"User name and password."`
	Bearer connectors.Secret `json:"bearer,omitempty" doc:"A token."`
	APIKey *apiKey           `json:"apiKey,omitempty" doc:"A key in a header or a query parameter of any name."`
}

type basic struct {
	Username string            `json:"username" required:"true" doc:"The user."`
	Password connectors.Secret `json:"password" required:"true" doc:"The password."`
}

type apiKey struct {
	In    string            `json:"in,omitempty" enum:"header,query" default:"header" doc:"Where the key goes."`
	Name  string            `json:"name" required:"true" min:"1" doc:"Name of the header or the parameter."`
	Value connectors.Secret `json:"value" required:"true" doc:"The key."`
}

type tlsSettings struct {
	CA                 string            `json:"ca,omitempty" doc:"Certificates, as PEM, that are trusted in place of the system's."`
	Cert               string            `json:"cert,omitempty" doc:"Certificate, as PEM, that the engine shows; needs key."`
	Key                connectors.Secret `json:"key,omitempty" doc:"Private key of cert, as PEM."`
	ServerName         string            `json:"serverName,omitempty" doc:"Name that the server's certificate must have, in place of the url's host."`
	InsecureSkipVerify bool              `json:"insecureSkipVerify,omitempty" doc:"Accepts any certificate. For tests only."`
}

// Validate checks what spans the members.
func (s settings) Validate() []connectors.Problem {
	var problems []connectors.Problem
	wrong := func(path, message string) {
		problems = append(problems, connectors.Problem{Path: path, Message: message})
	}
	if _, err := s.base(); err != nil {
		wrong("/url", err.Error())
	}
	if s.Auth != nil {
		if n := s.Auth.count(); n != 1 {
			wrong("/auth", "needs exactly one of basic, bearer and apiKey")
		}
		if s.URL == "" {
			wrong("", "has auth without url: credentials are sent to one address only")
		}
		if k := s.Auth.APIKey; k != nil && k.In == "header" && !httpguts.ValidHeaderFieldName(k.Name) {
			wrong("/auth/apiKey/name", "is not the name of a header")
		}
	}
	if len(s.Headers) > 0 && s.URL == "" {
		wrong("", "has headers without url: they are sent to one address only")
	}
	if h := s.IdempotencyHeader; h != "" && (!httpguts.ValidHeaderFieldName(h) || reserved(h)) {
		wrong("/idempotencyHeader", "is not the name of a header that can be set")
	}
	if (s.TLS.Cert == "") != (s.TLS.Key == "") {
		wrong("/tls", "needs cert and key together")
	}
	return problems
}

func (a *auth) count() int {
	n := 0
	for _, given := range []bool{a.Basic != nil, a.Bearer != "", a.APIKey != nil} {
		if given {
			n++
		}
	}
	return n
}

// base reads the connection's url, nil when there is none.
func (s settings) base() (*url.URL, error) {
	if s.URL == "" {
		return nil, nil
	}
	u, err := parseAddress(s.URL)
	if err != nil {
		return nil, err
	}
	if u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("has a query or a fragment: leave it out")
	}
	return u, nil
}

// parseAddress reads a whole address. Its errors do not quote it: it may hold
// a secret.
func parseAddress(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || strings.ContainsAny(text, "\x00\r\n\t"):
		return nil, errors.New("is not an address")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("must begin with http:// or https://")
	case u.Hostname() == "":
		return nil, errors.New("names no host")
	case u.User != nil:
		return nil, errors.New("holds credentials: put them into the connection's auth")
	}
	if p := u.Port(); p != "" {
		if n, err := strconv.Atoi(p); err != nil || n < 1 || n > 65535 {
			return nil, errors.New("has a port that does not exist")
		}
	}
	return u, nil
}

func (t tlsSettings) config() (*tls.Config, error) {
	c := &tls.Config{
		MinVersion: tls.VersionTLS12, ServerName: t.ServerName,
		InsecureSkipVerify: t.InsecureSkipVerify, // the environment says so
	}
	if t.CA != "" {
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM([]byte(t.CA)) {
			return nil, errors.New("/tls/ca holds no certificate as PEM")
		}
	}
	if t.Cert != "" {
		pair, err := tls.X509KeyPair([]byte(t.Cert), []byte(t.Key))
		if err != nil {
			return nil, fmt.Errorf("/tls/cert and /tls/key cannot be used: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}
