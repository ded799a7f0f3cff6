# Sekisho. Only Go 1.26, git, make and apt are assumed; `make deps` brings the rest.
#
#   make dev      build, and run a complete platform in the foreground
#   make test     everything that runs in CI but the Python and Java clients
#   make check    formatting, vet, lint, race detector, fuzz seeds
#   make interop  every unmodified client that can be had here
#   make demo     the platform, a protected API and a daemon that calls it
#   make bench    measure, and write docs/performance.md (BENCH=quick: in three minutes)
#   make fuzz     a minute for each fuzz target

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build

export GOTOOLCHAIN := local
export CGO_ENABLED ?= 0

# Every go.mod of the tree; a test compares this list with the tree and go.work.
MODULES := . bearer bench interop samples

# Modules whose tests `make test` runs whole; interop is run by client.
TESTED := $(filter-out interop,$(MODULES))

# Packages where goroutines meet: `make check` runs them under the race detector.
RACE := ./internal/server/... ./internal/store/... ./internal/domain/... ./internal/endpoint/...

# Linters run from source, at these versions; they are in no go.mod.
GOLANGCI := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
LDFLAGS := -s -w -X github.com/sekisho-id/sekisho/internal/cli.version=$(VERSION)

# What `make dev` passes on, for instance ARGS='--addr localhost:9443'.
ARGS ?=
FUZZTIME ?= 60s
# `quick` for short runs.
BENCH ?=

.PHONY: build dev test check lint bench interop fuzz demo smoke deps deps-interop fmt generate clean

build:
	go build -trimpath -ldflags '$(LDFLAGS)' -o bin/sekisho ./cmd/sekisho

dev: build
	exec bin/sekisho dev $(ARGS)

deps:
	@scripts/deps.sh

deps-interop:
	@scripts/deps.sh interop

test: deps build
	scripts/modules.sh "$(MODULES)" vet ./...
	scripts/modules.sh "$(TESTED)" test ./...
	node="$$(scripts/node.sh)"; SEKISHO_BIN="$(CURDIR)/bin/sekisho" PATH="$$node:$$PATH" go -C interop test -count=1 -run '^Test(Go|Node)' ./...
	scripts/smoke.sh bin/sekisho

interop: deps-interop build
	node="$$(scripts/node.sh)"; SEKISHO_BIN="$(CURDIR)/bin/sekisho" PATH="$$node:$$PATH" go -C interop test -count=1 -timeout 30m ./...

check: lint
	test -z "$$(gofmt -l $$(git ls-files '*.go' | grep -v /testdata/))" || { gofmt -d $$(git ls-files '*.go' | grep -v /testdata/); exit 1; }
	scripts/modules.sh "$(MODULES)" vet ./...
	go test ./internal/archtest
	CGO_ENABLED=1 go test -race $(RACE)
	CGO_ENABLED=1 go -C bearer test -race ./...
	scripts/modules.sh "$(TESTED)" test -run '^Fuzz' ./...

lint:
	for module in $(MODULES); do (cd "$$module" && CGO_ENABLED=0 go run $(GOLANGCI) run --config "$(CURDIR)/.golangci.yml" ./...); done

bench: deps build
	go -C bench run . -out ../docs/performance.md $(if $(filter quick,$(BENCH)),-quick)

demo: build
	go -C samples build -trimpath -o ../bin/ ./api ./daemon ./demo
	bin/demo -sekisho bin/sekisho -api bin/api -daemon bin/daemon

fuzz:
	FUZZTIME=$(FUZZTIME) scripts/fuzz.sh "$(TESTED)"

smoke: build
	scripts/smoke.sh bin/sekisho

fmt:
	gofmt -w $$(git ls-files '*.go' | grep -v /testdata/)

# Pages and golden files that are written by tests.
generate:
	go test ./internal/config ./internal/cli ./internal/protocol/aadsts ./internal/endpoint/graph -run TestReference -update

clean:
	rm -rf bin .tools
