# One command for each thing a contributor does. `make demo` and `make test` need Python >= 3.10 with
# venv, Node.js >= 20 with npm, and nothing else: they make everything they use, once.

PYTHON ?= python3
CHROMIUM := /usr/bin/chromium
# `TORCH=any make test-lowest` takes the lowest torch that pyproject.toml allows, `make test-newest`
# then the newest; without it, torch is the locked build in every environment.
TORCH ?= locked
# Files of tests are shared out among processes: one more than there are cores, because much of a
# browser's test is waiting, four at most, because a browser, a JupyterLab and its kernels beside each
# take memory. They come in the order of their names, not those with most tests first: the longest
# are the browser's, and what comes last is short.
PROCESSES ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
PYTEST := pytest --numprocesses $(PROCESSES) --maxprocesses 4 --dist loadfile --no-loadscope-reorder
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)

VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
STATIC := src/tokenviz/static
# What is installed where, to the version: requirements/lock.txt for all but test-lowest and
# test-newest. pip is the lock's, too, so that it takes the second argument.
LOCK := requirements/lock.txt
RESOLVER := .venv-resolver
SYSTEM := requirements/system.txt
install = $(1)/bin/python -m pip install --constraint $(2) --build-constraint $(2)
JS_SOURCES := $(shell find js -type f 2>/dev/null) package.json tsconfig.json
DEMO_SOURCES := notebooks/quickstart.ipynb $(shell find src/tokenviz -type f -not -path '*/static/*' -not -name '*.pyc')

.PHONY: demo lab test check format bench fuzz sweep screenshots train js js-test python-test clean \
	lock test-lowest test-newest release-check FORCE
.DELETE_ON_ERROR:

# --- what people call -------------------------------------------------------------------------------

demo: demo.html

# One thread: the bundled model is so small that more only wait for each other.
demo.html: $(STATIC)/widget.js $(DEMO_SOURCES) $(LOCK) | $(STAMPS)/demo
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

# An hour of files, notebooks and messages that nobody meant; FUZZ_SECONDS=60 tries it, FUZZ_SEED=…
# repeats a run.
fuzz: $(STAMPS)/dev $(STATIC)/widget.js
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.fuzz

sweep: $(STAMPS)/dev
	$(BIN)/python -m benchmarks.sweep --write

screenshots: $(STAMPS)/dev $(STATIC)/widget.js $(CHROMIUM)
	$(BIN)/python scripts/screenshots.py
	$(BIN)/python -m scripts.system_versions --write

train: $(STAMPS)/dev
	$(BIN)/python -m training

# Renews what is locked: look at what changed, run `make test`, then commit it.
lock: $(RESOLVER)/stamp
	$(RESOLVER)/bin/python -m scripts.resolve lock $(LOCK)
	$(RESOLVER)/bin/python -m scripts.system_versions --write
	rm -rf build/npm && mkdir -p build/npm && cp package.json package-lock.json .npmrc build/npm
	npm --prefix build/npm update --package-lock-only --ignore-scripts
	@# npm may choose what it cannot install.
	npm --prefix build/npm ci --dry-run --ignore-scripts && cp build/npm/package-lock.json . \
		|| echo "package-lock.json is kept: what npm chose cannot be installed, see above."

# Whether the ranges of pyproject.toml are true: the suite on their lowest and on their newest.
test-lowest test-newest: test-%: .venv-%/stamp $(STATIC)/widget.js $(CHROMIUM)
	TOKENVIZ_ENVIRONMENT=$* .venv-$*/bin/python -m $(PYTEST)

# What is asked of a release; with TAG=v1.2.3, of one that is about to be published.
release-check: $(STAMPS)/dev $(STATIC)/widget.js $(CHROMIUM)
	$(BIN)/python -m scripts.release_check $(if $(TAG),--tag $(TAG))

clean:
	rm -rf $(VENV) $(RESOLVER) .venv-lowest .venv-newest node_modules $(STATIC) demo.html dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis

# --- the parts --------------------------------------------------------------------------------------

js: $(STATIC)/widget.js

js-test: node_modules/.package-lock.json
	npm test

python-test: $(STAMPS)/dev $(STATIC)/widget.js $(CHROMIUM)
	$(BIN)/python -m $(PYTEST)

$(STATIC)/widget.js: node_modules/.package-lock.json $(JS_SOURCES)
	npm run build
	@touch $@

node_modules/.package-lock.json: package.json package-lock.json
	npm ci
	@touch $@

# The lock decides, so a new lock makes a new environment: nothing of the old one stays behind.
$(STAMPS)/venv: $(LOCK)
	$(PYTHON) -m venv --clear $(VENV)
	@mkdir -p $(STAMPS)
	$(BIN)/python -m pip install --constraint $(LOCK) pip
	@touch $@

$(STAMPS)/demo: $(STAMPS)/venv pyproject.toml hatch_build.py
	$(call install,$(VENV),$(LOCK)) --editable ".[models,export]"
	$(BIN)/python -m scripts.same_as_lock
	@touch $@

$(STAMPS)/dev: $(STAMPS)/venv pyproject.toml hatch_build.py
	$(call install,$(VENV),$(LOCK)) --editable ".[dev]"
	$(BIN)/python -m scripts.same_as_lock
	@touch $@ $(STAMPS)/demo

$(STAMPS)/peers: $(STAMPS)/dev
	$(call install,$(VENV),$(LOCK)) --editable ".[dev,peers]"
	$(BIN)/python -m scripts.same_as_lock
	@touch $@

$(RESOLVER)/stamp: $(LOCK)
	$(PYTHON) -m venv --clear $(RESOLVER)
	$(RESOLVER)/bin/python -m pip install --constraint $(LOCK) packaging uv
	@touch $@

# Asked anew each time; the file is written, and the environment made again, if the answer changed.
build/lowest.txt build/newest.txt: build/%.txt: $(RESOLVER)/stamp FORCE
	$(RESOLVER)/bin/python -m scripts.resolve $* $@ $(if $(filter any,$(TORCH)),--any-torch)

.venv-lowest/stamp .venv-newest/stamp: .venv-%/stamp: build/%.txt pyproject.toml hatch_build.py
	$(PYTHON) -m venv --clear .venv-$*
	.venv-$*/bin/python -m pip install --constraint build/$*.txt pip
	$(call install,.venv-$*,build/$*.txt) --editable ".[dev]"
	@touch $@

# Debian keeps no old versions, so these are the newest; the suite says which differ from those in
# requirements/system.txt.
$(CHROMIUM):
	$(SUDO) apt-get update
	$(SUDO) apt-get install -y --no-install-recommends $$(sed '/^#/d;s/ .*//' $(SYSTEM))
