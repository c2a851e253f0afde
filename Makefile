# Two commands: `make run` and `make test`. Everything they need they install.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# Other people's mail to test against, where it lies beside this folder.
export BACKSTAMP_CORPUS ?= $(wildcard $(CURDIR)/../shared/corpus)
# Of tests: most of their time they wait for daemons and clocks (on 2 cores four take 760 s, five 710). In the order of
# the folders, since the files of few tests are the slow ones (real daemons) and must not come last.
PROCESSES ?= $(shell n=$$((5 * $$(nproc) / 2)); echo $$((n < 8 ? n : 8)))
CONFIG ?= $(firstword $(wildcard backstamp.toml) try.toml)

.PHONY: run test check soak bench corpus lock docs test-daemons test-modules clean

run: $(VENV)/.run
	exec $(BIN)/backstamp --config $(CONFIG) serve

test: $(VENV)/.dev
	$(MAKE) --no-print-directory --jobs 3 --output-sync check test-daemons test-modules
	$(BIN)/pytest -m "not soak" --numprocesses $(PROCESSES) --dist loadfile --no-loadscope-reorder $(TESTS)

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/mypy

soak: $(VENV)/.dev test-daemons
	$(BIN)/pytest -m "soak or hypothesis" --hypothesis-profile hunt --timeout 7200 -s $(TESTS)

bench: $(VENV)/.dev test-daemons
	$(BIN)/backstamp bench

# Everything over other people's mail: BACKSTAMP_CORPUS=../shared/corpus make corpus
corpus: $(VENV)/.dev
	$(BIN)/pytest -m "not soak" -k corpus -s

test-daemons: $(VENV)/bin/pip
	VENV=$(VENV) tools/test-daemons

# pytest rewrites each module's asserts. Once, beside mypy on another core, and not in each process of the tests: there
# it takes 6 s of a processor each. What is wrong with a module is told where it runs.
test-modules: $(VENV)/.dev
	@PYTHONDONTWRITEBYTECODE= $(BIN)/pytest --collect-only -qq $(TESTS) >/dev/null 2>&1 || true

lock: $(VENV)/.dev
	tools/lock

docs: $(VENV)/.dev
	$(BIN)/backstamp settings --as markdown > docs/settings.md
	$(BIN)/python -c "import sys; from backstamp.rewriting import Manifest; sys.stdout.buffer.write(Manifest.json_schema())" > docs/manifest.schema.json

$(VENV)/bin/pip:
	PYTHON=$(PYTHON) tools/venv $(VENV)

$(VENV)/.run: $(VENV)/bin/pip pyproject.toml requirements.lock
	test -e $(VENV)/.dev || tools/install $(VENV) requirements.lock
	touch $@

$(VENV)/.dev: $(VENV)/bin/pip pyproject.toml requirements-dev.lock
	tools/install $(VENV) requirements-dev.lock
	touch $@ $(VENV)/.run

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
