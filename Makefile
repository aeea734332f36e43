# Set-up needs Python 3.11+, make and the package index; everything else comes from requirements.lock.
FIND_PYTHON = for p in python3 python3.13 python3.12 python3.11; do \
  $$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done
PYTHON ?= $(shell $(FIND_PYTHON))
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
WITH_SERVERS := tests/flows tests/run_faults tests/hostile tests/faults tests/integration tests/documented

.PHONY: help setup demo sandbox test test-long fuzz check format up down prefect web docs site notebooks pages screenshots bench package rehearse peers audit sbom image lock clean

help: ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

setup: $(READY) ## Make the virtual environment from the hashed lock

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer, with venv, is needed and was not found; set PYTHON=..."; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing what requirements.lock names, 2 GB: some minutes, in which pip says nothing"
	$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	@touch $@

demo: $(READY) ## Run the whole job on embedded stores and show its results
	$(BIN)/escore demo

sandbox: $(READY) ## The same, and leave the API and its page up until Ctrl-C, with a token to sign in
	$(BIN)/escore demo --serve

test: $(READY) ## Run every check and the whole test suite
	$(MAKE) --no-print-directory check
	@scripts/install-browser
	@scripts/install-tls-servers
	@scripts/install-web
	@scripts/install-checks
	$(BIN)/python -m pytest --numprocesses=2 --dist=loadfile --no-loadscope-reorder $(addprefix --ignore=,$(WITH_SERVERS))
	$(BIN)/python -m pytest --numprocesses=2 --dist=loadfile --no-loadscope-reorder $(WITH_SERVERS)

test-long: $(READY) ## The long forms of the tests
	@scripts/install-browser
	@scripts/install-tls-servers
	@scripts/install-web
	@scripts/install-checks
	$(BIN)/python -m pytest --run-long

fuzz: $(READY) ## Try 100,000 cases on every parser, with Atheris, 35 MB; FUZZ="--cases 5000" for fewer
	$(BIN)/python -m pip install -qq --disable-pip-version-check --no-build-isolation -e '.[fuzz]'
	$(BIN)/python -m tests.fuzz $(FUZZ)

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

prefect: $(READY) ## Start Prefect and a worker here, deploy everything, let a schedule start a night; PREFECT="--exit" ends after it
	$(BIN)/escore prefect local $(PREFECT)

web: ## Build the page of serve/web anew (needs Node 20.19 or newer, with npm)
	@scripts/install-web
	cd serve/web && npm run format && npm run build

docs: $(READY) ## Make reference pages and the map of personal data from the declarations, the plan for a country from the figures
	$(BIN)/python -m flows.reference_pages docs/reference
	$(BIN)/python -m flows.privacy_page docs
	$(BIN)/python -m escore.reference_page docs/reference
	$(BIN)/python -m flows.flow_figure docs/assets
	$(BIN)/python -m benchmarks.scale_plan --write
	$(BIN)/python -m deploy.costs --write
	$(BIN)/python -m deploy.picture docs/assets/architecture.svg

site: $(READY) ## Build the documentation as a site below build/site; any warning fails it
	$(BIN)/python -m deploy.site.build build/site

notebooks: $(READY) ## Open the notebooks in Jupyter Lab, 200 MB the first time; they read the stores of `make up`
	$(BIN)/python -m pip install -qq --disable-pip-version-check --no-build-isolation -e '.[notebooks]'
	JUPYTER_CONFIG_PATH=notebooks/jupyter $(BIN)/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) \
	  --LabApp.default_url=/lab/tree/notebooks/01_start_here.py

pages: $(READY) ## Run the notebooks on those stores and write their pages, for readers without Jupyter
	$(BIN)/python -m notebooks.pages docs/tutorials/notebooks

screenshots: $(READY) ## Take the pictures in docs/assets anew
	DOCS_ASSETS=docs/assets $(BIN)/python -m pytest -q tests/integration/test_api_browser.py tests/integration/test_web_page.py tests/flows/test_prefect_deployments.py tests/flows/test_report_in_browser.py

bench: $(READY) ## Measure a night's steps beside floor and peers: hours; BENCH="--consumers 20000" for less
	$(BIN)/python -m benchmarks $(BENCH)

package: $(READY) ## Build the bundles for AWS; RDS_CERTIFICATES=global-bundle.pem goes into them
	$(BIN)/python -m deploy.package $(if $(RDS_CERTIFICATES),--certificates $(RDS_CERTIFICATES))

rehearse: $(READY) ## Make the templates' resources on moto's server, and print each with its state
	$(BIN)/python -m deploy.rehearsal

peers: $(READY) ## Install what `make bench` measures beside: Polars, PySpark and Feast, 1 GB
	$(BIN)/python -m pip install -qq --disable-pip-version-check --no-build-isolation -e '.[peers]'
	$(BIN)/python -m benchmarks --make-feast

audit: $(READY) ## Ask which locked versions have known faults: needs the network; AUDIT="--service osv" asks OSV
	$(BIN)/python -m deploy.supply.audit $(AUDIT)

sbom: $(READY) ## Make the bill of materials, and the image's part of the lock
	$(BIN)/python -m deploy.supply.image_packages
	$(BIN)/python -m deploy.supply.bill_of_materials

image: ## Build the image with Docker: IMAGE=escore
	docker build --file deploy/image/Dockerfile --tag $(or $(IMAGE),escore) .

lock: $(READY) ## Resolve the lock again from pyproject.toml, install it, and make what derives from it
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 --extra embedded --extra telemetry --extra dask --extra docs --extra dev pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 deploy/checks.in -o deploy/checks.lock
	$(MAKE) --no-print-directory sbom

clean: ## Stop the embedded stores and remove all that was made here
	-@test -x $(BIN)/escore && $(BIN)/escore down --erase && SCORE_VAR=var/demo $(BIN)/escore down --erase
	rm -rf $(VENV) serve/web/node_modules var build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
