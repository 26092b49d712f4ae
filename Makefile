# Collabry: `make run` builds and starts it, `make test` runs the tests. Both install what they need.

SHELL := /bin/bash
.DEFAULT_GOAL := help
TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)
COLLABRY := $(TARGET_DIR)/release/collabry
export COLLABRY_MODEL_DIR ?= $(CURDIR)/models/all-MiniLM-L6-v2
# Where the question sets for `make eval` are; without them it runs on the project's own.
export COLLABRY_EVAL_DATA ?= $(CURDIR)/../shared/data

# Where the files for `make eval-files` are; without them it runs on the project's own.
export COLLABRY_FILES_DATA ?= $(CURDIR)/../shared/data/files

# The processor level to compile for (x86-64-v2, x86-64-v3, x86-64-v4); default: this machine's.
TARGET_CPU ?=

# Builds helm and k6, for tests.
GO := $(shell command -v go)
WEB_INPUTS := $(shell find web -path web/node_modules -prune -o -path web/dist -prune -o -type f -print 2>/dev/null)

.PHONY: help run cluster demo check build target-cpu deps model web test test-deps test-rust test-web test-e2e test-cluster test-docker test-docker-all test-helm test-k6 lint dependencies tidy docs eval eval-files bench bench-cluster clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Settings for the programs started here come from .env, when there is one.
WITH_ENV = set -a; [ ! -f .env ] || . ./.env; set +a; exec

run: deps model web build ## Build what is missing and start the server on http://127.0.0.1:5000
	@$(WITH_ENV) $(COLLABRY) serve

cluster: test-deps model web build e2e/node_modules/.package-lock.json ## Start a production-like cluster on this machine: replicas, nginx, Redis, MongoDB
	@$(WITH_ENV) env PATH="$$(scripts/node.sh):$$PATH" COLLABRY_BIN="$(abspath $(COLLABRY))" node e2e/cluster/main.js

demo: deps model build ## Load a notebook to try it with
	@$(WITH_ENV) $(COLLABRY) demo

check: deps model web build ## Report what is missing or wrong, and how to fix it
	@$(WITH_ENV) $(COLLABRY) check

build: deps ## Compile with optimisation (the first time takes a quarter of an hour: FAISS is built from source)
	@cargo build --release --locked --bins

build test-rust lint docs eval eval-files: target-cpu

target-cpu:
	@scripts/target-cpu.sh $(TARGET_CPU)

deps: ## Install missing system packages
	@scripts/install-deps.sh run

test-deps:
	@scripts/install-deps.sh test

model: deps ## Fetch the embedding model
	@scripts/fetch-model.sh

web: web/dist/index.html ## Build the web client

web/node_modules/.package-lock.json: web/package.json web/package-lock.json | deps
	cd web && PATH="$$(../scripts/node.sh):$$PATH" npm ci --no-audit --no-fund --loglevel=error
	@touch $@

web/dist/index.html: web/node_modules/.package-lock.json $(WEB_INPUTS)
	cd web && PATH="$$(../scripts/node.sh):$$PATH" npm run --silent build
	@touch $@

test: lint test-rust test-web test-e2e test-cluster ## Run every test except test-docker-all; Docker, Helm and k6 tests where they can run
	@if [ "$(GO)" ]; then $(MAKE) --no-print-directory test-helm; else \
	  echo "NOT RUN: make test-helm, make test-k6. They need Go, which builds helm and k6."; fi
	@# No test may fail because other work slows the machine down: k6 only reports the speed here; test-k6 on its own requires 200 ms.
	@export P95_MS=5000; code=0; scripts/docker-engine.sh >/dev/null || code=$$?; case $$code in \
	  0) $(MAKE) --no-print-directory test-docker $(if $(GO),test-k6) ;; \
	  69) echo "NOT RUN: make test-docker, make test-k6. No Docker engine can run here; see above." ;; \
	  *) exit $$code ;; esac

test-rust: test-deps model ## Run unit and integration tests of the crates
	scripts/cargo-test.py --release --locked --workspace

