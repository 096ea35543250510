# Two commands do everything: `make run` and `make test`. Each sets up what it needs first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 3000
# Many tests wait more than they compute, so there are more workers than cores. But each worker collects every test.
WORKERS ?= 6
# What `make coverage` runs: TESTS=tests/core
TESTS ?= tests
# Compile each module once, and not in each worker and in each process that a test starts, even if this shell forbids it.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run test test-versions check compiled format docs soak contract bench coverage dist lock clean setup browser

run: setup  ## Start the sandbox: the real bot between a local Turso and a local Slack, on http://127.0.0.1:3000
	$(BIN)/python -m bot sandbox --port $(PORT)

test: setup browser  ## Everything that must be true before a change lands
	$(MAKE) -j 2 check tests

# mypy uses one core for half a minute, so the tests begin meanwhile.
tests: compiled
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

test-versions:  ## Test the start, durable work and Slack on every supported Python of this machine
	$(PYTHON) -m tools.test_versions -n 2 --dist loadfile

check: setup  ## Style, types and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Each worker imports every test. Errors are ignored here, because the tests report them.
compiled: setup
	-@$(BIN)/python -m pytest --collect-only -q > /dev/null 2>&1

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: setup  ## Build the documentation into build/site; a broken link or anchor is an error
	$(BIN)/zensical build --strict --clean --config-file mkdocs.yml

soak: setup browser  ## The long races, kills and fuzzing
	SOAK=1 $(BIN)/python -m pytest --timeout 3600 -m "soak or not soak" tests

contract:  ## Test what we rely on in libraries, with the newest releases that pyproject.toml allows
	rm -rf build/contract
	$(PYTHON) -m venv build/contract
	build/contract/bin/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	build/contract/bin/python -m pip install --quiet --group dev --editable ".[sandbox]"
	build/contract/bin/python -m pytest -n 2 --dist loadfile tests/contract

bench: setup  ## Measure against bare Bolt and write docs/performance.md
	$(BIN)/python -m bench

coverage: setup browser  ## Measure which lines and branches of the bot the tests reach, subprocesses included
	rm -rf build/coverage
	mkdir -p build/coverage
	$(BIN)/coverage run -m pytest -n $(WORKERS) --dist loadfile --timeout 900 $(TESTS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage html --quiet
	$(BIN)/coverage report --skip-covered --sort=miss

dist: setup  ## Build the wheel and the source archive into dist/
	rm -rf dist
	mkdir -p build
	$(BIN)/python -m hatchling build

lock:  ## Pin every dependency again, and export those of production to requirements.txt (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade \
	  --extra sandbox --extra otel --group dev pyproject.toml -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
	  --constraint requirements.lock pyproject.toml -o requirements.txt

setup: $(VENV)/.ready

$(VENV)/.ready: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

browser: setup
	$(BIN)/python tests/browser/install.py

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .cache build dist
