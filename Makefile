# Two commands do everything on a fresh machine: `make demo` and `make test`.
# Both install what they need; see "What is installed" in README.md.

PY := .venv/bin/python
PYTEST := .venv/bin/pytest
LOCK := -q pyproject.toml --upgrade --generate-hashes --universal --python-version 3.11 \
    --no-header --no-emit-index-url

.DEFAULT_GOAL := help

# What the tests start as `python3` has our packages.
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

.venv/.ready: requirements.lock pyproject.toml scripts/bootstrap
	@scripts/bootstrap

.PHONY: setup
setup: .venv/.ready ## Create .venv with the locked dependencies

.PHONY: node
node: ## Install what real pods need: containerd, runc, network plugins (root on Debian)
	@scripts/bootstrap --node

.PHONY: ssh
ssh: ## Install what tests over SSH need: openssh-client (root on Debian)
	@scripts/bootstrap --ssh

.PHONY: demo
demo: .venv/.ready ## Run the whole story on an embedded control plane and show it
	@$(PY) -m scripts.demo

.PHONY: check
check: .venv/.ready ## Format, lint, types, layers, generated files, fast tests
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy operator function_runner devcluster tests bench scripts
	PYTHONPATH=operator:function_runner .venv/bin/lint-imports
	$(PY) -m porch.api.crd --check
	$(PY) -m scripts.wire --check
	$(PY) -m scripts.commands --check
	$(PYTEST) -q

.PHONY: test
test: .venv/.ready node ssh ## Every test: pure, processes, real control plane, real pods
	PORCH_FUZZ_SECONDS=60 $(PYTEST) -q -m "not soak"

.PHONY: soak
soak: .venv/.ready node ## The long runs of which `make test` does a slice; records what came of them
	$(PY) -m scripts.soak $(if $(ONLY),-k "$(ONLY)")

.PHONY: bench
bench: .venv/.ready ## Measure, and write bench/results/*.json; SUITES="users fleet", RUNS=1, PROFILE=1
	$(PY) -m bench $(SUITES) $(if $(RUNS),--runs $(RUNS)) $(if $(PROFILE),--profile)

.PHONY: crds
crds: .venv/.ready ## Generate crds/ and the policies from the typed models
	$(PY) -m porch.api.crd

.PHONY: wire
wire: .venv/.ready ## Generate the code of evaluator.proto, in Python and in Go (needs go)
	$(PY) -m scripts.wire

.PHONY: schemas
schemas: .venv/.ready ## Make the schemas of Kubernetes' kinds that kubeconform checks by (needs go)
	$(PY) -m scripts.kubernetes_schemas

.PHONY: golden
golden: .venv/.ready ## Rewrite golden expectations; review the diff like code
	$(PY) -m tests.golden.rewrite

.PHONY: lock
lock: .venv/.ready ## Resolve the two lock files again from pyproject.toml
	$(PY) -m pip install -q uv
	.venv/bin/uv pip compile $(LOCK) --extra test --extra dev -o requirements.lock
	.venv/bin/uv pip compile $(LOCK) -o requirements-run.lock
