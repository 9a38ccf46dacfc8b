# make train   a network on the bundled digits, in a folder under runs/
# make test    the tests, in under four minutes
# Both create .venv on first use and install into it; nothing outside this folder is touched.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.PHONY: train test test-slow soak lint bench stub words kit install clean

train: $(VENV)/.installed
	$(BIN)/zerokara train digits $(ARGS)

# Tests start hundreds of processes; each would compile all modules again where no bytecode is kept.
test test-slow: export PYTHONDONTWRITEBYTECODE =

test: $(VENV)/.tested
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow" $(ARGS)

test-slow: $(VENV)/.tested
	$(BIN)/python -m pytest -n 2 --dist worksteal -m slow $(ARGS)

# 300 kills at random moments, some four minutes: no run may be lost. Fewer with ARGS="--kills 30".
# Then 2,000 random programs, some ten minutes: no accelerated gradient may differ from the loop's.
soak: $(VENV)/.installed
	$(BIN)/python benchmarks/soak.py $(ARGS)
	$(BIN)/python benchmarks/programs.py --programs 2000

lint: $(VENV)/.tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.tested
	$(BIN)/python benchmarks/compare.py --write $(ARGS)

# The types of the compiled core, for editors and mypy; a test compares them with what is built.
stub: $(VENV)/.tested
	$(BIN)/python -m nanobind.stubgen -q -m zerokara._core -o src/zerokara/_core.pyi
	$(BIN)/ruff format -q src/zerokara/_core.pyi

# The catalogues of both languages, after sentences were added, changed or translated.
words: $(VENV)/.tested
	$(BIN)/python docs/catalogues.py

# Everything for PCs without internet, in ./kit or FOLDER=…; for other PCs ARGS="--python 3.12 --platform win_amd64".
FOLDER ?= kit
kit: $(VENV)/.installed
	$(BIN)/zerokara kit $(FOLDER) $(ARGS)

install: $(VENV)/.installed

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "zerokara needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1). Say which with: make PYTHON=/path/to/python3.12"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null \
	  || { echo "This Python has no venv module. On Debian and Ubuntu: apt install python3-venv. Then run make again."; exit 1; }
	$(PYTHON) -m venv $(VENV)

# An editable install: edited Python is used at once; edited C++ is compiled again, and only that.
# The build tools live in .venv, so that what was compiled before can be used again (no build isolation).
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

$(VENV)/.build-tools: $(BIN)/python
	$(PIP) 'scikit-build-core>=0.10' 'nanobind>=2.4' cmake ninja
	@touch $@

$(VENV)/.installed: $(VENV)/.build-tools pyproject.toml CMakeLists.txt $(wildcard cpp/*/*)
	PATH="$(CURDIR)/$(BIN):$$PATH" $(PIP) --no-build-isolation --editable '.[fonts,lab]'
	@touch $@

$(VENV)/.tested: $(VENV)/.installed
	PATH="$(CURDIR)/$(BIN):$$PATH" $(PIP) --no-build-isolation --editable '.[test,notebook,fonts,tensorboard,lab]'
	@touch $@

clean:
	rm -rf $(VENV) build
