package api

import (
	"context"
	"errors"
	"io"
	"net/url"

	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/engine"
)

// handlers is the routes of the API.
type handlers struct{ *Server }

var _ StrictServerInterface = (*handlers)(nil)

// ListDefinitions returns the active definitions.
func (h *handlers) ListDefinitions(ctx context.Context, _ ListDefinitionsRequestObject) (ListDefinitionsResponseObject, error) {
	ds, err := h.o.Engine.Definitions(ctx)
	if err != nil {
		return nil, err
	}
	out := ListDefinitions200JSONResponse{Definitions: []Definition{}}
	for _, d := range ds {
		if d.Active {
			d.Document = nil
			out.Definitions = append(out.Definitions, definitionOf(d))
		}
	}
	return out, nil
}

// GetDefinition returns one definition.
func (h *handlers) GetDefinition(ctx context.Context, r GetDefinitionRequestObject) (GetDefinitionResponseObject, error) {
	d, err := h.o.Engine.Definition(ctx, r.Workflow, r.Params.Version)
	if err != nil {
		return nil, unknownWorkflow(err, r.Workflow, r.Params.Version)
	}
	return GetDefinition200JSONResponse(definitionOf(d)), nil
}

// DeployDefinition deploys a document.
func (h *handlers) DeployDefinition(ctx context.Context, r DeployDefinitionRequestObject) (DeployDefinitionResponseObject, error) {
	file, src, err := documentOf(r.Params.File, r.JSONBody, r.Body)
	if err != nil {
		return nil, err
	}
	at := h.o.Clock.Now()
	d, found, err := h.o.Engine.Deploy(ctx, file, src)
	if err != nil {
		return nil, err
	}
	d.Document = nil
	out := Deployed{Definition: definitionOf(d), Warnings: diagnosticsOf(found)}
	if d.DeployedAt.Before(at) {
		return DeployDefinition200JSONResponse(out), nil
	}
	where := "/v1/definitions/" + url.PathEscape(d.Workflow) + "?version=" + url.QueryEscape(d.Version)
	return DeployDefinition201JSONResponse{Body: out, Headers: DeployDefinition201ResponseHeaders{Location: where}}, nil
}

// ValidateDefinition checks a document.
func (h *handlers) ValidateDefinition(_ context.Context, r ValidateDefinitionRequestObject) (ValidateDefinitionResponseObject, error) {
	file, src, err := documentOf(r.Params.File, r.JSONBody, r.Body)
	if err != nil {
		return nil, err
	}
	found := h.o.Engine.Validate(file, src)
	return ValidateDefinition200JSONResponse{Valid: !found.HasErrors(), Diagnostics: diagnosticsOf(found)}, nil
}

// documentOf returns name and source of a document in a body of either type.
func documentOf(file string, asJSON *Value, other io.Reader) (string, []byte, error) {
	if asJSON != nil {
		return nameOr(file, "definition.json"), *asJSON, nil
	}
	var src []byte
	if other != nil {
		var err error
		if src, err = io.ReadAll(other); err != nil {
			return "", nil, err
		}
	}
	if len(src) == 0 {
		return "", nil, problem(CodeInvalidBody, "the body is empty; send the workflow, as YAML or JSON")
	}
	return nameOr(file, "definition.yaml"), src, nil
}

func nameOr(file, other string) string {
	if file == "" {
		return other
	}
	return file
}

// invalidProblem lists what is wrong with a document.
func invalidProblem(found diag.List) error {
	n := 0
	for _, d := range found {
		if d.Severity == diag.Error {
			n++
		}
	}
	err := problem(CodeInvalidDefinition, "the document has %d errors and was not deployed; see diagnostics", n)
	if n == 1 {
		err = problem(CodeInvalidDefinition, "the document has an error and was not deployed; see diagnostics")
	}
	var done *problemError
	if errors.As(err, &done) {
		done.p.Diagnostics = diagnosticsOf(found)
	}
	return err
}

func definitionOf(d engine.Definition) Definition {
	out := Definition{
		Workflow: d.Workflow, Version: d.Version, Digest: d.Digest, DeployedAt: d.DeployedAt.UTC(), Active: d.Active,
		Document: d.Document, Triggers: []Trigger{},
	}
	for _, t := range d.Triggers {
		out.Triggers = append(out.Triggers, Trigger{ID: t.ID, Method: t.Method, Path: t.Path, Respond: t.Respond})
	}
	return out
}

func diagnosticsOf(l diag.List) []Diagnostic {
	out := []Diagnostic{}
	for _, d := range l {
		o := Diagnostic{
			Code: string(d.Code), Severity: DiagnosticSeverity(d.Severity.String()), Message: d.Message, Hint: d.Hint,
			Path: d.Path, Span: spanOf(d.Span),
		}
		for _, r := range d.Related {
			o.Related = append(o.Related, Related{Span: spanOf(r.Span), Message: r.Message})
		}
		out = append(out, o)
	}
	return out
}

func spanOf(s diag.Span) Span {
	return Span{File: s.File, Start: posOf(s.Start), End: posOf(s.End)}
}

func posOf(p diag.Pos) Pos { return Pos{Line: p.Line, Col: p.Col, Offset: p.Offset} }
