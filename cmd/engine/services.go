package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/keelstep/keelstep/pkg/config"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/samples/order/shop"
)

// sampleService is a service that an environment may ask for. options is what
// the environment says about it.
type sampleService struct {
	// open makes the service. dir is where it may keep a file.
	open func(dir string, options map[string]any) (http.Handler, func() error, error)
	// check says what is wrong with options.
	check func(options map[string]any) error
}

// sampleServices is the services there are, by the name that environments
// use.
var sampleServices = map[string]sampleService{
	"order-shop": {orderShop, func(options map[string]any) error { return decodeOptions(options, new(shopOptions)) }},
}

// shopOptions is the options of the order shop.
type shopOptions struct {
	Slow      duration `json:"slow"`
	FailEvery int      `json:"failEvery"`
	LoseEvery int      `json:"loseEvery"`
	Seed      uint64   `json:"seed"`
}

// orderShop is the service of samples/order.
func orderShop(dir string, options map[string]any) (http.Handler, func() error, error) {
	var o shopOptions
	if err := decodeOptions(options, &o); err != nil {
		return nil, nil, err
	}
	s, err := shop.Open(shop.Options{
		Ledger: filepath.Join(dir, "order-shop.jsonl"),
		Slow:   time.Duration(o.Slow), FailEvery: o.FailEvery, LoseEvery: o.LoseEvery, Seed: o.Seed,
	})
	if err != nil {
		return nil, nil, err
	}
	return s, s.Close, nil
}

// duration reads durations as workflows write them.
type duration time.Duration

// UnmarshalText reads 200ms, 1m30s and so on.
func (d *duration) UnmarshalText(b []byte) error {
	v, err := expression.ParseDuration(string(b))
	*d = duration(v)
	return err
}

// decodeOptions reads options into a struct and refuses those that it does
// not have.
func decodeOptions(options map[string]any, into any) error {
	raw, err := json.Marshal(options)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

// services is the services that run beside the engine.
type services struct {
	urls    map[string]string // base URL by name
	stop    []func(context.Context) error
	serving sync.WaitGroup
}

// startServices starts what env asks for, each on a free loopback port.
func startServices(ctx context.Context, env *config.Environment, data dataDir, log *slog.Logger) (*services, error) {
	s := &services{urls: map[string]string{}}
	if env == nil {
		return s, nil
	}
	for _, want := range env.Services {
		if err := s.start(want, data, log); err != nil {
			return nil, errors.Join(err, s.close(ctx))
		}
	}
	return s, nil
}

func (s *services) start(want config.Service, data dataDir, log *slog.Logger) error {
	sample, ok := sampleServices[want.Sample]
	if !ok {
		return usagef("there are: "+strings.Join(slices.Sorted(maps.Keys(sampleServices)), ", "),
			"service %s: no sample %q", want.Name, want.Sample)
	}
	dir := data.services()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return brokenf("", "%s: %s", dir, plainOS(err))
	}
	handler, closeHandler, err := sample.open(dir, want.Options)
	if err != nil {
		return usagef("", "service %s: %s", want.Name, err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return errors.Join(fmt.Errorf("service %s: %w", want.Name, err), closeHandler())
	}
	srv := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second, ErrorLog: slog.NewLogLogger(handlerOf(log), slog.LevelDebug)}
	s.serving.Go(func() { _ = srv.Serve(listener) }) // ends by Shutdown or Close
	s.urls[want.Name] = "http://" + listener.Addr().String()
	s.stop = append(s.stop, func(ctx context.Context) error {
		if srv.Shutdown(ctx) != nil {
			_ = srv.Close() // the requests under way are cut off
		}
		return closeHandler()
	})
	return nil
}

func handlerOf(log *slog.Logger) slog.Handler {
	if log == nil {
		return slog.DiscardHandler
	}
	return log.Handler()
}

// close ends all services and waits for them. Requests may end until ctx does.
func (s *services) close(ctx context.Context) error {
	var errs []error
	for _, stop := range s.stop {
		errs = append(errs, stop(ctx))
	}
	s.serving.Wait()
	return errors.Join(errs...)
}
