# `make help` lists the targets. Everything is installed into .venv from the lock.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
SEED   ?= 1
JOBS   ?= 3# test files at a time: they wait for disks and clocks as much as they compute

.DEFAULT_GOAL := help
.PHONY: help demo run test check auswertung bench lock clean campaign timing faults

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(VENV)/ready  ## a throw-away gateway on loopback answers sample queries; ends by itself
	@$(BIN)/xmeld-gateway demo

run: $(VENV)/ready  ## the same gateway, but it stays up; says how to send a request
	@$(BIN)/xmeld-gateway demo --stay

test: $(VENV)/ready  ## the whole test suite
	@$(BIN)/python -m pytest -q -n $(JOBS) --dist loadfile

check: $(VENV)/ready  ## format, lint, types, import contracts, tests: what CI runs
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(MAKE) --no-print-directory test

bench: $(VENV)/ready  ## speed of an exchange and of the search, as ratios against a floor of the same run
	@$(BIN)/python -m tests.bench

auswertung: $(VENV)/ready  ## precision and recall of `protokoll evaluate` on a synthetic year of 1 M exchanges (SEED=…)
	@$(BIN)/python -m tests.auswertung --seed $(SEED)

campaign: $(VENV)/ready  ## the long hostile run: 20,000 mutations over HTTP (SEED=…)
	@$(BIN)/python -m tests.hostile.campaign --seed $(SEED) --mutations 20000

timing: $(VENV)/ready  ## can blocked be told from absent? 2,000 pairs over HTTP, and a planted leak (SEED=…)
	@$(BIN)/python -m tests.timing --every --seed $(SEED)

faults: $(VENV)/ready  ## killed, databases gone, disk full, clock set back: 200 kills on each database (SEED=…)
	@$(BIN)/python -m tests.fault --seed $(SEED)

lock: $(VENV)/ready  ## write requirements.lock anew from pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --all-extras \
	  --custom-compile-command 'make lock' pyproject.toml --output-file requirements.lock

clean:  ## remove the environment and the demo's instance
	rm -rf $(VENV) .demo
