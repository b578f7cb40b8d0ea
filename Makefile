# The project's commands; each makes the virtual environment it needs. CI runs these same targets.
#
#   make demo     a printer and a job, from the first octet to the last event: ippfast serve, print, watch
#   make test     lint, types and the whole suite
#   make lint     the first two of these          make suite    the last
#   make conformance   CUPS' own suites against the print server: a table
#   make marks    CUPS' test files by ipptool and by ippfast test, against two printers: the same marks
#   make crashes  kill a print server 300 times while clients print, and see that nothing is lost
#   make cluster  a print service on three hosts that die, stand still and are cut off: a table of what is lost
#   make damages  damage every message in 34 ways, and see what recover saves
#   make fresh-machine   demo and test on a new Debian of the SUITE bookworm, trixie or sid (root, debootstrap)
#   make test-plain      the codec's tests with the compiled codec in its plain form (IPPFAST_PLAIN=1)
#   make sanitize        the codec's tests with the compiled codec under AddressSanitizer and UBSan
#   make fuzz     damaged messages for both twins, for a minute (ARGUMENTS="--seconds 3600"); .fuzz keeps its ledger
#   make sanitize-fuzz   the same under the sanitizers
#   make test-free-threaded   the whole suite on a CPython without its lock, which it builds (root)
#   make coverage        the whole suite on the pure codec, and which lines of the package it ran
#   make nightly  all that takes too long for every change (tools/nightly.sh)
#   make pycups   a wheel of the name pycups in dist, whose module cups is the shim; not to be published
#   make docs     the documentation as a site, in docs/_build/html; a warning or an example that fails is an error
#   make bench    ippfast against its peers: a table on the terminal, and docs/benchmarks (ARGUMENTS=--quick: a first look)
#   make bench-pgo       the same on Debian 13's CPython, in a machine that it makes (root, debootstrap): docs/benchmarks/pgo.md
#   make bench-stream    the transport against bare sockets and its peers, likewise
#   make bench-service   a print service on PostgreSQL and S3 against the bare engines, likewise
#   make bench-raster    raster against libcups, likewise
#   make recipes  Spark, Dask and Ray make tables by the examples: a table of rates (RECIPES="dask"; what they need is 600 MB)
#   make bench-columns   tables against decode and walk, libcups, goipp and tshark, likewise (--memory: a capture of 4 GiB too)
#   make clean    remove everything that is not in the repository
#
#   PYTHON=python3.13 VENV=.venv-3.13     another interpreter, and a place of its own for it
#   PACKAGE=dist/ippfast-....whl          test this instead of the source tree
#   PACKAGES_OF=/.../.venv                another environment of this interpreter: what is installed there serves here too
#   AGAIN=1                               what fails is run once more, alone, as CI does (tools/run_again.py)
#   IPPFAST_TRY=all                       everything that repeats, as at night; few: what CI tries again elsewhere (tests/support/scale.py)
#   WORKERS=4                             how many processes run the suite, instead of one for each core
#   ARGUMENTS="-k collection"             more arguments for pytest, or for `make bench`
#
# Needed: python3 with venv. For the compiled twin a C compiler and Python's headers too, and for some tests the
# programs that tests/support/peers.py names. The benchmarks' peers need gcc, libcups2-dev, golang-go and
# golang-github-openprinting-goipp-dev. If these are missing, the rest is done, and a line says what was left out.

PYTHON ?= python3
VENV ?= .venv
PACKAGE ?= --editable .
BIN = $(abspath $(VENV))/bin

# 1: the compiled twin must be built, and tests fail without it. auto, where that is impossible: the pure twin serves.
INCLUDE = $(shell $(PYTHON) -c 'import sysconfig; print(sysconfig.get_path("include"))')
CAN_COMPILE = $(shell $(CC) -I$(INCLUDE) -include Python.h -fsyntax-only -x c /dev/null 2>/dev/null && echo 1)
ifndef IPPFAST_BUILD_EXTENSION
IPPFAST_BUILD_EXTENSION := $(or $(CAN_COMPILE),auto)
endif
export IPPFAST_BUILD_EXTENSION
export IPPFAST_REQUIRE_EXTENSION = $(filter 1,$(IPPFAST_BUILD_EXTENSION))

