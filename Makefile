# Everything runs from .venv, which is made from the lock file on first use and again when the lock changes.
# Paths are relative, because make splits names at spaces and the checkout's own path may hold some.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help serve test check bench demo docs lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' Makefile

serve: $(VENV)/.installed ## run Numina on http://127.0.0.1:8000 (NUMINA_PORT, NUMINA_HOME, DATABASE_URL)
	@exec $(RUN) -m numina serve

test: $(VENV)/.installed ## run the whole test suite
	$(RUN) -m pytest -n 2 $(ARGS)

check: $(VENV)/.installed ## lint, types, the shape of the code, generated documents up to date
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(RUN) -m pytest tests/test_shape.py
	$(RUN) -m numina docs --check

docs: $(VENV)/.installed ## write the generated documents anew
	$(RUN) -m numina docs

bench: $(VENV)/.installed-bench ## measure, beside the peers, and write docs/performance.md
	$(RUN) -m numina bench

demo: $(VENV)/.installed ## fill a household with five years of history through the HTTP API
	$(RUN) -m numina demo

lock: ## pin every package anew, from pyproject.toml
	"$(PYTHON)" -m venv --clear $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --quiet setuptools -e '.[dev]'
	{ echo "# Made by make lock from pyproject.toml: every package that Numina and its checks run with."; \
	  $(VENV)-lock/bin/python -m pip freeze --all --exclude-editable | grep -v '^pip=='; } > requirements.lock
	$(VENV)-lock/bin/python -m pip install --quiet -e '.[bench]'
	{ echo "# Made by make lock from pyproject.toml: the peers that make bench measures beside Numina."; \
	  $(VENV)-lock/bin/python -m pip freeze --all --exclude-editable | grep -v '^pip==' \
	    | grep -vxFf requirements.lock; } > requirements-bench.lock
	rm -rf $(VENV)-lock

clean: ## remove the environment and every cache; data stays
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.made:
	@test -n "$(PYTHON)" && "$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Numina needs Python 3.11 or later; name one with: make PYTHON=/path/to/python3"; exit 1; }
	@echo "Making the environment in $(VENV) ..."
	@"$(PYTHON)" -m venv --without-pip --clear $(VENV)
	@# Debian ships Python without ensurepip; its own pip, where there is one, can put pip in as well.
	@$(RUN) -m ensurepip --default-pip >/dev/null 2>&1 \
	  || "$(PYTHON)" -m pip --python $(RUN) --quiet install pip 2>/dev/null || { \
	  echo "This Python has no pip to install packages with. On Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@touch $@

$(VENV)/.installed: requirements.lock pyproject.toml | $(VENV)/.made
	@echo "Installing the packages of requirements.lock, which takes about a minute ..."
	@$(PIP) install -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.installed-bench: requirements-bench.lock $(VENV)/.installed
	@$(PIP) install -r requirements-bench.lock
	@touch $@
