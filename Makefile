PYTHON ?= python3
BIN := .venv/bin
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --upgrade

.DEFAULT_GOAL := help
.PHONY: help install demo format check audit test faults evaluate dist lock images bench peers scale clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: .venv/installed ## Install the locked packages and lookalike itself into .venv

.venv/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("lookalike needs Python 3.11 or newer, and $(PYTHON) is %d.%d: make PYTHON=python3.11" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv && $(BIN)/pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation -e . && touch $@

.venv/testable: .venv/installed requirements-test.lock
	$(BIN)/pip install --quiet --require-hashes -r requirements-test.lock && touch $@

demo: install ## Ingest and search a few pictures, with nothing configured
	$(BIN)/lookalike demo

format: .venv/testable ## Rewrite the code in the house's form
	$(BIN)/ruff format . && $(BIN)/ruff check --fix .

check: .venv/testable ## Lint, form, types, and who may import whom
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Strict, for what the service does not know would pass otherwise; what it does not answer to is a traceback.
audit: .venv/testable ## Look the locked packages up among the known vulnerabilities
	@told=$$($(BIN)/pip-audit --strict --require-hashes --disable-pip --progress-spinner off -r requirements.lock 2>&1) \
		&& echo "$$told" || case "$$told" in \
			*Found*known\ vulnerabilit*) echo "$$told"; exit 1;; \
			*) echo "Not audited, for the vulnerability service cannot be asked: $$(echo "$$told" | tail -n 1 | cut -c 1-160)"; exit 1;; \
		esac

# Two processes, so that the waiting of one test overlaps the work of another; each has services of its own.
test: .venv/testable ## Run the tests, against real services
	$(BIN)/pytest -n $(or $(PROCESSES),2) --dist loadgroup

faults: .venv/testable ## Break everything at length, and write the table of docs/reliability.md
	$(BIN)/python -m tests.faults $(FAULTS)

evaluate: .venv/testable ## Measure the answers on DATA=../shared/data, and write docs/quality.md
	DATA="$(or $(DATA),../shared/data)" $(BIN)/python -m benchmarks.quality

dist: .venv/testable ## Build the wheel and the sdist into dist/, and check both
	rm -rf dist && $(BIN)/python -m build --no-isolation --outdir dist .
	$(BIN)/python -m twine check --strict dist/*
	$(BIN)/python -m check_wheel_contents dist/*.whl

lock: install ## Resolve pyproject.toml into all locks, with the newest versions that it allows
	$(BIN)/pip install --quiet uv
	printf '%s\n' 'hatchling>=1.27' editables | $(LOCK) -o requirements.lock --extra all pyproject.toml -
	$(LOCK) -c requirements.lock -o requirements-test.lock --group test
	sed '/^\(pyarrow\|tqdm\)==/,/[^\\]$$/d' requirements.lock | $(LOCK) -c requirements-test.lock -c - -o requirements-peers.lock --group peers
	printf '%s\n' 'hatchling>=1.27' | $(LOCK) -c requirements.lock -o requirements-producer.lock pyproject.toml -
	for extra in flower api worker gpu; do \
		printf '%s\n' 'hatchling>=1.27' | $(LOCK) -c requirements.lock -o requirements-$$extra.lock --extra $$extra pyproject.toml - || exit 1; \
	done
	$(BIN)/pip uninstall --quiet --yes uv

images: .venv/testable ## Build every container image and run a job through them (Docker, or Buildah as root)
	$(BIN)/python -m deploy.images $(IMAGES)

bench: .venv/testable ## Measure ingest, ledger, index and query service
	$(BIN)/python -m benchmarks

# An environment in the environment: its packages come first, as Daft wants an older pyarrow; the others are those below.
.venv/peers/installed: .venv/testable requirements-peers.lock
	$(BIN)/python -m venv .venv/peers
	cd .venv && bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' > "$$(peers/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/below.pth"
	.venv/peers/bin/pip install --quiet --require-hashes -r requirements-peers.lock && touch $@

peers: .venv/peers/installed ## Measure the article's way, Ray Data, Daft and lookalike, side by side
	$(BIN)/python -m benchmarks peers

scale: .venv/testable ## Measure with ever more vectors, references and workers, and write docs/scale.md
	$(BIN)/python -m benchmarks.scale $(SCALE)

clean: ## Remove .venv and every cache in this folder
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache dist
	find . -name __pycache__ -prune -exec rm -rf {} +
