# One command for each thing a contributor does. `make demo` and `make test` need Python >= 3.10 with
# venv, Node.js >= 20 with npm, and nothing else: they make everything they use, once.

PYTHON ?= python3
CHROMIUM := /usr/bin/chromium
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)

VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
STATIC := src/tokenviz/static
JS_SOURCES := $(shell find js -type f 2>/dev/null) package.json tsconfig.json
DEMO_SOURCES := notebooks/quickstart.ipynb $(shell find src/tokenviz -type f -not -path '*/static/*' -not -name '*.pyc')

.PHONY: demo lab test check format bench screenshots train js js-test python-test clean
.DELETE_ON_ERROR:

# --- what people call -------------------------------------------------------------------------------

demo: demo.html

# One thread: the bundled model is so small that more only wait for each other.
demo.html: $(STATIC)/widget.js $(DEMO_SOURCES) | $(STAMPS)/demo
	OMP_NUM_THREADS=1 $(BIN)/jupyter nbconvert --to tokenviz_html --execute --output-dir . --output demo notebooks/quickstart.ipynb
	@echo "Open demo.html in a browser: it needs no network."

lab: $(STAMPS)/dev $(STATIC)/widget.js
	$(BIN)/jupyter lab $(if $(SUDO),,--allow-root) notebooks/quickstart.ipynb

# pytest runs last, so that its summary is the last thing on the screen.
test: check js-test python-test

check: $(STAMPS)/dev node_modules/.package-lock.json
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	npm run check

format: $(STAMPS)/dev node_modules/.package-lock.json
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	npm run format

# BENCH="--quick" tries it; `python -m benchmarks --help` says what else there is.
bench: $(STAMPS)/peers $(STATIC)/widget.js $(CHROMIUM)
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks $(BENCH)

screenshots: $(STAMPS)/dev $(STATIC)/widget.js $(CHROMIUM)
	$(BIN)/python scripts/screenshots.py

train: $(STAMPS)/dev
	$(BIN)/python -m training

clean:
	rm -rf $(VENV) node_modules $(STATIC) demo.html dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis

# --- the parts --------------------------------------------------------------------------------------

js: $(STATIC)/widget.js

js-test: node_modules/.package-lock.json
	npm test

python-test: $(STAMPS)/dev $(STATIC)/widget.js $(CHROMIUM)
	$(BIN)/python -m pytest

$(STATIC)/widget.js: node_modules/.package-lock.json $(JS_SOURCES)
	npm run build
	@touch $@

node_modules/.package-lock.json: package.json package-lock.json
	npm ci
	@touch $@

# torch first and pinned: of a plain "torch" pip takes the newest build, several gigabytes with CUDA.
$(STAMPS)/torch:
	$(PYTHON) -m venv $(VENV)
	@mkdir -p $(STAMPS)
	$(BIN)/pip install "torch==2.13.0"
	@touch $@

$(STAMPS)/demo: pyproject.toml hatch_build.py | $(STAMPS)/torch
	$(BIN)/pip install --editable ".[models,export]"
	@touch $@

$(STAMPS)/dev: pyproject.toml hatch_build.py | $(STAMPS)/torch
	$(BIN)/pip install --editable ".[dev]"
	@touch $@ $(STAMPS)/demo

$(STAMPS)/peers: $(STAMPS)/dev
	$(BIN)/pip install --editable ".[dev,peers]"
	@touch $@

$(CHROMIUM):
	$(SUDO) apt-get update
	$(SUDO) apt-get install -y --no-install-recommends chromium fonts-dejavu-core fonts-liberation fonts-noto-color-emoji
