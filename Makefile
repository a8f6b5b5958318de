# Two commands matter: `make up` runs it all on this machine, `make test` checks it all on this machine.
# The work is done by infra/local; PYTHON names the interpreter to start it with (3.10 or newer).

PYTHON ?= python3
LOCAL := $(PYTHON) infra/local

.PHONY: help up down status logs test lint fmt bench release-sizes

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

up: ## build, start the local AWS and the sandbox, deploy, connect, publish a first post
	@$(LOCAL) up

down: ## stop what `make up` started
	@$(LOCAL) down

status: ## what runs, and where
	@$(LOCAL) status

logs: ## what the functions wrote
	@$(LOCAL) logs

test: ## every check there is, and one summary
	@$(LOCAL) test

lint: ## formats, lints and the template
	@$(LOCAL) lint

fmt: ## format every Rust file
	@$(LOCAL) fmt

bench: ## sizes, start, AWS calls and cost of a post, from a release build (the first one takes minutes)
	@cargo build --release -p api -p scheduler -p publisher
	@cargo run --quiet -p crieur-bench

release-sizes: ## a release build by the SAM CLI, and the size of each zip
	@$(LOCAL) sizes
