# The verbs of this repository.  On a fresh machine each one first sets up what it needs:
# a uv that runs (a private one in .tools if there is none), then the environment in .venv.
SHELL := /bin/sh
.DEFAULT_GOAL := help

PYTHON ?= python3
# Asking for the cache directory makes uv read this project's settings, so one that is broken or too old is passed over.
UV := $(shell uv cache dir >/dev/null 2>&1 && command -v uv || echo .tools/bin/uv)
export UV_PYTHON_DOWNLOADS := never
# An absolute path: uv then does not look for interpreters itself, and never meets a version manager's shims.
export UV_PYTHON ?= $(shell $(PYTHON) -c 'import sys; print(sys.executable)')

RUN := .venv/bin/python
MEMBERS := $(wildcard packages/*/pyproject.toml)

.PHONY: help demo test check fmt docs build bench test-all-pythons lock clean distclean

help: ## Show this list.
	@sed -n 's/^\([a-z-]*\):.*## /\1 /p' $(MAKEFILE_LIST) | while read -r verb text; do printf '  make %-18s%s\n' "$$verb" "$$text"; done

demo: .venv/.stamp ## Run the example pipeline twice; the second pass loads everything.
	FURU_PATH=$(CURDIR)/.demo FURU_ALLOW_NO_GIT_ORIGIN=1 $(RUN) examples/digits_sweep/main.py

test: .venv/.stamp ## Run every test.
	$(RUN) -m pytest -q

check: .venv/.stamp ## Check style, formatting, types and the shape of the code.
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	$(RUN) -m pytest -q tests/test_shape.py

fmt: .venv/.stamp ## Format the code and mend what can be mended without thought.
	.venv/bin/ruff check --fix-only
	.venv/bin/ruff format

docs: .venv/.stamp-docs ## Build the documentation into site/.
	.venv/bin/zensical build --strict

build: .venv/.stamp ## Build a wheel and an sdist of each package into dist/.
	rm -rf dist
	$(UV) build -q --all-packages
	@ls dist

bench: .venv/.stamp-bench ## Run the benchmarks.
	@for program in benchmarks/*.py; do echo "== $$program"; $(RUN) "$$program" || exit 1; done

test-all-pythons: ## Run every test on each supported Python that this machine has.
	scripts/test-all-pythons

lock: .venv/.stamp ## Write requirements.lock: versions and hashes of everything the workspace installs.
	$(UV) export -q --all-packages --all-groups --no-emit-workspace --no-header --format requirements.txt -o requirements.lock >/dev/null

clean: ## Remove what was built, the demo's store and all caches.
	rm -rf dist site .demo .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -not -path './.*' -prune -exec rm -rf {} +

distclean: clean ## Remove the environments and tools as well.
	rm -rf .venv .venv-* .tools uv.lock

.tools/bin/uv:
	@$(PYTHON) -m venv .tools || { rm -rf .tools; echo "Python's venv module is needed (Debian: apt-get install python3-venv)"; exit 1; }
	.tools/bin/python -m pip install -q --disable-pip-version-check "uv>=0.9"

ifeq ($(UV),.tools/bin/uv)
.venv/.stamp: .tools/bin/uv
endif

.venv/.stamp: pyproject.toml $(MEMBERS)
	$(UV) sync -q --all-packages
	@touch $@

# Extra groups are added to the same environment and leave the rest alone.
.venv/.stamp-%: .venv/.stamp
	$(UV) sync -q --all-packages --inexact --group $*
	@touch $@
