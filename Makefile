# `make repro` runs the example, `make test` the tests; both set up .venv first.

PYTHON ?= python3.11
WHEELS ?= dist
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: repro test lint docs bench wheel versions clean

repro: .venv/installed
	dvc repro
	@sed -n 's/^\*\*Verdict\.\*\* //p' HANDOFF.md
	@echo "Read HANDOFF.md, or open report.html."

test: .venv/installed
	pytest -n auto --dist loadfile --no-loadscope-reorder

lint: .venv/installed
	ruff check
	ruff format --check
	mypy

# The pages that are made from the code.
docs: .venv/installed
	python -m docs.generator

# benchmarks/RESULTS.md, on a machine that does nothing else; it takes more than an hour.
bench: .venv/installed
	python -m benchmarks

# Of what is committed, from a folder of its own: a build leaves files beside what it builds.
wheel:
	@folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; \
	git archive HEAD | tar --extract --directory "$$folder" && \
	$(PYTHON) -m pip wheel --quiet --no-deps --wheel-dir $(WHEELS) "$$folder"

# The wheel with the oldest and the newest versions allowed, on every Python at hand.
versions:
	.ci/versions

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	pip install --quiet --constraint constraints.txt --editable '.[test]'
	touch $@

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
