PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check

TIMED := tests/test_faults.py tests/workers/test_fairness.py # these look at the clock, so nothing runs beside them

.PHONY: run test check bench chaos screenshots format clean

run: .venv/.run
	@exec $(BIN)/python -m runner

test: .venv/.dev
	@$(BIN)/python -m pytest -n 3 $(TIMED:%=--ignore %)
	@$(BIN)/python -m pytest $(TIMED)

check: .venv/.dev
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy .

bench: .venv/.dev
	@$(BIN)/python -m tests.bench

chaos: .venv/.dev
	@$(BIN)/python -m tests.chaos

screenshots: .venv/.dev
	@$(BIN)/python -m tests.screenshots

format: .venv/.dev
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

clean:
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info
	@find . -name __pycache__ -not -path './var/*' -prune -exec rm -rf {} +

.venv/.run: requirements.txt pyproject.toml $(BIN)/python
	@echo 'installing requirements.txt into .venv' >&2
	@$(INSTALL) -r requirements.txt -e .
	@touch $@

.venv/.dev: requirements.txt requirements-otel.txt requirements-dev.txt pyproject.toml $(BIN)/python
	@echo 'installing requirements-dev.txt into .venv' >&2
	@$(INSTALL) -r requirements-dev.txt -e .
	@touch .venv/.run $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12" or 0)'
	@$(PYTHON) -m venv .venv
