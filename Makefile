# make demo: see it work.   make test: check it.   make help: everything else.
PYTHON ?= python3
VENVS  := .venv
DEMO   := $(VENVS)/demo
TEST   := $(VENVS)/test
PIP    := install --quiet --disable-pip-version-check
SOURCES := $(shell find daemon db models trainer -type f -not -name '*.pyc' 2>/dev/null)
FILMS  := $(patsubst ~/%,$(HOME)/%,$(IMAGES)) # not every shell expands IMAGES=~/films

NEW_ENOUGH := $(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 ...")'

.DEFAULT_GOAL := help
.PHONY: help demo test lint bench faults system-parts lock clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

demo: $(DEMO)/.ready ## the real daemon on real films; IMAGES=FOLDER for your own
	@$(DEMO)/bin/cxr-triage demo $(if $(IMAGES),--images "$(strip $(FILMS))")

test: $(TEST)/.ready ## every test; those that lack a part of the system skip and say so
	@$(TEST)/bin/ruff check .
	@$(TEST)/bin/ruff format --check --quiet .
	@$(TEST)/bin/mypy
	@$(TEST)/bin/python -m pytest -q -ra $(TESTS)

lint: $(TEST)/.ready ## style, types and layers only
	$(TEST)/bin/ruff check .
	$(TEST)/bin/ruff format --check .
	$(TEST)/bin/mypy
	$(TEST)/bin/lint-imports

bench: $(TEST)/.ready ## how fast, as ratios within one run
	@$(TEST)/bin/python tests/bench/bench.py

faults: $(TEST)/.ready ## the long fault runs, two hours: figures for docs/reliability.md
	@mkdir -p $(FAULTS)
	$(TEST)/bin/python tests/faults/kills.py --kills 1000 --files 20000
	$(TEST)/bin/python tests/faults/power.py --cuts 20 --folder $(FAULTS)/power
	$(TEST)/bin/python tests/faults/fuzz.py --inputs 10000 --folder $(FAULTS)/fuzz
	$(TEST)/bin/python tests/faults/burst.py --files 100000
	$(TEST)/bin/python tests/faults/latency.py --films 100
	$(TEST)/bin/python tests/faults/receiver.py --films 1000 --kills 5
	if [ "$$(id -u)" = 0 ] && command -v debootstrap >/dev/null && command -v systemd-nspawn >/dev/null; \
	then $(TEST)/bin/python tests/faults/booted.py --folder $(FAULTS)/machine; \
	else echo "booted.py: not run, it needs root, debootstrap and systemd-container"; fi
	CXR_TRIAGE_FAULTS=long CXR_TRIAGE_SEARCH=long $(TEST)/bin/python -m pytest -q -ra tests/faults tests/intake/test_stateful.py
FAULTS := $(VENVS)/faults

system-parts: ## what the tests use of the system (Debian; needs root)
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$(sed 's/#.*//' tests/system-parts.txt)

lock: ## pin every dependency again, with hashes (needs uv)
	uv pip compile pyproject.toml $(LOCK) -o locks/daemon.txt
	uv pip compile pyproject.toml --extra receiver $(LOCK) -o locks/dicom.txt
	uv pip compile pyproject.toml --extra pdf $(LOCK) -o locks/pdf.txt
	uv pip compile pyproject.toml --extra demo $(LOCK) -o locks/demo.txt
	uv pip compile pyproject.toml --extra demo --extra receiver --extra pdf --extra trainer --extra test $(LOCK) -o locks/test.txt
LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-annotate

clean: ## remove environments, builds and demos
	rm -rf $(VENVS) build dist demo *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(DEMO)/.ready: locks/demo.txt pyproject.toml $(SOURCES)
	@echo "Building the environment of the demo in $(DEMO) (once; the daemon's dependencies, no TensorFlow) ..."
	@$(NEW_ENOUGH)
	@test -x $(DEMO)/bin/python || $(PYTHON) -m venv $(DEMO)
	@$(DEMO)/bin/python -m pip $(PIP) --require-hashes -r locks/demo.txt
	@rm -rf build *.egg-info # what an earlier build left there would be installed too
	@$(DEMO)/bin/python -m pip $(PIP) --no-deps --force-reinstall .
	@rm -rf build *.egg-info
	@touch $@

$(TEST)/.ready: locks/test.txt pyproject.toml
	@echo "Building the environment of the tests in $(TEST) (once; with TensorFlow, about 2 GB) ..."
	@$(NEW_ENOUGH)
	@test -x $(TEST)/bin/python || $(PYTHON) -m venv $(TEST)
	@$(TEST)/bin/python -m pip $(PIP) --require-hashes -r locks/test.txt
	@$(TEST)/bin/python -m pip $(PIP) --no-deps --editable .
	@touch $@
