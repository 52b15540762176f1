# The one entry point. `make` lists the targets; `.ci/run` calls the same ones.
# Each recipe is a call of a script in .ci/, so that the steps can be read and run on their own.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Of `make fuzz`, in all. TARGET names one of Tests/Fuzz/Bodies/FuzzTarget.swift; empty for every one.
SECONDS ?= 1200
TARGET ?=

.PHONY: help setup run build test verify fuzz bench generate format lint clean

help: ## List the targets
	@echo 'make TARGET, where TARGET is one of:'
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-10s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install the Debian packages that building needs, and check the Swift toolchain
	@.ci/setup build

run: setup ## Build, start chatd on its defaults and chat with it
	@.ci/chat

build: setup ## Build the programs for release into .build/release/
	@.ci/build release

test: setup ## Run every test: Swift, and the `test` scripts under Tests/ and Clients/
	@.ci/setup test
	@.ci/test

verify: setup ## The long tier: sanitizers, and the `verify` scripts under Tests/ and Clients/
	@.ci/setup test
	@.ci/verify

fuzz: setup ## Fuzz what reads bytes from outside, for SECONDS=1200 in all; TARGET=name for one target
	@Tests/Fuzz/run $(SECONDS) $(TARGET)

bench: build ## Measure chatd beside its peers: a Markdown table
	@.ci/bench

generate: setup ## Write the generated code anew from proto/
	@.ci/generate

format: ## Format the hand-written Swift files in place
	@.ci/format

lint: setup ## Formatting, generated files, warnings: all of them errors
	@.ci/lint

clean: ## Remove what was built
	rm -rf .build .build-*
