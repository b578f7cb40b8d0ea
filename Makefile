# The project's commands; each makes the virtual environment it needs. CI runs these same targets.
#
#   make demo     a printer and a job, from the first octet to the last event: ippfast serve, print, watch
#   make test     lint, types and the whole suite
#   make lint     the first two of these          make suite    the last
#   make conformance   CUPS' own suites against the print server: a table
#   make crashes  kill a print server 300 times while clients print, and see that nothing is lost
#   make bench    ippfast against its peers: a table on the terminal, and docs/benchmarks
#   make bench-stream    the transport against bare sockets and its peers, likewise
#   make clean    remove everything that is not in the repository
#
#   PYTHON=python3.13 VENV=.venv-3.13     another interpreter, and a place of its own for it
#   PACKAGE=dist/ippfast-....whl          test this instead of the source tree
#   ARGUMENTS="-k collection"             more arguments for pytest, or for `make bench`
#
# Needed: python3 with venv. For the compiled twin a C compiler and Python's headers too, and for some tests the
# programs in PEERS. Where these are missing, the rest is done, and a line says what was left out.

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

# The other projects' programs that tests speak with, and where Debian has them.
PEERS = cupsd curl dbus-daemon ippeveprinter ipptool lpadmin tshark
PEER_PACKAGES = cups-client cups-daemon cups-ipp-utils curl dbus tshark
MISSING_PEERS = $(strip $(foreach peer,$(PEERS),$(shell PATH="$$PATH:/usr/sbin" command -v $(peer) >/dev/null || echo $(peer))))

SOURCES = pyproject.toml setup.py ippfast/_attribute.py ippfast/_message.py ippfast/compat/_loops.py $(wildcard ippfast/*.pyx ippfast/*.pxd ippfast/compat/*.pxd)

.PHONY: demo test lint suite conformance crashes bench bench-stream clean
.DELETE_ON_ERROR:

demo: $(VENV)/demo
	@$(BIN)/python tools/demo.py

test: lint suite

lint: $(VENV)/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	PATH="$(BIN):$$PATH" cython-lint ippfast/*.pyx ippfast/*.pxd ippfast/compat/*.pxd
	$(BIN)/mypy

suite: $(VENV)/test
ifneq ($(MISSING_PEERS),)
	@echo "Left out: the tests that need $(MISSING_PEERS). For all of them: apt-get install $(PEER_PACKAGES)"
endif
	$(BIN)/pytest -n auto --dist worksteal $(if $(MISSING_PEERS),-m "not peers") $(ARGUMENTS)

conformance: $(VENV)/test
	$(BIN)/python tools/conformance.py $(ARGUMENTS)

crashes: $(VENV)/test
	$(BIN)/python tools/crashes.py $(ARGUMENTS)

bench: $(VENV)/bench
	$(BIN)/python -m benchmarks $(ARGUMENTS)
	$(BIN)/python -m benchmarks.shims $(filter --once --quick,$(ARGUMENTS))

bench-stream: $(VENV)/bench
	$(BIN)/python -m benchmarks.stream $(ARGUMENTS)

clean:
	rm -rf .venv* build dist *.egg-info htmlcov .coverage* .benchmarks .hypothesis .mypy_cache .pytest_cache .ruff_cache
	rm -f ippfast/*.so ippfast/*.c ippfast/compat/*.so ippfast/compat/*.c
	find . -name __pycache__ -prune -exec rm -r {} +

# The package with what the demonstration, with what the tests, or with what the benchmarks need: a file that marks each as done.
$(VENV)/demo: extra = [cli,tls]
$(VENV)/test: extra = [test]
$(VENV)/bench: extra = [bench]
$(VENV)/demo $(VENV)/test $(VENV)/bench: $(SOURCES)
ifeq ($(IPPFAST_BUILD_EXTENSION),auto)
	@echo "The compiled twin can't be built here: it needs a C compiler and Python's headers."
	@echo "Going on with the pure one. For the other: apt-get install gcc python3-dev && make clean"
endif
	@echo "Making $(VENV) with ippfast$(extra)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install -qq --disable-pip-version-check $(PACKAGE)$(extra)
	@touch $@
