# Short names for the tools. `make` alone lists them.

DENO := tools/deno
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help run test test-native test-docker build check bench fuzz soak docs image up down clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Build, find or start a Redis, and serve on port 8080 (RP_PORT) until Ctrl-C (REDIS=cluster|sentinel)
	@exec $(DENO) run -A tools/run.ts $(if $(REDIS),--redis $(REDIS))

test: ## Run the whole gate: in containers if Docker is running, else on this machine
	@exec tools/test.sh

test-native: ## Run the gate on this machine
	@exec tools/test.sh native

test-docker: ## Run the gate in containers, with its own Redis
	@exec tools/test.sh docker

build: ## Make the executable dist/redis-proxy
	@exec $(DENO) run -A tools/build.ts

check: ## Check format, lint rules and types
	@exec $(DENO) task check

bench: ## Measure speed against redis-server
	@exec $(DENO) task bench

fuzz: ## Send a million mutated requests
	@exec $(DENO) task fuzz

soak: ## Check every answer under load and faults (SOAK="--seconds 600 --faults all", SOAK=--help)
	@exec $(DENO) task soak $(SOAK)

docs: ## Build the HTML documentation of the API in dist/docs
	@exec $(DENO) run -A tools/api_docs.ts

image: ## Build the container image redis-proxy
	@exec tools/compose.sh build proxy

up: ## Start Redis and the proxy in containers, and wait until both are healthy
	@exec tools/up.sh

down: ## Remove those containers
	@exec tools/compose.sh --profile test down --volumes

clean: ## Remove dist/: the executable, and the remembered kind of network
	@rm -rf dist
