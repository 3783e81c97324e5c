# Needs python3 (3.11 to 3.13) and make; everything else goes into .venv.
PYTHON ?= python3
BIN := .venv/bin
RECIPE ?= article
CHAPTERS ?= $(sort $(wildcard book/*.ipynb))
# Letters that lie beside the checkout are used; else they are downloaded once.
KMNIST_DIR ?= $(wildcard $(CURDIR)/../shared/kmnist)
export KMNIST_DIR
# As the package says it, for scripts and tests that import TensorFlow first.
export TF_ENABLE_ONEDNN_OPTS ?= 1

LIBRARIES := vqvae_lesson/classroom/play/vendor/versions.json _ext/katex/versions.json _static/fonts/versions.json

# Two tests run at a time on two cores: a third would fill the moments in which a browser
# is waited for, and make the others as much slower. Each has one thread, or they wait for
# each other's.
ALONE := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
# TensorFlow, too: with a second thread a step took a twelfth more of a processor.
# A file's tests share what takes long; the longest begin (tests/conftest.py), and the
# ten that took longest are named at the end.
# Many processes start; one of them is to compile the package, the others read that.
PYTEST := $(ALONE) TF_NUM_INTRAOP_THREADS=1 PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder --durations=10
NBVAL := --nbval --nbval-current-env --nbval-cell-timeout 300

.DEFAULT_GOAL := help
.PHONY: $(shell sed -n 's/^\([a-z-]*\):.*/\1/p' Makefile)

help:           ## list the targets
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 14

install: .venv/installed  ## make .venv with everything in it
.venv/installed: requirements.txt pyproject.toml scripts/ipython_kernel_config.py
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	mkdir -p .venv/etc/ipython
	cp scripts/ipython_kernel_config.py .venv/etc/ipython/
	touch $@

book: install   ## build the HTML, strictly, and say where it is
	$(BIN)/jupyter-book build . --all -W --keep-going -n
	@echo "The book is at $(CURDIR)/_build/html/index.html"

# In one run: at the end of each of three, one of the two would wait for the other.
test: lint      ## lint, tests, the pages in a browser, and nbval over every chapter
	$(PYTEST) $(NBVAL) tests vqvae_lesson $(CHAPTERS)

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell

unit: install
	$(PYTEST) -m 'not browser' tests vqvae_lesson

coverage: install  ## unit tests once more, slower, to see which lines they leave out
	$(PYTEST) -m 'not browser' --cov=vqvae_lesson tests vqvae_lesson

test-browser: install  ## open every page of the built book in Chromium, and play with its figures
	$(PYTEST) -m browser tests

chapters: install  ## run every chapter, and compare what it shows with what is stored
	$(PYTEST) $(NBVAL) $(CHAPTERS)

run: install    ## execute all chapters and store their outputs (CHAPTERS=... for some)
	$(BIN)/python scripts/run_chapters.py $(CHAPTERS)

lab: install    ## open the chapters in JupyterLab
	$(BIN)/jupyter trust $(CHAPTERS)  # so that stored figures can be played with
	$(BIN)/jupyter lab --notebook-dir=book

serve: book     ## show the built book at http://localhost:8000
	$(BIN)/python -m http.server --directory _build/html --bind localhost 8000

pdf: book       ## print the whole book into one PDF, with the machine's Chromium
	$(BIN)/python -m scripts.print_book

launch: install ## write the address that _config.yml names into the cell for Colab
	$(BIN)/python scripts/write_launch_cell.py $(CHAPTERS)

text: install   ## write each chapter as text into text/, to edit it there
	mkdir -p text
	for chapter in $(CHAPTERS); do $(BIN)/jupytext --quiet --to md:myst -o text/$$(basename $$chapter .ipynb).md $$chapter; done

train: install  ## train a recipe (RECIPE=article, healthy, vae, ...), put its weights into the package
	$(BIN)/python scripts/train_weights.py $(RECIPE)

records: install  ## train all that is stored, and say beforehand how long it takes
	$(BIN)/python scripts/train_records.py
	$(BIN)/python scripts/train_weights.py
	$(MAKE) laboratory grids quantizers reading judges looks splits photographs compare drawings film networks priors writing written bytes phonemes replicas

plan: install   ## say what `make records` has left to do, and how long it takes
	$(BIN)/python scripts/train_records.py --plan

laboratory: install  ## train the small experiments that the chapters cite, at three seeds
	$(BIN)/python scripts/train_laboratory.py

grids: install  ## train the small grids of chapter 14 and priors over them, at three seeds
	$(BIN)/python scripts/train_grids.py

quantizers: install  ## train the quantizers of chapter 16 and priors over them, at three seeds
	$(ALONE) $(BIN)/python scripts/compare_quantizers.py

photographs: install  ## code the photographs of chapter 17 by the models of three seeds, and weigh their rivals
	$(ALONE) $(BIN)/python scripts/weigh_photographs.py

reading: install  ## train the small models of chapter 13 at three seeds, and read their pictures
	$(BIN)/python scripts/read_models.py

priors: install  ## train the priors over the full-size grids' codes, at three seeds
	$(BIN)/python scripts/train_priors.py

written: install  ## let the priors write letters, and ask the judges
	$(BIN)/python scripts/judge_letters.py

bytes: install  ## pack the codes of the letters held out, and weigh their rivals
	$(BIN)/python scripts/pack_letters.py

judges: install  ## train the small models of chapter 11 at three seeds, and ask the judges
	$(BIN)/python scripts/judge_pictures.py

looks: install  ## train the small models of chapter 12 at three seeds, and judge their pictures
	$(BIN)/python scripts/judge_rivals.py

splits: install  ## train the small models of chapter 10 at three seeds, and split what they lose
	$(BIN)/python scripts/split_losses.py

compare: install  ## measure the models of three seeds on one scale
	$(BIN)/python scripts/compare_models.py

drawings: install  ## keep what the models of chapter 13 make of six letters
	$(BIN)/python scripts/draw_letters.py

film: install   ## record a small training with the picture of every code, for chapters 7 and 9
	$(BIN)/python scripts/record_pictures.py

networks: install  ## ship the small networks that a page can run
	$(BIN)/python scripts/page_networks.py

writing: install  ## keep how the prior of chapter 15 writes letters, code by code
	$(BIN)/python scripts/trace_writing.py

cover: install  ## draw the first page's pictures and the book's sign from the trained weights
	$(BIN)/python scripts/draw_first_page.py

speech-data: install  ## let many voices say the ten names, for chapter 18; needs the extra `speech`
	$(ALONE) $(BIN)/python scripts/speak_names.py

phonemes: install  ## ask what the codes of speech know of phonemes, at three seeds
	$(ALONE) $(BIN)/python scripts/measure_speech.py

replicas: install  ## measure what many codes and many devices cost; train with codes of one replica
	$(BIN)/python -m scripts.measure_replicas
	$(BIN)/python scripts/train_replicas.py

minutes: install  ## measure how long each chapter takes to read and to run
	$(ALONE) $(BIN)/python -m scripts.measure_minutes $(filter-out book/museum.ipynb,$(CHAPTERS))

vendor: install ## bring the libraries and typefaces of the pages from npm, as their lists name them
	$(BIN)/python scripts/vendor_libraries.py $(LIBRARIES)

screenshots: install  ## keep a picture of every built page, narrow and wide, light and dark
	$(BIN)/python -m scripts.picture_pages

bench: .venv-bench/installed  ## measure, side by side, what the book says about speed
	.venv-bench/bin/pytest -q tests/test_peers.py
	.venv-bench/bin/python benchmarks/nearest_code.py
	.venv-bench/bin/python benchmarks/training_step.py
.venv-bench/installed: requirements.txt benchmarks/requirements.txt
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/requirements.txt
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

fuzz: install   ## kill and resume a run 20 times, and read 5,000 damaged files
	$(ALONE) TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/python -m tests.kills 20
	$(ALONE) TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/python -m tests.fuzz 5000

faults: install ## let one of two workers fail in every way, kill one 20 times, going on from the checkpoint, and read 5 GB
	ALL_FAULTS=1 $(ALONE) TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/pytest -q tests/test_faults.py tests/test_replicas.py tests/test_streamed.py
	$(ALONE) TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/python -m tests.kill_workers 20

lock: install   ## compile requirements.in to requirements.txt, with hashes
	$(BIN)/uv pip compile --quiet --universal --upgrade --generate-hashes --no-strip-extras --python-version 3.11 --custom-compile-command "make lock" -o requirements.txt requirements.in

clean:          ## remove what was built, and .venv
	rm -rf _build .venv .venv-bench text runs *.egg-info .pytest_cache .ruff_cache .hypothesis .coverage
