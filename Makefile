# The targets below are all there is to know; `make` lists them.
# A recipe is one line; what is longer is a program under internal/cmd.

GO    ?= go
TOOL  := $(GO) tool -modfile=tools/go.mod
T     ?= 30s
N     ?= 1000000
BASE  ?= main
COUNT ?= 100000
FOR   ?= 0s
RACED := ./pkg/api/... ./pkg/backup ./pkg/connectors/... ./pkg/engine/... ./pkg/eventlog/... ./pkg/gateway/...

.DEFAULT_GOAL := help
.PHONY: help build check test race lint fmt vet generate generated golden histories compat fuzz sim crash drill faults poison bench bench-diff tidy vuln ci

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## the command, as bin/engine
	$(GO) build -trimpath -o bin/ ./cmd/engine

check: ## the inner loop: build, vet, short tests (cached)
	$(GO) vet ./... && $(GO) test -short ./...

test: ## every test, the checks on the tree included; skips are counted
	$(GO) run ./internal/cmd/tested ./... -count=1 -timeout=9m

race: ## the packages with goroutines under the race detector
	$(GO) run ./internal/cmd/tested -race -short -count=1 -timeout=15m $(RACED)

lint: ## golangci-lint
	$(TOOL) golangci-lint run ./...

fmt: ## format all Go files
	$(TOOL) golangci-lint fmt ./...

vet: ## go vet
	$(GO) vet ./...

generate: ## write all generated files
	$(GO) generate ./...

generated: ## fail when generated files are not what generate writes
	$(GO) run ./internal/cmd/generated

golden: ## rewrite the expected output of all cases; the diff is the review
	$(GO) run ./internal/cmd/each -golden

histories: ## record the histories of a new release (make histories R=v1.0)
	$(GO) test ./internal/golden -run='^TestRecord$$' -count=1 -v -golden.record=$(R)

compat: ## record a log of a new release (make compat R=v1.0)
	$(GO) test ./internal/compat -run='^TestRecord$$' -count=1 -v -compat.record=$(R)

fuzz: ## every fuzz target for T (make fuzz T=30s)
	$(GO) run ./internal/cmd/each -fuzz=$(T)

sim: ## N simulated runs; 500,000 must fill every cell (make sim N=20000)
	$(GO) test ./internal/sim -run='^TestSim$$' -count=1 -timeout=6h -v -args -sim.n=$(N) -sim.enough=500000

crash: ## kills of a serving engine under load: 300, or for a while (make crash FOR=60m)
	$(GO) test ./internal/crash -run=TestCrash -count=1 -timeout=150m -v -crash.n=300 -crash.for=$(FOR)

faults: ## 1,000 power cuts of a running engine, each write and flush failing, 50 full disks, 1,000 damaged logs
	$(GO) test ./internal/faults -count=1 -timeout=60m -v -images=1000 -points=0 -full=50 -tmpfs=20 -damaged=1000 && $(GO) test ./pkg/eventlog/boltlog -run='PowerLoss|Damage' -count=1 -timeout=60m -v -images=1000

drill: ## 10 lost machines restored under load, 100 copies, 50 killed upgrades
	$(GO) test ./internal/drill -count=1 -timeout=60m -v -drill.n=10 && $(GO) test ./pkg/eventlog/boltlog -run='TestBackupUnderLoad|TestUpgradeKilled' -count=1 -timeout=60m -v -backups=100 -upgrades=50

poison: ## 1,000 healthy runs beside those in trouble, 20 restarts
	$(GO) test ./pkg/engine -run='TestPoison|TestDeadly' -count=1 -timeout=20m -v -poison.n=1000

corpus: ## cases and definitions of Logic Apps, of the folder in KEELSTEP_CORPUS
	$(GO) run ./internal/cmd/corpus

recovery: ## sleeping runs, timers due at once, a long run: COUNT of each, after kill -9
	$(GO) test ./pkg/engine -run='TestManyItems|TestTimersAtOnce' -count=1 -timeout=20m -v -items.n=$(COUNT) && $(GO) run ./cmd/engine bench w6 w8 w9 --count $(COUNT)

bench: ## all benchmarks, ten runs each, as benchstat reads them
	$(GO) test ./... -run='^$$' -bench=. -benchmem -count=10 -timeout=60m

bench-diff: ## benchmarks against another commit (make bench-diff BASE=main)
	$(GO) run ./internal/cmd/benchdiff -base=$(BASE)

tidy: ## go.mod, generated files, checks on the tree
	$(GO) mod tidy && $(GO) generate ./... && $(GO) test ./internal/tidy

vuln: ## known vulnerabilities, when their database can be reached
	$(GO) run ./internal/cmd/vuln

ci: generated vet test race build lint vuln ## all that must pass before a push
