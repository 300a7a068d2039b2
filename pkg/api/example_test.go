package api_test

import (
	"context"
	"fmt"
	"net/http/httptest"

	"github.com/keelstep/keelstep/pkg/api"
	"github.com/keelstep/keelstep/pkg/api/client"
	"github.com/keelstep/keelstep/pkg/connectors/standard"
	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/eventlog/memlog"
)

// An engine on memory, its API on a loopback address, and a client that
// deploys a workflow, starts a run and watches it to its end.
func Example() {
	ctx := context.Background()
	e, err := engine.Open(ctx, engine.Options{Store: memlog.New(), Registry: standard.New()})
	if err != nil {
		panic(err)
	}
	defer e.Close(ctx)
	s, err := api.New(api.Options{Engine: e, Key: "a key of sixteen or more", Addr: "127.0.0.1:0"})
	if err != nil {
		panic(err)
	}
	srv := httptest.NewServer(s.Handler()) // a program uses s.Serve
	defer srv.Close()

	c, err := client.New(client.Options{Server: srv.URL, Key: "a key of sixteen or more"})
	if err != nil {
		panic(err)
	}
	doc := `
workflow: greet
version: "1"
steps:
  - { id: text, compose: "Hello, ${ input.name }" }
output: "${ steps.text.output }"
`
	if _, _, err := c.Deploy(ctx, "greet.yaml", []byte(doc)); err != nil {
		panic(err)
	}
	started, err := c.Start(ctx, client.StartOptions{Workflow: "greet", Input: []byte(`{"name":"Ann"}`)})
	if err != nil {
		panic(err)
	}
	for e, err := range c.Watch(ctx, started.Run, 0) {
		if err != nil {
			panic(err)
		}
		fmt.Println(e.Seq, e.Type)
	}
	run, err := c.Run(ctx, started.Run)
	if err != nil {
		panic(err)
	}
	fmt.Printf("%s %s\n", run.Status, run.Output)
	// Output:
	// 1 RunStarted
	// 2 StepEnded
	// 3 RunEnded
	// succeeded "Hello, Ann"
}
