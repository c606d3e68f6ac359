PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: run test check bench chaos format clean

run: .venv/.run
	@exec $(BIN)/python -m web.up

test: .venv/.dev
	@$(BIN)/python -m pytest

check: .venv/.dev
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy

bench: .venv/.dev
	@$(BIN)/python -m tests.bench

chaos: .venv/.dev
	@$(BIN)/python -m tests.chaos

format: .venv/.dev
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

clean:
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -name __pycache__ -not -path './var/*' -prune -exec rm -rf {} +

.venv/.run: requirements.txt $(BIN)/python
	@$(INSTALL) -r requirements.txt
	@touch $@

.venv/.dev: requirements.txt requirements-dev.txt $(BIN)/python
	@$(INSTALL) -r requirements-dev.txt
	@touch .venv/.run $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, see PYTHON= ..." if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv .venv
