PYTHON ?= python3
BIN := .venv/bin
LOCK = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --upgrade

# Modules that Python lacks if it was built without their libraries.
COMPLETE := $(PYTHON) -c 'import importlib.util, sys; lacking = [name for name in "_bz2 _ctypes _lzma _sqlite3 _ssl zlib".split() if not importlib.util.find_spec(name)]; sys.exit("$(PYTHON) was built without its modules %s: make PYTHON=/usr/bin/python3" % ", ".join(lacking) if lacking else 0)'
NEW_ENOUGH := $(PYTHON) -c 'import sys; sys.exit("lookalike needs Python 3.11 or newer, and $(PYTHON) is %d.%d: make PYTHON=python3.11" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)' && $(COMPLETE)
# uv installs in a fraction of pip's time. It lies in a folder of its own, so that it is none of our packages.
UV := .venv/uv/bin/uv
# $(call INSTALL,LOCK FILE,OPTIONS OF UV,OPTIONS OF PIP): pip knows mirrors of this machine that uv may not know.
# The certificates of the system are those that a company's proxy needs.
INSTALL = $(UV) pip install --system-certs $(2) --python $(BIN)/python --require-hashes -r $(1) \
	|| { echo "uv could not install the packages; pip tries it now."; $(BIN)/pip install $(3) --require-hashes -r $(1); }

.DEFAULT_GOAL := help
.PHONY: help install demo format check audit test faults evaluate docs reference screenshots dist release lock images bench peers scale clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: .venv/installed ## Install lookalike with all its packages, as locked, into .venv

.venv/installed: $(UV) requirements.lock pyproject.toml
	@$(call INSTALL,requirements.lock,--quiet --compile-bytecode,--quiet)
	$(BIN)/pip install --quiet --no-deps --no-build-isolation -e . && touch $@

.venv/testable: .venv/installed requirements-test.lock
	@$(call INSTALL,requirements-test.lock,--quiet --compile-bytecode,--quiet)
	@touch $@

$(UV): requirements-uv.lock
	@$(NEW_ENOUGH)
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --upgrade --target .venv/uv -r $<
	@touch $@

demo: $(if $(wildcard .venv/installed),.venv/installed,.venv/small) ## Ingest and search sample images; needs no configuration
	$(BIN)/lookalike demo

# What `lookalike demo`, `ingest`, `search` and `up` need with the default model: a third of what `make install` installs.
# Not compiled, because most of it is never imported. uv shows the progress, and then it is not needed any more, as the
# setuptools are that Python 3.11 puts into an environment.
.venv/small: requirements-embedded.lock pyproject.toml
	@$(MAKE) --no-print-directory $(UV)
	@echo "Installing into .venv:"
	@$(call INSTALL,requirements-embedded.lock,--no-cache,--no-compile)
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-compile --no-deps --no-build-isolation -e .
	@$(BIN)/pip uninstall -qq --disable-pip-version-check --yes setuptools
	@rm -rf .venv/uv && touch $@

format: .venv/testable ## Format the code and fix what ruff can fix
	$(BIN)/ruff format . && $(BIN)/ruff check --fix .

check: .venv/testable ## Check format, lint, types and the import rules
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# --strict: a package that the service does not know fails as well. Without an answer pip-audit prints a traceback.
audit: .venv/testable ## Check the locked packages for known vulnerabilities
	@told=$$($(BIN)/pip-audit --strict --require-hashes --disable-pip --progress-spinner off -r requirements.lock 2>&1) \
		&& echo "$$told" || case "$$told" in \
			*Found*known\ vulnerabilit*) echo "$$told"; exit 1;; \
			*) echo "Not audited: the vulnerability service did not answer: $$(echo "$$told" | tail -n 1 | cut -c 1-160)"; exit 1;; \
		esac

# Four processes on two cores, because tests wait half of their time. Each process has its own services.
test: .venv/testable ## Run the tests against real services
	$(BIN)/pytest -n $(or $(PROCESSES),4) --dist loadgroup --no-loadscope-reorder

faults: .venv/testable ## Inject faults with real waiting times; write the table of docs/reliability.md
	$(BIN)/python -m tests.faults $(FAULTS)

evaluate: .venv/testable ## Measure search quality on DATA=FOLDER; write docs/quality.md
	DATA="$(or $(DATA),../shared/data)" $(BIN)/python -m benchmarks.quality

docs: .venv/testable ## Build the documentation site into site/ and check its links
	$(BIN)/python -m documentation

reference: .venv/testable ## Write the pages of docs/reference anew from the code
	$(BIN)/python -m documentation --reference

screenshots: .venv/testable ## Take the screenshots of docs/ anew; SCENES="map start" takes some
	$(BIN)/python -m tests.browser.screenshots $(SCENES)

dist: .venv/testable ## Build wheel and sdist into dist/ and check them
	rm -rf dist && $(BIN)/python -m build --no-isolation --outdir dist .
	$(BIN)/python -m twine check --strict dist/*
	$(BIN)/python -m check_wheel_contents dist/*.whl

release: .venv/testable ## Build and check all that a release consists of, in dist/; publishes nothing
	$(BIN)/python -m deploy.release

lock: install ## Update all lock files to the newest versions that pyproject.toml allows
	printf '%s\n' 'hatchling>=1.27' editables | $(LOCK) -o requirements.lock --extra all pyproject.toml -
	$(LOCK) -c requirements.lock -o requirements-test.lock --group test
	sed '/^\(pyarrow\|tqdm\)==/,/[^\\]$$/d' requirements.lock requirements-test.lock | $(LOCK) -c - -o requirements-peers.lock --group peers
	printf '%s\n' 'hatchling>=1.27' | $(LOCK) -c requirements.lock -o requirements-producer.lock pyproject.toml -
	printf '%s\n' 'hatchling>=1.27' | $(LOCK) -c requirements.lock -o requirements-flower.lock --extra flower pyproject.toml -
	printf '%s\n' 'hatchling>=1.27' editables | $(LOCK) -c requirements.lock -o requirements-embedded.lock --extra api --extra embedded pyproject.toml -
	for extra in api worker gpu; do \
		printf '%s\n' 'hatchling>=1.27' | $(LOCK) -c requirements.lock -o requirements-$$extra.lock --extra $$extra --extra cloud pyproject.toml - || exit 1; \
	done
	echo uv | $(LOCK) --no-deps -o requirements-uv.lock -

images: .venv/testable ## Build all container images and run a job in them (Docker, or Buildah as root)
	$(BIN)/python -m deploy.images $(IMAGES)

bench: .venv/testable ## Measure ingest, ledger, index and query service
	$(BIN)/python -m benchmarks

# An environment on top of .venv: Daft needs an older PyArrow, all other packages come from .venv.
.venv/peers/installed: .venv/testable requirements-peers.lock
	$(BIN)/python -m venv .venv/peers
	cd .venv && bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' > "$$(peers/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/below.pth"
	.venv/peers/bin/pip install --quiet --require-hashes -r requirements-peers.lock && touch $@

peers: .venv/peers/installed ## Compare the article's program, Ray Data, Daft and lookalike
	$(BIN)/python -m benchmarks peers

scale: .venv/testable ## Measure with growing numbers of vectors, references and workers; write docs/scale.md
	$(BIN)/python -m benchmarks.scale $(SCALE)

clean: ## Remove .venv, dist and all caches
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache dist site
	find . -name __pycache__ -prune -exec rm -rf {} +
