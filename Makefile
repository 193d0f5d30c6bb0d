# `make repro` runs the example, `make test` the tests; both set up .venv first.

PYTHON ?= python3.11
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: repro test lint docs clean

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

docs: .venv/installed
	python -m docs.generator

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	pip install --quiet --constraint constraints.txt --editable '.[test]'
	touch $@

clean:
	rm -rf .venv build *.egg-info .pytest_cache .mypy_cache .ruff_cache
