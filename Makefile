# Everything to do with a checkout. Each target sets up what it needs on a fresh machine with Python and make; `make help` lists them.

PYTHON   ?= python3
VENV     ?= .venv
SPEC     ?= specs/navidrome.yml
INCIDENT ?=
FAULT    ?=
ARGS     ?=
# File for the collector's own exit code: make itself can exit only with 0 or 2.
STATUS   ?=

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps
# Stamps of what was set up, one per Python: another PYTHON means a new environment.
RUN := $(VENV)/.run-$(subst /,-,$(PYTHON))
DEV := $(VENV)/.dev-$(subst /,-,$(PYTHON))
SERVERS := tests/integration/servers
GOBIN   := .cache/bin
COVERAGE := --cov --cov-report=term:skip-covered
# Parallel test processes; 0 runs the tests one after another, as a debugger needs it.
WORKERS  ?= auto
PYTEST   := pytest -n $(WORKERS)
# Pythons that `check-all` runs the suite with; the packages and their locks support all of them.
PYTHONS  ?= python3.11 python3.12 python3.13

.DEFAULT_GOAL := help
.PHONY: help setup demo diagnose test check check-all check-min lint format wheel audit mutation fuzz bench accuracy servers lab lab-fault lab-down lock clean
.DELETE_ON_ERROR:

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo 'Variables: PYTHON=$(PYTHON) VENV=$(VENV) SPEC=$(SPEC) INCIDENT= FAULT= ARGS= STATUS=FILE WORKERS=$(WORKERS)'

setup: $(RUN) ## Set up the environment for demo and diagnose, nothing else

demo: $(RUN) ## Diagnose a recorded incident through the real HTTP and CLI path (INCIDENT=, ARGS=); needs no cluster
	@$(BIN)/collector demo $(INCIDENT) $(ARGS)

diagnose: $(RUN) ## Diagnose a cluster (SPEC=, ARGS=); exits with 0 or 2, the collector's own exit code goes to STATUS=FILE
	@$(BIN)/collector diagnose $(SPEC) $(ARGS); code=$$?; $(if $(STATUS),echo $$code > '$(STATUS)';) exit $$code

test: $(DEV) ## Run all tests (ARGS=); those with real Consul and LiteFS need Go and FUSE
	$(BIN)/$(PYTEST) $(ARGS)

check: lint ## Run what CI runs: lint, then all tests with a minimum of branch coverage
	$(BIN)/$(PYTEST) $(COVERAGE) $(ARGS)

check-all: ## Run all tests under each installed Python of PYTHONS, each in its own environment (ARGS=)
	@for python in $(PYTHONS); do \
		$$python -c '' 2>/dev/null || { echo "$$python is not here" >&2; continue; }; \
		$(MAKE) test PYTHON=$$python VENV=$(VENV)-$$python || exit; \
	done

check-min: ## Run all tests with the lowest versions of the dependencies that pyproject.toml allows (ARGS=)
	@$(MAKE) $(VENV)-min/.dev-$(subst /,-,$(PYTHON)) VENV=$(VENV)-min
	$(VENV)-min/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/min.txt
	$(VENV)-min/bin/$(PYTEST) $(ARGS)

lint: $(DEV) ## Check formatting, lint rules and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(DEV) ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

wheel: $(RUN) ## Build the wheel in dist/ (ARGS='-d DIRECTORY' for another place) with the locked build tool
	$(BIN)/python -m hatchling build -t wheel $(ARGS)

audit: $(RUN) ## List known vulnerabilities of the locked dependencies; needs access to an advisory database
	@test -x $(VENV)-audit/bin/pip-audit || { $(PYTHON) -m venv $(VENV)-audit && $(VENV)-audit/bin/pip install --quiet pip-audit; }
	@$(VENV)-audit/bin/pip-audit --strict --progress-spinner off --disable-pip --require-hashes -r requirements/run.txt >$(VENV)-audit/told 2>&1; \
	code=$$?; cat $(VENV)-audit/told; \
	test $$code = 0 || grep -q 'Found [0-9]* known vulnerabilit' $(VENV)-audit/told || \
		echo 'NOT AUDITED: the advisory database could not be asked, see above' >&2; exit $$code

mutation: $(DEV) ## Break each rule and redaction pattern in turn, and write what no test notices to docs/mutation.md (ARGS=)
	$(BIN)/python -m tests.mutation $(ARGS)

fuzz: $(DEV) ## Coverage-guided fuzzing of all readers of external input (needs Linux on x86-64; ARGS='SECONDS TARGET...')
	$(PIP) --require-hashes -r requirements/fuzz.txt
	$(BIN)/python -m tests.fuzz $(ARGS)

bench: $(DEV) ## Measure speed and write docs/benchmarks.md (ARGS=)
	$(BIN)/python -m tests.bench $(ARGS)

accuracy: $(DEV) ## Grade the diagnosis of all recorded incidents and their variants, and write docs/accuracy.md (ARGS=)
	$(BIN)/python -m tests.accuracy $(ARGS)

servers: $(GOBIN)/consul $(GOBIN)/litefs ## Build the real Consul and LiteFS that the integration tests start; needs Go and a C compiler

$(GOBIN)/%: $(SERVERS)/%/go.mod $(SERVERS)/%/go.sum
	GOBIN="$$PWD/$(GOBIN)" && export GOBIN && cd $(SERVERS)/$* && go install tool
	@touch $@

lab: $(DEV) ## Boot a whole cluster on loopback and wait until it is healthy; needs nomad on PATH (docs/lab.md)
	@$(BIN)/python -m tests.lab up $(ARGS)

lab-fault: $(DEV) ## Inject a fault into the lab (FAULT=; without it, list the faults)
	@$(BIN)/python -m tests.lab $(if $(FAULT),fault $(FAULT),faults)

lab-down: $(DEV) ## Stop the lab and leave nothing behind
	@$(BIN)/python -m tests.lab down

UV ?= uv
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url
lock: ## Update the locks of pyproject.toml's dependencies (needs uv; ARGS=--upgrade for newer versions)
	$(COMPILE) $(ARGS) pyproject.toml -o requirements/run.txt
	$(COMPILE) $(ARGS) pyproject.toml --group dev -c requirements/run.txt -o requirements/dev.txt
	$(COMPILE) --resolution lowest-direct pyproject.toml -o requirements/min.txt
	$(COMPILE) $(ARGS) --group build -c requirements/dev.txt -o requirements/build.txt
	$(COMPILE) $(ARGS) --group fuzz -o requirements/fuzz.txt

clean: ## Remove everything that make created
	rm -rf $(VENV) $(VENV)-* .cache dist build htmlcov .coverage .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find collector templates tests -name __pycache__ -prune -exec rm -rf {} +

$(RUN): requirements/run.txt requirements/build.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo '$(PYTHON) is missing or older than Python 3.11: name another one with PYTHON=' >&2; exit 1; }
	@test "$$($(BIN)/python -V 2>/dev/null)" = "$$($(PYTHON) -V)" || $(PYTHON) -m venv --clear $(VENV)
	$(PIP) --require-hashes -r requirements/run.txt -r requirements/build.txt
	$(PIP) --no-build-isolation --editable .
	-@$(BIN)/python -m compileall -q collector # where PYTHONDONTWRITEBYTECODE is set, no run would
	@touch $@

$(DEV): $(RUN) requirements/dev.txt
	$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@
