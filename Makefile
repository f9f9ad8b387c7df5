# linkhub: `make run` shows it, `make test` proves it. Both set up all they need in .venv.
PYTHON ?= python3
BIN := .venv/bin
# Else the theme of the docs prints an advertisement at each build.
export NO_MKDOCS_2_WARNING := 1
INSTALL := -m pip install --disable-pip-version-check
CHECKOV := 3.3.30
TEMPLATES := deploy/ecs.yaml src/linkhub_adapters/aws/resources/files/cloudformation.json
PIP := $(BIN)/python $(INSTALL) --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help run run-aws test check checkov audit format bench constraints clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

run: .venv/run.stamp ## set up, then serve a demo shop with simulated workers (Ctrl-C stops it)
	@$(BIN)/linkhub demo

run-aws: .venv/dev.stamp ## the same on the aws backend, on local servers; RUN='serve --consume' runs another command
	@$(BIN)/python -m tests.support.local_aws $(RUN)

test: .venv/dev.stamp ## set up, then run every test
	$(BIN)/python -m pytest -n 4 --dist loadgroup

check: .venv/dev.stamp ## format, lint, types, import contracts, deploy/, docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/cfn-lint $(TEMPLATES)
	$(BIN)/hadolint deploy/Dockerfile
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec deploy/compose.yaml
	$(BIN)/kubernetes-validate --strict --quiet deploy/kubernetes/linkhub.yaml
	@# Not --quiet: it drops warnings before --strict counts them.
	$(BIN)/mkdocs build --strict --site-dir .venv/site

checkov: .venv-checkov/$(CHECKOV).stamp ## review the templates for AWS, with checkov in an environment of its own
	.venv-checkov/bin/checkov --framework cloudformation --skip-download --compact --quiet --file $(TEMPLATES)

audit: .venv/dev.stamp ## ask PyPI for known weaknesses of what is installed
	$(BIN)/pip-audit --strict --skip-editable --progress-spinner off

format: .venv/dev.stamp ## rewrite the sources in the house style
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/dev.stamp ## measure: products a second, CPU a product and a delivered message
	$(BIN)/python -m benchmarks drain
	$(BIN)/python -m benchmarks fanout
	$(BIN)/python -m benchmarks rejoin

constraints: ## pin the newest versions of all packages in constraints.txt; then run the tests
	$(PYTHON) -m venv --clear .venv-newest
	.venv-newest/bin/python $(INSTALL) --editable '.[dev]'
	{ sed '/^[^#]/d' constraints.txt; .venv-newest/bin/python -m pip freeze --exclude-editable; } > .venv-newest/constraints.txt
	mv .venv-newest/constraints.txt constraints.txt
	rm -rf .venv-newest

clean: ## remove what set-up and runs have made
	rm -rf .venv .venv-checkov .venv-newest .linkhub .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

.venv/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("linkhub needs Python 3.11 or newer, and this is %d.%d: make PYTHON=python3.11 ..." % sys.version_info[:2])'
	$(PYTHON) -m venv .venv

.venv/run.stamp: .venv/pyvenv.cfg pyproject.toml constraints.txt
	@echo "Setting up .venv (once, about a minute) ..."
	$(PIP) --editable '.[server]'
	@touch $@

.venv/dev.stamp: .venv/pyvenv.cfg pyproject.toml constraints.txt
	@echo "Setting up .venv with the tools for tests (once, about two minutes) ..."
	$(PIP) --editable '.[dev]'
	@touch $@ .venv/run.stamp

# checkov pins packages that linkhub needs in other versions.
.venv-checkov/$(CHECKOV).stamp:
	$(PYTHON) -m venv --clear .venv-checkov
	.venv-checkov/bin/python $(INSTALL) --quiet checkov==$(CHECKOV)
	@touch $@