test-web: web/node_modules/.package-lock.json ## Lint and test the web client
	cd web && PATH="$$(../scripts/node.sh):$$PATH" && npm run --silent lint && npm test --silent

e2e/node_modules/.package-lock.json: e2e/package.json e2e/package-lock.json | deps
	cd e2e && PATH="$$(../scripts/node.sh):$$PATH" npm ci --no-audit --no-fund --loglevel=error
	@touch $@

test-e2e: test-deps model web build e2e/node_modules/.package-lock.json ## Test the built server with real clients and a real browser
	cd e2e && PATH="$$(../scripts/node.sh):$$PATH" COLLABRY_BIN="$(abspath $(COLLABRY))" npm test --silent

test-cluster: test-deps model web build e2e/node_modules/.package-lock.json ## Test replicas under load while their processes are killed
	cd e2e && PATH="$$(../scripts/node.sh):$$PATH" COLLABRY_BIN="$(abspath $(COLLABRY))" npm run --silent test-cluster

test-docker: test-deps model web build e2e/node_modules/.package-lock.json ## Test images, and good and bad deploys, on a real Docker engine
	@scripts/docker-engine.sh >/dev/null
	cd e2e && PATH="$$(../scripts/node.sh):$$PATH" COLLABRY_BIN="$(abspath $(COLLABRY))" npm run --silent test-docker

test-docker-all: test-docker ## Run test-docker, and test everything else that deploy.sh does
	cd e2e && PATH="$$(../scripts/node.sh):$$PATH" COLLABRY_BIN="$(abspath $(COLLABRY))" npm run --silent test-docker-more

test-helm: deps e2e/node_modules/.package-lock.json ## Test the Helm chart against the Kubernetes schemas (builds helm once)
	cd e2e && PATH="$$(../scripts/node.sh):$$PATH" npm run --silent test-helm

test-k6: test-deps model web build e2e/node_modules/.package-lock.json ## Test rolling updates under steady load (builds k6 once)
	@scripts/docker-engine.sh >/dev/null
	cd e2e && PATH="$$(../scripts/node.sh):$$PATH" COLLABRY_BIN="$(abspath $(COLLABRY))" npm run --silent test-k6

dependencies: test-deps ## Check licences, sources and known vulnerabilities of dependencies
	@scripts/dependencies.sh

tidy: deps ## Check spelling, links in documents, and unused code and dependencies
	@scripts/tidy.sh

lint: deps dependencies tidy ## Check formatting and lints
	cargo fmt --all --check
	cargo clippy --release --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --release --locked --workspace --no-deps --quiet

docs: test-deps web/node_modules/.package-lock.json ## Regenerate docs/configuration.md, docs/openapi.json, and the web client's types
	COLLABRY_WRITE_DOCS=1 cargo test --release --locked --quiet --workspace --test it -- configuration:: openapi::the_committed_document
	cd web && PATH="$$(../scripts/node.sh):$$PATH" npm run --silent types

eval: model ## Measure retrieval quality
	cargo run --release --locked --quiet --bin eval

eval-files: deps ## Measure how well files are extracted
	cargo run --release --locked --quiet --bin eval-files

bench: test-deps model web build e2e/node_modules/.package-lock.json ## Measure speed against peers
	@COLLABRY_BIN="$(abspath $(COLLABRY))" bench/run.sh

bench-cluster: test-deps model web build e2e/node_modules/.package-lock.json bench/peer/node_modules/.package-lock.json ## Measure replicas against a minimal Node server
	@COLLABRY_BIN="$(abspath $(COLLABRY))" bench/cluster.sh

bench/peer/node_modules/.package-lock.json: bench/peer/package.json bench/peer/package-lock.json | deps
	cd bench/peer && PATH="$$(../../scripts/node.sh):$$PATH" npm ci --no-audit --no-fund --loglevel=error
	@touch $@

clean: ## Remove build output, but no data
	rm -rf $(TARGET_DIR) web/dist web/node_modules e2e/node_modules e2e/mongo-server/target bench/peer/node_modules .tools
