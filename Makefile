# Every target works on a fresh machine with Python >= 3.11 and make: uv is fetched when it is missing.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
UV_VERSION := 0.13.9
UV := $(shell command -v uv 2>/dev/null || echo .tools/uv/bin/uv)
RUN := $(UV) run --frozen
# Tests run in a new order each time, but where this fixes it: make test ORDER=--randomly-seed=1
ORDER ?=

.PHONY: help setup demo up down test unit lint format bench chaos chaos-lean contracts images chart chart-readme containers cluster-test

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.tools/uv/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Kaiwa needs Python 3.11 or newer: make PYTHON=/path/to/python3.11"; exit 2; }
	$(PYTHON) -m venv .tools/uv
	.tools/uv/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

setup: $(filter .tools/%,$(UV))  ## the locked environment (every other target does this by itself)
	@$(UV) sync --frozen --quiet

demo: setup  ## the main job on a real Kafka and PostgreSQL, with its promises checked
	@$(RUN) kaiwa demo

up: setup  ## everything running in the background, with its URLs and lines to try
	@$(RUN) kaiwa up

down: setup  ## end what `make up` started
	@$(RUN) kaiwa down

# Integration tests mostly wait: files go to two processes, each with a Kafka and a PostgreSQL of its own.
test: unit  ## every tier but the long chaos runs
	@$(RUN) pytest tests/integration -n 2 --dist loadfile $(ORDER)
	@$(RUN) pytest tests/e2e $(ORDER)

unit: setup  ## the pure tests alone, in seconds
	@$(RUN) pytest tests/unit tests/contract $(ORDER)

lint: setup  ## ruff, strict types, import rules, known holes, secrets (KAIWA_CI_STRICT=1: a skip is a failure)
	@$(RUN) ruff format --check .
	@$(RUN) ruff check .
	@$(RUN) lint-imports
	@$(RUN) mypy
	@$(RUN) python -m kaiwa.devstack.scans

format: setup  ## what lint would complain of and a machine can mend
	@$(RUN) ruff format .
	@$(RUN) ruff check --fix .

bench: setup  ## ratios against bare references, one JSON line each
	@$(RUN) pytest tests/bench -s --no-header -q

chaos: setup  ## the long storm: 2,000 sends under faults, 50 kills, freezes and restarts; 60 more in the demo's story
	@KAIWA_CHAOS=long $(RUN) pytest tests/chaos -s --show-capture=no

chaos-lean: setup  ## the same in minutes, as CI runs it
	@$(RUN) pytest tests/chaos $(ORDER)

contracts: setup  ## write docs/contracts anew from the code
	@$(RUN) kaiwa contracts write

chart: setup  ## the Helm chart: linted, rendered, validated, its settings loaded (builds its tools by Go, once)
	@deploy/helm/check.sh $(UV)

chart-readme: setup  ## write what the chart repeats of the code and of its values
	@$(RUN) kaiwa chart write
	@"$$(deploy/helm/tools.sh helm-docs)/helm-docs" --chart-search-root deploy/helm/kaiwa --sort-values-order file --log-level error

images: setup  ## the container images, with what is in them (CycloneDX) in dist/images
	@deploy/images/build.sh

containers: setup  ## what ships, and a part of the integration tests, on containers (builds the images)
	@deploy/images/test.sh $(UV)

cluster-test: setup  ## the chart on a real cluster: installed, hurt, upgraded under load, rolled back
	@deploy/cluster/test.sh $(UV)
