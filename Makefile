# make lab        JupyterLab on the first lesson; the first run makes .venv
# make test       everything that must hold: unit tests, doctests, every notebook run and compared
# make notebooks  build and run the lessons that changed
# make lint       style and types
# make bench      what a run costs, beside optax (installs jax and optax into .venv); what many networks cost, beside torch.optim
# make bench      what a run costs, beside optax (installs jax and optax into .venv), and what a step costs, beside torch

PYTHON ?= python3
BIN := .venv/bin
LAB_ARGS ?=
PORT ?= 8888
NOTEBOOK := $(firstword $(sort $(wildcard notebooks/*.ipynb)))
ifeq ($(shell id -u),0)
  LAB_ARGS += --allow-root
endif
export LESSONLIB_PROGRESS ?= 1
export PYDEVD_DISABLE_FILE_VALIDATION = 1

.PHONY: lab test unit nbval notebooks lint bench clean

lab: .venv/ready
	@$(BIN)/python authoring/lab.py --port $(PORT) $(NOTEBOOK) -- $(LAB_ARGS)

test: unit nbval

unit: .venv/ready
	$(BIN)/python -m pytest --doctest-modules tests lessonlib

nbval: .venv/ready
	LESSONLIB_PROGRESS=0 PYTHONHASHSEED=0 PYTHONPATH=tests:authoring $(BIN)/python -m pytest -p nbval_pictures \
	    --nbval --nbval-current-env --nbval-sanitize-with tests/nbval.cfg --durations=3 notebooks

notebooks: .venv/ready
	$(BIN)/python authoring/build.py

lint: .venv/ready
	$(BIN)/ruff check
	$(BIN)/mypy

bench: .venv/ready
	$(BIN)/python -m pip install --quiet jax optax
	$(BIN)/python tests/bench_runner.py
	$(BIN)/python tests/bench_train.py
	$(BIN)/python -m lessonlib.gpu.bench --bars

.venv/ready: requirements.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis
