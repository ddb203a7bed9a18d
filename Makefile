# Everything one does with a checkout. Each target sets up what it needs, on a fresh machine with Python and make; `make help` lists them.

PYTHON   ?= python3
VENV     ?= .venv
SPEC     ?= specs/navidrome.yml
INCIDENT ?=
FAULT    ?=
ARGS     ?=
# File that gets the collector's own exit code: make itself can only say 0 or 2.
STATUS   ?=

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps
# What was set up with which Python; another PYTHON is another stamp, and a new environment.
RUN := $(VENV)/.run-$(subst /,-,$(PYTHON))
DEV := $(VENV)/.dev-$(subst /,-,$(PYTHON))
SERVERS := tests/integration/servers
GOBIN   := .cache/bin
COVERAGE := --cov --cov-report=term:skip-covered
# Processes that share the tests; 0 for one after another, as a debugger needs it.
WORKERS  ?= auto
PYTEST   := pytest -n $(WORKERS)
# Pythons that the whole suite is run with; the packages and their locks are for all of them.
PYTHONS  ?= python3.11 python3.12 python3.13

.DEFAULT_GOAL := help
.PHONY: help setup demo diagnose test check check-all check-min lint format wheel audit mutation fuzz bench accuracy servers lab lab-fault lab-down lock clean
.DELETE_ON_ERROR:

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo 'Variables: PYTHON=$(PYTHON) VENV=$(VENV) SPEC=$(SPEC) INCIDENT= FAULT= ARGS= STATUS=FILE WORKERS=$(WORKERS)'

setup: $(RUN) ## Only the environment that demo and diagnose run in

demo: $(RUN) ## A recorded incident, diagnosed through the real HTTP and CLI path (INCIDENT=, ARGS=); needs no cluster
	@$(BIN)/collector demo $(INCIDENT) $(ARGS)

diagnose: $(RUN) ## Diagnose a cluster (SPEC=, ARGS=); exit code 0 or 2, the collector's own in STATUS=FILE
	@$(BIN)/collector diagnose $(SPEC) $(ARGS); code=$$?; $(if $(STATUS),echo $$code > '$(STATUS)';) exit $$code

test: $(DEV) ## All tests; without Go or FUSE those with real Consul and LiteFS are skipped
	$(BIN)/$(PYTEST) $(ARGS)

check: lint ## What CI runs: lint, then all tests with branch coverage and its floor
	$(BIN)/$(PYTEST) $(COVERAGE) $(ARGS)

check-all: ## All tests under each Python of PYTHONS that is there, each in an environment of its own (ARGS=)
	@for python in $(PYTHONS); do \
		$$python -c '' 2>/dev/null || { echo "$$python is not here" >&2; continue; }; \
		$(MAKE) test PYTHON=$$python VENV=$(VENV)-$$python || exit; \
	done

check-min: ## All tests with the lowest versions of the dependencies that pyproject.toml allows (ARGS=)
	@$(MAKE) $(VENV)-min/.dev-$(subst /,-,$(PYTHON)) VENV=$(VENV)-min
	$(VENV)-min/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/min.txt
	$(VENV)-min/bin/$(PYTEST) $(ARGS)

lint: $(DEV) ## Format, lint rules and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(DEV) ## Put the code into its form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

wheel: $(RUN) ## The wheel, in dist/ (ARGS='-d DIRECTORY' for another place), with the locked build tool
	$(BIN)/python -m hatchling build -t wheel $(ARGS)

audit: $(RUN) ## Known vulnerabilities of what is locked to run; needs an advisory database, says so where it cannot be reached
	@test -x $(VENV)-audit/bin/pip-audit || { $(PYTHON) -m venv $(VENV)-audit && $(VENV)-audit/bin/pip install --quiet pip-audit; }
	@$(VENV)-audit/bin/pip-audit --strict --progress-spinner off --disable-pip --require-hashes -r requirements/run.txt >$(VENV)-audit/told 2>&1; \
	code=$$?; cat $(VENV)-audit/told; \
	test $$code = 0 || grep -q 'Found [0-9]* known vulnerabilit' $(VENV)-audit/told || \
		echo 'NOT AUDITED: the advisory database could not be asked, see above' >&2; exit $$code

mutation: $(DEV) ## Break each rule and redaction pattern in turn, write docs/mutation.md: what no test notices (ARGS=)
	$(BIN)/python -m tests.mutation $(ARGS)

fuzz: $(DEV) ## Fuzz all that reads what others wrote, by coverage (needs Linux on x86-64; ARGS='SECONDS TARGET...')
	$(PIP) --require-hashes -r requirements/fuzz.txt
	$(BIN)/python -m tests.fuzz $(ARGS)

bench: $(DEV) ## Measure speed, write docs/benchmarks.md (ARGS=)
	$(BIN)/python -m tests.bench $(ARGS)

accuracy: $(DEV) ## Grade the diagnosis of all recorded incidents and their variants, write docs/accuracy.md (ARGS=)
	$(BIN)/python -m tests.accuracy $(ARGS)

servers: $(GOBIN)/consul $(GOBIN)/litefs ## Build the real Consul and LiteFS that the integration tests start; needs Go and a C compiler

$(GOBIN)/%: $(SERVERS)/%/go.mod $(SERVERS)/%/go.sum
	GOBIN="$$PWD/$(GOBIN)" && export GOBIN && cd $(SERVERS)/$* && go install tool
	@touch $@

lab: $(DEV) ## Boot a whole cluster on loopback and wait until it is healthy; needs nomad on PATH (docs/lab.md)
	@$(BIN)/python -m tests.lab up $(ARGS)

lab-fault: $(DEV) ## Break the lab (FAULT=; without it, the list of faults)
	@$(BIN)/python -m tests.lab $(if $(FAULT),fault $(FAULT),faults)

lab-down: $(DEV) ## Stop the lab, leave nothing behind
	@$(BIN)/python -m tests.lab down

UV ?= uv
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url
lock: ## Lock the dependencies of pyproject.toml anew (needs uv; ARGS=--upgrade for newer versions)
	$(COMPILE) $(ARGS) pyproject.toml -o requirements/run.txt
	$(COMPILE) $(ARGS) pyproject.toml --group dev -c requirements/run.txt -o requirements/dev.txt
	$(COMPILE) --resolution lowest-direct pyproject.toml -o requirements/min.txt
	$(COMPILE) $(ARGS) --group build -c requirements/dev.txt -o requirements/build.txt
	$(COMPILE) $(ARGS) --group fuzz -o requirements/fuzz.txt

clean: ## Remove all that make made
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
