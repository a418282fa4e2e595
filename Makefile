# SPDX-License-Identifier: GPL-2.0-or-later
# Two commands on a fresh Debian 12 machine with git, make and Python 3.11: make demo, make test. `make` lists the rest.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
COMPILE := $(VENV)/lock/bin/pip-compile --quiet --upgrade --generate-hashes --strip-extras \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host
PYTEST := $(BIN)/pytest -q
# Says what is missing only where something still is.
INSTALL := said=$$($(BIN)/seriestool doctor --install) || { echo "$${said:-nothing was installed}" >&2; false; }

MAKEFLAGS += --no-print-directory
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help venv demo test test-kernel lint bench lock completion clean privilege

help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: $(READY)  ## create .venv from the locked requirements

# Again whenever the lock or the entry points change.
$(READY): requirements/make-venv requirements/dev.txt pyproject.toml
	@requirements/make-venv '$(PYTHON)' $(VENV) requirements/dev.txt
	@touch $@

demo: $(READY) privilege  ## the main job on real input, to an HTML report; installs what is missing
	@$(INSTALL)
	@$(BIN)/seriestool demo

# The tests use the real compilers and tools; on a machine that is not Debian, and has them, doctor may want more.
test: lint privilege  ## everything that needs no kernel build; installs what is missing
	@$(INSTALL) || echo 'going on: tests of what is missing are skipped' >&2
	@$(PYTEST) -n auto -m 'not kernel'

test-kernel: $(READY) privilege  ## the main job for real: builds and boots kernels; installs what is missing
	@$(INSTALL)
	@$(PYTEST) -m kernel --capture=no

lint: $(READY)  ## ruff and mypy --strict
	@$(BIN)/ruff check --quiet
	@$(BIN)/mypy --no-error-summary

bench: $(READY)  ## measure applying and start-up against git's own way
	@$(BIN)/python -m benchmarks

lock: $(VENV)/lock/bin/pip-compile  ## take the newest releases into requirements/*.txt
	@CUSTOM_COMPILE_COMMAND='make lock' $(COMPILE) --output-file requirements/run.txt pyproject.toml
	@CUSTOM_COMPILE_COMMAND='make lock' $(COMPILE) --extra dev --constraint requirements/run.txt \
		--output-file requirements/dev.txt pyproject.toml

# pip-tools is not among the locked requirements: it is what locks them.
$(VENV)/lock/bin/pip-compile: $(READY)
	@$(BIN)/python -m venv $(VENV)/lock
	@$(VENV)/lock/bin/pip install --quiet pip-tools

completion: $(READY)  ## print the line that completes seriestool's commands in this shell
	@echo 'eval "$$($(abspath $(BIN))/seriestool completion bash)"'

# seriestool itself never asks for a password (its children have no terminal); sudo remembers one given here.
privilege: $(READY)
	@if [ "$$(id -u)" != 0 ] && [ -t 0 ] && ! $(BIN)/seriestool doctor >/dev/null; then sudo -v; fi

clean:  ## remove .venv and the caches of the tools; .seriestool (state, run logs) stays
	@rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .benchmarks
