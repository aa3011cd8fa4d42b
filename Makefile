# For users: `make demo` and `make test`. All other targets are for developers.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# Python compiles the modules that are imported; pip would compile every file of every package.
PIP_OPTIONS := --quiet --disable-pip-version-check --no-compile

.PHONY: demo test test-all lint format bench figures docs clean

demo: $(VENV)/installed
	$(BIN)/gridjax sweep quickstart --out runs/quickstart
	$(BIN)/gridjax report runs/quickstart

# Tests spend most of their time in compilation, which is faster without optimizations. Tests that
# compare bits run in the second call, compiled as users' programs are.
# One worker for each core: further workers compile and import the same again.
WORKERS := $(shell getconf _NPROCESSORS_ONLN)
# Python keeps the compiled test modules, whatever the environment says: collection takes half the time.
PYTEST := env -u PYTHONDONTWRITEBYTECODE $(BIN)/pytest -n $(WORKERS) --maxprocesses 4
test: $(VENV)/installed-dev
	JAX_DISABLE_MOST_OPTIMIZATIONS=1 $(PYTEST) --dist worksteal -m "not slow and not bits"
	$(PYTEST) --dist loadfile -m "bits and not slow" $(shell grep -rlw mark.bits tests --include=*.py)

# All tests, compiled as users' programs are. Slow tests run one after the other: they print results,
# and some stop processes after a time.
test-all: $(VENV)/installed-dev
	$(PYTEST) --dist worksteal -m "not slow"
	$(BIN)/pytest -m slow

lint: $(VENV)/installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright

format: $(VENV)/installed-dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(VENV)/installed-dev
	$(BIN)/gridjax bench

# The build executes the notebooks. A warning, or a cell that raises an error, fails it.
docs: $(VENV)/installed-docs
	$(BIN)/sphinx-build -W --keep-going -b html docs build/docs

# The README's pictures are the quickstart's own figures.
figures: demo
	cp runs/quickstart/figures/gallery.png docs/images/quickstart-gallery.png
	cp runs/quickstart/figures/survival.png docs/images/quickstart-survival.png

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "gridjax needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install $(PIP_OPTIONS) -e .
	@touch $@

$(VENV)/installed-dev: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install $(PIP_OPTIONS) -e ".[dev]"
	@touch $@ $(VENV)/installed

$(VENV)/installed-docs: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install $(PIP_OPTIONS) -e ".[docs]"
	@touch $@ $(VENV)/installed

clean:
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .hypothesis
