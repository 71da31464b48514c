# `make report` and `make test` are all that a fresh machine needs; each sets up .venv first.

PYTHON  := .venv/bin/python
JIQUN   := .venv/bin/jiqun
REPORT  := build/report
# Zipped triples of parameter draw, outside-world path and seed behind the report's intervals.
DRAWS   ?= 100
# Runs in which one of the three moves alone: they tell the share of each in the intervals.
SIDE_DRAWS ?= 40
# Pairs of runs a design of support, and draws its scale is solved on, in the comparison that the
# report makes where its store keeps none and none is shipped: a first hint. `make designs` makes the
# whole one.
DESIGN_DRAWS ?= 40
SOLVE_DRAWS ?= 4
MAIN    := without_document_55 as_issued
TEST_WORKERS ?= 2
# What tests of a module share is made by one worker, not by each. The order of the files is that of
# tests/conftest.py, the longest first, and not by their number of tests.
PYTEST := $(PYTHON) -m pytest -n $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder

# Runs are parallel over processes, so a library that starts threads of its own only gets in the way.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export MKL_NUM_THREADS := 1
export MPLBACKEND := Agg
# The debugger's complaint about frozen modules would drown the notebooks' own messages.
export PYDEVD_DISABLE_FILE_VALIDATION := 1
# The suite starts some hundred interpreters. Where the machine forbids to keep bytecode, as many a
# container does, each compiles every library anew: 4 to 7 s a start, of which 2 are left.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup report designs sensitivity emulator test test-slow test-all fuzz lint bench docs wheel golden lock clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

setup: ## .venv with the pinned packages (every target below does this first)
	@tools/setup.sh

# Status 1 says that some runs failed: they are listed, and the report goes on with the others.
# The two that tell the document's effect run on to the long run. Batches are kept apart, because a
# batch of more than 500 runs records no clusters.
RUN := $(JIQUN) run --out $(REPORT)/store
COMPARE := $(JIQUN) compare $(REPORT)/store --baseline as_issued --equal-cost
report: setup ## run the reference scenarios and write build/report/{zh,en}/index.html
	$(RUN) $(MAIN) --draws $(DRAWS) --until 2032 || [ $$? -eq 1 ]
	$(JIQUN) report $(REPORT)/store --first --out $(REPORT)/first
	@echo "a first page, of these runs alone: the whole report follows in some minutes"
	$(RUN) market_only document_55_without_older as_issued_without_award --draws $(DRAWS) \
		|| [ $$? -eq 1 ]
	$(RUN) without_document_55_to_date policy_to_date --draws $(DRAWS) || [ $$? -eq 1 ]
	$(RUN) $(MAIN) --draws $(SIDE_DRAWS) --vary each || [ $$? -eq 1 ]
	$(COMPARE) --keep --draws $(DESIGN_DRAWS) --solve-draws $(SOLVE_DRAWS) || [ $$? -eq 1 ]
	$(JIQUN) design programme --keep --out $(REPORT)/store
	$(JIQUN) design programme --without rd_super_deduction --keep --out $(REPORT)/store
	$(JIQUN) report $(REPORT)/store --lang both --out $(REPORT)
	@printf '%s\n' $(REPORT)/zh/index.html $(REPORT)/en/index.html

designs: setup ## compare designs of support at equal cost, on 100 pairs and in five worlds (half an hour or more)
	$(COMPARE) --worlds || [ $$? -eq 1 ]
	$(JIQUN) report $(REPORT)/store --lang both --out $(REPORT)

sensitivity: setup ## rank the levers anew, for later reports: 60,000 runs (an hour and a half on two cores)
	$(JIQUN) sensitivity reference --out build/sensitivity --ship

emulator: setup ## fit and judge the estimates of the page anew: 40,000 runs (two hours on two cores)
	$(PYTHON) -m jiqun.experiments.emulator --ship
	$(PYTHON) -m jiqun.calibration.emulator_page

test: setup ## the tests that need no browser and no system package
	$(PYTEST) -m "not slow"

test-slow: setup ## the others: notebooks, browser, Dask, killed batches
	$(PYTEST) -m slow

test-all: test test-slow ## all tests

# New cases each time; what fails prints how to try it again.
CASES ?= 10000
fuzz: setup ## 10,000 damaged files, stores and command lines (CASES=... for another number; five minutes)
	JIQUN_FUZZ=$(CASES) $(PYTEST) -m slow tests/fuzz

lint: setup ## style, formatting and types
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy

bench: setup ## speed beside other ways to write the model, and against stored ratios (RENEW=1 stores them)
	$(PYTHON) -m benchmarks $(if $(RENEW),--renew)

# The site asks no network, neither while it is built nor when it is read.
docs: setup ## the generated pages and files, then the site: build/docs/index.html
	$(PYTHON) -m jiqun.calibration.document
	$(PYTHON) -m jiqun.calibration.reference
	$(PYTHON) -m jiqun.calibration.targets
	$(PYTHON) -m jiqun.calibration.prior_page
	$(PYTHON) -m jiqun.notebooks.glossary
	$(PYTHON) -m jiqun.notebooks.assurance
	$(PYTHON) -m tests.licences
	$(PYTHON) -m sphinx -q -W --keep-going -b html docs build/docs

# For who installs it; also in an environment that cannot reach a package index.
wheel: setup ## dist/jiqun-VERSION-py3-none-any.whl
	rm -rf build/lib build/bdist.*
	$(PYTHON) -m pip wheel --quiet --no-deps --no-build-isolation -w dist .

golden: setup ## renew the golden results (say in the commit why they moved)
	$(PYTHON) -m tests.golden.renew
	$(PYTHON) -m jiqun.notebooks.demonstration

# Needs uv. The lock covers every platform and every Python from 3.12 on, and names no index.
lock: ## pin the newest versions that pyproject.toml allows
	uv pip compile pyproject.toml --all-extras --universal --python-version 3.12 --upgrade \
		--generate-hashes --no-header --no-annotate --no-emit-index-url -o requirements.lock

clean: ## remove .venv, build/ and caches
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
