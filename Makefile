PYTHON ?= python3
BIN := .venv/bin
C_FILES = $(sort $(shell find runtime_c examples -name '*.[ch]'))

.PHONY: setup lint test bench demo clean check-python check-c

setup:
	@$(PYTHON) scripts/setup.py all

demo:
	@$(PYTHON) scripts/setup.py demo
	@$(BIN)/python -m examples.digits.demo

test:
	@$(PYTHON) scripts/setup.py test
	@$(MAKE) --no-print-directory check-python check-c
	@OMP_NUM_THREADS=1 $(BIN)/pytest -q -n 2 --dist loadfile --no-loadscope-reorder -m "not study"

bench:
	@$(PYTHON) scripts/setup.py bench
	@OMP_NUM_THREADS=1 $(BIN)/bnncl bench --kernels auto,xnor --baseline docs/bench_baseline.json \
		-o build/bench.html -o build/bench.json

lint:
	@$(PYTHON) scripts/setup.py lint
	@$(MAKE) --no-print-directory check-python check-c

check-python:
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

check-c:
	@$(BIN)/python scripts/check_c.py $(C_FILES)

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
