# make help says what there is. Everything is one command away from a fresh clone.
SHELL := /bin/bash
.DEFAULT_GOAL := help

cache := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/dockercise
# Shared by clones, and kept between them: a cold build takes many minutes.
export CARGO_TARGET_DIR ?= $(cache)/target
export PATH := $(cache)/tools/bin:$(HOME)/.cargo/bin:$(PATH)
# dev or release
PROFILE ?= dev
binaries := $(CARGO_TARGET_DIR)/$(if $(filter dev,$(PROFILE)),debug,$(PROFILE))
web_sources := $(shell find web/src web/public web/index.html web/vite.config.ts web/package.json -type f 2>/dev/null)

.PHONY: help
help: ## what there is
	@sed -nE 's/^([a-z-]+):.*## (.*)/make \1\t\2/p' Makefile | expand -t 18

.PHONY: demo
demo: ## a pushed commit becomes a results page: all of it, on this machine (ctrl-c ends it)
	@scripts/needs demo
	@scripts/engine
	@$(MAKE) --no-print-directory web/dist/index.html
	cargo build --locked --profile $(PROFILE) --package dockercise-server --package stories --bin dockercise --bin demo
	@exec $(binaries)/demo $(ARGS)

.PHONY: test
test: ## everything: Rust, web, stories on real Docker, Chromium; ends with "N passed, N failed, N skipped"
	@scripts/test

.PHONY: fuzz
fuzz: ## what strangers can send, at random, ten minutes for each kind (SECONDS=600)
	@scripts/needs fuzz
	@scripts/fuzz $(or $(SECONDS),600)

.PHONY: projects
projects: ## builds and tests well-known projects by their pipelines in examples/projects (minutes)
	@scripts/needs test
	@scripts/engine
	@$(MAKE) --no-print-directory web/dist/index.html
	cargo build --locked --package dockercise-server
	cargo nextest run --locked --run-ignored all --package stories --test real projects

.PHONY: bench
bench: ## the README's table of figures (PROFILE=release for the shipped build)
	@scripts/needs demo
	@scripts/engine
	@$(MAKE) --no-print-directory web/dist/index.html
	cargo build --locked --profile $(PROFILE) --package dockercise-server --package stories --bin dockercise --bin bench
	@$(binaries)/bench $(ARGS)
	@cargo bench --locked --quiet --package dockercise-mask
	@cargo bench --locked --quiet --package dockercise-pipeline --bench compile --bench schedule

.PHONY: check
check: ## formatting, lints, licences, layers; no Docker
	@scripts/needs check
	@$(MAKE) --no-print-directory --keep-going fmt clippy deny layers web-check compose

.PHONY: build
build: web/dist/index.html ## the pages, then the workspace
	cargo build --locked --workspace --profile $(PROFILE)

.PHONY: openapi
openapi: web/node_modules/.installed ## server/openapi.json from the routes, web's types from it
	UPDATE_OPENAPI=1 cargo test --locked --package dockercise-server --package stories --lib the_api_is_as_described
	cd web && npm run --silent schema

# The parts of `make check` and of scripts/test, each for itself. Crates are always chosen so that cargo arrives at the same
# features of the libraries (--workspace, or the server with stories): another choice would compile most of them once more.
.PHONY: fmt clippy deny layers web-check compose rust-test doc-test web-test web-e2e
fmt:
	cargo fmt --all --check
	cargo fmt --manifest-path fuzz/Cargo.toml --check
clippy:
	cargo clippy --locked --workspace --all-targets -- -D warnings
deny:
	scripts/deny
layers:
	cargo test --locked --workspace --test layers
web-check: web/node_modules/.installed
	cd web && npm run --silent check
compose: web/node_modules/.installed
	@scripts/compose
rust-test:
	DOCKERCISE_NEED_DOCKER=1 cargo nextest run --locked --workspace
doc-test:
	cargo test --locked --workspace --doc
web-test: web/node_modules/.installed
	cd web && npm run --silent test
web-e2e: web/dist/index.html
	cargo build --locked --package dockercise-server --package stories --bins
	cd web && npm run --silent e2e

web/node_modules/.installed: web/package-lock.json web/package.json
	cd web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

web/dist/index.html: web/node_modules/.installed $(web_sources)
	cd web && npm run --silent build
	@touch $@
