# make run     install, run the Acme experiment, say where its report is
# make test    install, run the tests (less than five minutes on two cores)
# make slow    the long tests
# make lint    style, types, direction of imports
# make lowest  the tests, on the oldest versions of the packages that we allow
# make bench   what it costs, beside its limits

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test slow lint lowest bench clean

run: $(VENV)/installed
	$(BIN)/personabandits run acme

test: $(VENV)/installed-dev
	$(BIN)/pytest -n 2 --dist loadgroup

slow: $(VENV)/installed-dev
	$(BIN)/pytest -n 2 --dist loadgroup -m slow

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The lower bounds of pyproject.toml are not guesses: the tests pass on exactly these versions.
lowest: $(VENV)/bin/python
	"$(PYTHON)" -m venv $(VENV)/lowest
	$(BIN)/python -c "import tomllib; p = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
		print(*(d.replace('>=', '==') for d in p['dependencies'] + p['optional-dependencies']['gym']), sep='\n')" \
		> $(VENV)/lowest/constraints.txt
	$(VENV)/lowest/bin/python -m pip install --quiet --disable-pip-version-check \
		--constraint $(VENV)/lowest/constraints.txt --editable '.[gym]' 'pytest<9.2' pytest-xdist hypothesis
	NUMBA_CACHE_DIR=$(VENV)/lowest/numba $(VENV)/lowest/bin/pytest -n 2 --dist loadgroup

bench: $(VENV)/installed-dev
	$(BIN)/python benchmarks/storefront.py
	OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/policies.py
	OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/worlds.py
	OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/million.py

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: apt-get install python3 python3-venv" >&2; exit 2; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is too old: Python 3.11 or newer is needed; make PYTHON=/path/to/python3.11 run" >&2; exit 2; }
	@"$(PYTHON)" -m venv $(VENV) || { rm -rf $(VENV); \
		echo "$(PYTHON) lacks venv: apt-get install python3-venv" >&2; exit 2; }

$(VENV)/installed: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) results build *.egg-info
