# Needs Python 3.11 or later and make, nothing else. `make help` lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The first of these that is there and 3.11 or later. Set PYTHON to choose another.
PYTHON ?= $(shell for name in python3.13 python3.12 python3.11 python3.14 python3; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$name"; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
PROJECTS := $(patsubst %/pyproject.toml,%,$(wildcard shared/pyproject.toml services/*/pyproject.toml deploy/local/pyproject.toml))
LIBRARIES := $(VENV)/libraries-installed
PACKAGES := $(VENV)/packages-installed
# Two workers: each has template databases of its own, and small machines have two cores.
PYTEST := $(BIN)/python -m pytest
WORKERS ?= 2

.PHONY: help
help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(PACKAGES)  ## Make .venv from requirements.lock and install our packages into it (does nothing when up to date)

$(LIBRARIES): requirements.lock
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed and was not found. Install it, or name it: make setup PYTHON=/path/to/python3" >&2; exit 1; }
	@test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV) || { rm -rf $(VENV); echo "$(PYTHON) cannot make a virtual environment. On Debian: apt install python3-venv" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	@touch $@

$(PACKAGES): $(LIBRARIES) $(addsuffix /pyproject.toml,$(PROJECTS))
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation $(addprefix -e ./,$(PROJECTS))
	@touch $@

.PHONY: demo
demo: setup  ## Run the whole story on this machine, then stay up until Ctrl-C
	@exec $(BIN)/doudi demo

.PHONY: test
test: setup  ## Run all tests on the embedded PostgreSQL and broker (ARGS="-k name" for some)
	$(PYTEST) -n $(WORKERS) --dist loadgroup $(ARGS)

.PHONY: test-kafka
test-kafka: setup  ## Run bus, journeys and faults against Apache Kafka (needs Java 17 and Maven)
	DOUDI_TEST_BROKER=kafka $(PYTEST) -n 0 -m kafka $(ARGS)

.PHONY: test-spark
test-spark: setup  ## The rules on Spark, bucket by bucket (needs Java 17; installs Spark into .venv)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r deploy/spark/requirements.lock
	$(PYTEST) -n 0 -m spark $(ARGS)

.PHONY: lint
lint: setup  ## Check style, types, import rules and declared libraries
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .

.PHONY: lock
lock: $(LIBRARIES)  ## Resolve requirements.in into requirements.lock, with hashes
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --output-file requirements.lock requirements.in
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --constraint requirements.lock --output-file tests/bench/openfisca/requirements.lock tests/bench/openfisca/requirements.in
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --constraint requirements.lock --output-file deploy/spark/requirements.lock deploy/spark/requirements.in

.PHONY: clauses
clauses: setup  ## Print each obligation of the policy with its service and the tests that prove it
	@$(PYTEST) --clauses -q

.PHONY: bench-events
bench-events: setup  ## Events per second and latency from commit to handled effect
	@$(BIN)/python -m tests.bench.events

.PHONY: bench-api
bench-api: setup  ## Requests per second against a bare route
	@$(BIN)/python -m tests.bench.api

.PHONY: bench-cases
bench-cases: setup  ## Complete cases per minute through all services
	@$(BIN)/python -m tests.bench.cases

.PHONY: bench-fund
bench-fund: setup  ## Payments per second from one hot street and from all, against pgbench, a raw loop and a bare route
	@$(BIN)/python -m tests.bench.fund

.PHONY: bench-sharing
bench-sharing: setup  ## One verification by all departments, facts per second, a file of a million rows against COPY
	@$(BIN)/python -m tests.bench.sharing

.PHONY: bench-district
bench-district: setup  ## The base registry, the comparisons and a snapshot of a district of 1.2 million persons
	@$(BIN)/python -m tests.bench.sharing_district $(ARGS)

.PHONY: bench-leads
bench-leads: setup  ## Who a report of somebody in trouble is about: precision, recall and time on made-up people
	@$(BIN)/python -m tests.bench.leads

.PHONY: bench-rules
bench-rules: setup  ## The rules over 1.2 million persons and for one household, against OpenFisca-Core
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r tests/bench/openfisca/requirements.lock
	@$(BIN)/python -m tests.bench.rules $(ARGS)

.PHONY: clean
clean:  ## Remove the virtual environment, caches and resolved jars
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis deploy/kafka/target
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
