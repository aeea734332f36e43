# Set-up needs Python 3.11+, make and the package index; everything else comes from requirements.lock.
FIND_PYTHON = for p in python3 python3.13 python3.12 python3.11; do \
  $$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done
PYTHON ?= $(shell $(FIND_PYTHON))
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
WITH_SERVERS := tests/integration tests/flows tests/faults

.PHONY: help setup demo test test-long check format up down docs screenshots bench package rehearse lock clean

help: ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

setup: $(READY) ## Make the virtual environment from the hashed lock

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer, with venv, is needed and was not found; set PYTHON=..."; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	@touch $@

demo: $(READY) ## Run the whole job on embedded stores and show its results
	$(BIN)/escore demo

test: $(READY) ## Run every check and the whole test suite
	$(MAKE) --no-print-directory check
	@scripts/install-browser
	@scripts/install-checks
	$(BIN)/python -m pytest --numprocesses=2 --dist=loadfile $(addprefix --ignore=,$(WITH_SERVERS))
	$(BIN)/python -m pytest $(WITH_SERVERS)

test-long: $(READY) ## The long forms of the tests
	@scripts/install-browser
	@scripts/install-checks
	$(BIN)/python -m pytest --run-long

check: $(READY) ## Format, lint, strict types, import rules, dead code
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/vulture

format: $(READY) ## Format the code and mend what the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

up: $(READY) ## Start the embedded stores and Prefect
	$(BIN)/escore up

down: $(READY) ## Stop them
	$(BIN)/escore down

docs: $(READY) ## Make the reference pages from the declarations
	$(BIN)/python -m flows.reference_pages docs/reference
	$(BIN)/python -m deploy.picture docs/assets/architecture.svg

screenshots: $(READY) ## Take the pictures in docs/assets anew
	DOCS_ASSETS=docs/assets $(BIN)/python -m pytest -q tests/integration/test_api_browser.py

bench: $(READY) ## Run the benchmarks and print their tables
	$(BIN)/python -m benchmarks

package: $(READY) ## Build the bundles for AWS; RDS_CERTIFICATES=global-bundle.pem goes into them
	$(BIN)/python -m deploy.package $(if $(RDS_CERTIFICATES),--certificates $(RDS_CERTIFICATES))

rehearse: $(READY) ## Make the templates' resources on moto's server, and print each with its state
	$(BIN)/python -m deploy.rehearsal

lock: $(READY) ## Resolve the lock again from pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 --extra embedded --extra telemetry --extra dask --extra dev pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 deploy/checks.in -o deploy/checks.lock

clean: ## Stop the embedded stores and remove all that was made here
	-@test -x $(BIN)/escore && $(BIN)/escore down --erase && SCORE_VAR=var/demo $(BIN)/escore down --erase
	rm -rf $(VENV) var build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