CYTHON := $(shell find ippfast -name "*.pyx" -o -name "*.pxd" | sort)
SOURCES = pyproject.toml setup.py ippfast/_attribute.py ippfast/_message.py ippfast/compat/_loops.py $(CYTHON)

.DEFAULT_GOAL := help
.PHONY: help nightly coverage damages fresh-machine test-plain sanitize fuzz sanitize-fuzz test-free-threaded demo test lint suite conformance marks crashes cluster bench bench-pgo bench-stream bench-service bench-raster bench-columns recipes clean
.DELETE_ON_ERROR:

help:
	@sed -n '/^#   make/,/^#$$/s/^#//p' $(firstword $(MAKEFILE_LIST))

demo: $(VENV)/demo
	@$(BIN)/python tools/demo.py

test: lint suite

lint: $(VENV)/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	PATH="$(BIN):$$PATH" cython-lint $(CYTHON)
	$(BIN)/mypy

WORKERS ?= auto
suite: $(VENV)/test
	$(BIN)/python $(if $(AGAIN),tools/run_again.py,-P -m pytest) -n $(WORKERS) --dist worksteal $(ARGUMENTS)

conformance: $(VENV)/test
	$(BIN)/python tools/conformance.py $(ARGUMENTS)
	PYTHONPATH=tests/support $(BIN)/python tools/conformance.py --engines --quick $(ARGUMENTS)

marks: $(VENV)/test
	PYTHONPATH=tests/support $(BIN)/python tools/compare_marks.py $(ARGUMENTS)

crashes: $(VENV)/test
	$(BIN)/python tools/crashes.py $(ARGUMENTS)
	PYTHONPATH=tests/support $(BIN)/python tools/crashes.py --engines $(ARGUMENTS)

cluster: $(VENV)/test
	PYTHONPATH=tests/support:tools $(BIN)/python -m cluster $(ARGUMENTS)

damages: $(VENV)/test
	PYTHONPATH=tests/support $(BIN)/python tests/support/damages.py $(ARGUMENTS)

SUITE ?= bookworm
fresh-machine:
	tools/fresh_machine.sh $(SUITE)

# A copy, since what is compiled in place is the other form.
test-plain:
	rm -rf build/plain && mkdir -p build/plain && git archive HEAD | tar -x -C build/plain
	$(MAKE) -C build/plain suite PACKAGE=. IPPFAST_PLAIN=1 IPPFAST_BUILD_EXTENSION=1 PYTHON=$(PYTHON) \
	    ARGUMENTS="tests/codec tests/raster tests/arrow tests/vocabulary --quiet"

# Of what the compiled twin does alone: not the pure one's tests, nor those that weigh memory.
SANITIZED ?= tests/codec tests/vocabulary/test_glance.py tests/vocabulary/test_plain.py tests/vocabulary/test_json.py \
    tests/raster tests/arrow
sanitize:
	tools/sanitize.sh python -P -m pytest -q -p no:cacheprovider -k "not (python or test_memory or grows or real_peer)" \
	    $(SANITIZED) $(ARGUMENTS)

fuzz: $(VENV)/test
	$(BIN)/python tools/fuzz.py $(ARGUMENTS)

sanitize-fuzz:
	tools/sanitize.sh python tools/fuzz.py --kept $(CURDIR)/.fuzz $(ARGUMENTS)

# What needs libraries that have no wheels for it is left out, each test by its name (tests/support/peers.py).
UNLOCKED ?= tests
test-free-threaded:
	tools/free_threaded.sh pytest -q -n auto --dist worksteal -p no:cacheprovider $(UNLOCKED) $(ARGUMENTS)

# A copy with the pure codec, since lines of the compiled one are not counted.
coverage:
	rm -rf build/pure && mkdir -p build/pure && git archive HEAD | tar -x -C build/pure
	$(MAKE) -C build/pure suite PACKAGE=. IPPFAST_BUILD_EXTENSION=0 PYTHON=$(PYTHON) ARGUMENTS="--cov --quiet"

nightly: $(VENV)/test
	+@tools/nightly.sh

.PHONY: docs pycups
pycups: $(VENV)/test
	$(BIN)/python tools/pycups_distribution.py

docs: $(VENV)/docs
	$(BIN)/python tools/doc_examples.py README.md $(filter-out docs/migrating.md,$(wildcard docs/*.md docs/howto/*.md))
	$(BIN)/sphinx-build --fail-on-warning --keep-going --fresh-env --quiet docs docs/_build/html
	@echo "docs/_build/html/index.html"

bench: $(VENV)/bench
	$(BIN)/python -m benchmarks $(ARGUMENTS)
	$(BIN)/python -m benchmarks.shims $(filter --once --quick,$(ARGUMENTS))

bench-stream: $(VENV)/bench
	$(BIN)/python -m benchmarks.stream $(ARGUMENTS)

# Debian builds its CPython with profile-guided optimisation, which pyenv does not.
bench-pgo:
	tools/fresh_machine.sh trixie bench libcups2-dev,golang-go,golang-github-openprinting-goipp-dev \
	    "make .venv/bench && .venv/bin/python -m benchmarks --write docs/benchmarks/pgo.md $(ARGUMENTS)"
	cp build/machines/bench/root/ippfast/docs/benchmarks/pgo.md docs/benchmarks/

bench-service: $(VENV)/test
	$(BIN)/python -m benchmarks.service $(ARGUMENTS)

bench-raster: $(VENV)/bench
	$(BIN)/python -m benchmarks.raster $(ARGUMENTS)

bench-columns: $(VENV)/bench
	$(BIN)/python -m benchmarks.columns $(ARGUMENTS)

# An environment of its own, since what they need is large.
RECIPES ?= dask ray spark
NEEDS_dask = "dask[dataframe,distributed]>=2025.1"
# Ray 2.60 imports typing-extensions without asking for it.
NEEDS_ray = "ray[data]>=2.44" typing-extensions
NEEDS_spark = "pyspark>=4"
recipes:
	$(PYTHON) -m venv .venv-recipes
	.venv-recipes/bin/pip install -qq --disable-pip-version-check $(PACKAGE)[columns] $(foreach each,$(RECIPES),$(NEEDS_$(each)))
	.venv-recipes/bin/python tools/recipes.py $(RECIPES) $(ARGUMENTS)

clean:
	rm -rf .venv* build dist docs/_build docs/generated *.egg-info htmlcov .coverage* .benchmarks .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find ippfast -name "*.so" -delete -o -name "*.c" -delete
	find . -name __pycache__ -prune -exec rm -r {} +

# The package with what the demonstration, with what the tests, or with what the benchmarks need: a file that marks each as done.
$(VENV)/demo: extra = [cli,tls]
$(VENV)/test: extra = [test]
$(VENV)/bench: extra = [bench,columns,convert]
$(VENV)/docs: extra = [docs]
$(VENV)/demo $(VENV)/test $(VENV)/bench $(VENV)/docs: $(SOURCES)
ifeq ($(IPPFAST_BUILD_EXTENSION),auto)
	@echo "The compiled twin can't be built here: it needs a C compiler and Python's headers."
	@echo "Going on with the pure one. For the other: apt-get install gcc python3-dev && make clean"
endif
	@echo "Making $(VENV) with ippfast$(extra)"
	@$(PYTHON) -m venv $(VENV)
	@if [ -n "$(PACKAGES_OF)" ]; then cd $(VENV)/lib/python*/ && \
	    realpath $(PACKAGES_OF)/lib/python*/site-packages >site-packages/packages_of.pth; fi
	@$(BIN)/pip install -qq --disable-pip-version-check $(PACKAGE)$(extra)
	@touch $@
