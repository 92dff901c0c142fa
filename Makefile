# The front door. `make help` lists the targets; each gate of CI is a target that a person can run alone.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory

# --- Settings: `make run PORT=9090` ---------------------------------------------------------------------------------

PORT ?= 8080
DATA ?= data
STORE ?= file
ARCH ?= x86_64
FUZZ_RUNS ?= 50000
DOCUMENTS ?= 20000

TARGET := $(or $(CARGO_TARGET_DIR),target)
VENV := .venv/bin
SKIPPED := $(TARGET)/judges-skipped

# Cargo unifies features over the packages it is asked for: `-p a` and then `-p b` builds the AWS SDK twice. So there
# are two selections and no others: the workspace, and for what is deployed the functions, which then carry no
# feature that only the local server or a test wants.
FUNCTIONS := $(sort $(notdir $(patsubst %/Cargo.toml,%,$(wildcard functions/*/Cargo.toml))))
RELEASE := $(addprefix --package ,$(FUNCTIONS))

# cargo-nextest where it is installed, else cargo's own runner. Both build the same things.
NEXTEST := $(shell cargo nextest --version >/dev/null 2>&1 && echo yes)
TEST := $(if $(NEXTEST),cargo nextest run $(if $(CI),--profile ci),cargo test --lib --bins --tests) --workspace

# cargo-lambda comes from the venv, and finds its linker (zig) as the `python3` that is first in PATH.
LAMBDA = PATH="$(CURDIR)/$(VENV):$$PATH" cargo lambda
FLAG_x86_64 := --x86-64
FLAG_arm64 := --arm64

.PHONY: help
help: ## What can be made here
	@sed -nE 's/^([a-z0-9-]+):[^#]*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | awk -F'\t' '{ printf "  make %-15s %s\n", $$1, $$2 }'
	@echo
	@echo "  Settings: PORT=$(PORT) DATA=$(DATA) STORE=$(STORE) (file, memory) ARCH=$(ARCH) (x86_64, arm64) FUZZ_RUNS=$(FUZZ_RUNS) DOCUMENTS=$(DOCUMENTS)"

# --- Using it -------------------------------------------------------------------------------------------------------

.PHONY: run
run: ## Build and serve everything on http://127.0.0.1:PORT, data in DATA
	@cargo build --workspace --bin lychgate-local
	@exec $(TARGET)/debug/lychgate-local --port '$(PORT)' --data '$(DATA)' --store '$(STORE)'

.PHONY: build
build: venv ## A zip for each function in TARGET/lambda (ARCH=arm64 is what the template deploys)
	$(LAMBDA) build --release $(FLAG_$(ARCH)) --output-format zip $(RELEASE)

.PHONY: invoke
invoke: venv ## Run each function under cargo-lambda and send it its event of infra/events
	cargo build --workspace --bins
	PATH="$(CURDIR)/$(VENV):$$PATH" python3 tests/judges/with_server.py $(TARGET)/debug/lychgate-local -- \
		python3 tests/judges/invoke.py

.PHONY: deploy
deploy: venv ## Build for arm64 and deploy the stack that infra/samconfig.toml describes
	@test -f infra/samconfig.toml || { \
		echo "Copy infra/samconfig.toml.example to infra/samconfig.toml and fill it in; it names the stack, the region and the first operator key."; \
		exit 1; }
	@! grep -n 'CHANGE-ME' infra/samconfig.toml || { echo "Fill in these lines of infra/samconfig.toml first."; exit 1; }
	PATH="$(CURDIR)/$(VENV):$$PATH" SAM_CLI_TELEMETRY=0 sam build --config-file "$(CURDIR)/infra/samconfig.toml" --template-file infra/template.yaml
	PATH="$(CURDIR)/$(VENV):$$PATH" SAM_CLI_TELEMETRY=0 sam deploy --config-file "$(CURDIR)/infra/samconfig.toml"

# --- Checking it ----------------------------------------------------------------------------------------------------

.PHONY: test
test: ## All tests, and the outside judges. The last line names what was skipped
	@mkdir -p $(TARGET) && rm -f $(SKIPPED)
	@$(MAKE) test-rust
	@$(MAKE) test-doc
	@if tests/judges/venv.sh; then $(MAKE) lint-template judge-scim judge-c14n judge-saml judge-oidc judge-outbound judge-browser; \
	elif [ "$${CI:-}" = true ]; then echo "CI skips no judge."; exit 1; \
	else printf '%s\n' template openapi scim2-tester tour c14n saml-idps oidc outbound browser > $(SKIPPED); fi
	@if [ -f $(SKIPPED) ]; then echo "all tests passed; judges skipped: $$(paste -sd' ' $(SKIPPED)) (the reason is above)"; \
	else echo "all tests passed; no judge was skipped"; fi

.PHONY: test-rust
test-rust: ## Unit tests and tests/it
	cargo build --workspace --bins
	$(TEST)

.PHONY: test-doc
test-doc: ## The examples in the documentation
	cargo test --workspace --doc --quiet

.PHONY: judge-scim
judge-scim: venv ## Servers of their own against scim2-tester, the API's description and the README's tour
	cargo build --workspace --bins
	python3 tests/judges/with_server.py $(TARGET)/debug/lychgate-local -- $(VENV)/python tests/judges/scim_tester.py
	python3 tests/judges/with_server.py $(TARGET)/debug/lychgate-local -- $(VENV)/python tests/judges/openapi.py
	python3 tests/judges/with_server.py $(TARGET)/debug/lychgate-local -- python3 tests/judges/tour.py $(TARGET)

.PHONY: judge-c14n
judge-c14n: venv ## Canonicalization of DOCUMENTS random documents against libxml2's
	cargo build --workspace --example c14n
	$(VENV)/python tests/judges/c14n.py $(TARGET)/debug/examples/c14n --count $(DOCUMENTS)

.PHONY: judge-saml
judge-saml: venv ## Identity providers that are not ours sign people in, and are refused (IDPS="pysaml2 samlp simplesamlphp signxml")
	cargo build --workspace --bins
	SKIPPED=$(SKIPPED) python3 tests/judges/with_server.py $(TARGET)/debug/lychgate-local -- \
		$(VENV)/python tests/judges/saml_idps.py $(IDPS)

.PHONY: judge-oidc
judge-oidc: venv ## A client library that is not ours (Authlib) against the OpenID provider
	cargo build --workspace --bins
	python3 tests/judges/with_server.py $(TARGET)/debug/lychgate-local -- $(VENV)/python tests/judges/oidc.py

.PHONY: judge-outbound
judge-outbound: venv ## KMS and SES against services that we did not write (moto)
	cargo build --workspace --example outside
	$(VENV)/python tests/judges/outbound.py $(TARGET)/debug/examples/outside

.PHONY: judge-browser
judge-browser: venv ## The pages in Chromium, pictures of them in TARGET/screenshots (WALKS="sign_in saml passwords")
	cargo build --workspace --bins
	SKIPPED=$(SKIPPED) python3 tests/judges/with_server.py $(TARGET)/debug/lychgate-local -- \
		$(VENV)/python tests/judges/browser.py $(TARGET)/screenshots $(WALKS)

.PHONY: screenshots
screenshots: judge-browser ## The pictures of the README, from the walks
	cp $(TARGET)/screenshots/settings-overview-later-desktop.png docs/screenshots/overview.png
	cp $(TARGET)/screenshots/settings-connection-tested-desktop.png docs/screenshots/connection.png
	cp $(TARGET)/screenshots/settings-suspended-desktop.png docs/screenshots/suspended.png
	cp $(TARGET)/screenshots/settings-guest-phone.png docs/screenshots/guest-phone.png

.PHONY: lint-template
lint-template: venv ## The SAM template and the API's description: lint, check what comes out
	$(VENV)/python tests/judges/template.py
	$(VENV)/python tests/judges/openapi.py

.PHONY: check
check: ## Formatting, clippy and tidy
	cargo metadata --locked --format-version 1 >/dev/null # Cargo.lock is what the manifests ask for
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --quiet -- -D warnings
	cargo test --workspace --test it --quiet -- tidy

.PHONY: doc
doc: ## The documentation of the crates; a broken link fails
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --quiet

.PHONY: fuzz-smoke
fuzz-smoke: ## Each fuzz body FUZZ_RUNS times, seeded
	FUZZ_RUNS=$(FUZZ_RUNS) cargo test --workspace --test it --quiet -- fuzz

.PHONY: bench
bench: venv ## CPU per operation against a bare handler, and of a SAML response beside python3-saml (QUICK=1: a look in between)
	cargo build --profile bench --workspace --bin bench
	$(TARGET)/release/bench $(if $(QUICK),--quick)
	$(TARGET)/release/bench $(if $(QUICK),--quick) --saml $(VENV)/python tests/judges/bench_python3_saml.py

.PHONY: sizes
sizes: build ## Bytes of each function; foreign code in it fails
	python3 tests/judges/sizes.py $(TARGET)/lambda

.PHONY: cold-start
cold-start: build ## Instructions from start to first answer, counted by callgrind
	@command -v valgrind >/dev/null || { echo "cold-start counts with valgrind. On Debian and Ubuntu: sudo apt-get install valgrind"; exit 1; }
	@command -v openssl >/dev/null || { echo "cold-start makes a test authority with openssl. On Debian and Ubuntu: sudo apt-get install openssl"; exit 1; }
	cargo build --workspace --bins
	python3 tests/judges/with_server.py $(TARGET)/debug/lychgate-local -- python3 tests/judges/cold_start.py $(TARGET)/lambda

.PHONY: deny
deny: ## Licences, sources, banned crates and advisories (cargo install --locked cargo-deny; advisories need the network)
	@cargo deny --version >/dev/null 2>&1 || { echo "cargo-deny is not installed: cargo install --locked cargo-deny"; exit 1; }
	cargo deny --all-features check $(if $(OFFLINE),bans licenses sources,)

.PHONY: ci
ci: ## What CI runs, in its order
	$(MAKE) check
	$(MAKE) test
	$(MAKE) fuzz-smoke FUZZ_RUNS=20000
	$(MAKE) doc
	$(MAKE) sizes
	$(MAKE) invoke

# --- Housekeeping ---------------------------------------------------------------------------------------------------

.PHONY: venv
venv:
	@tests/judges/venv.sh

.PHONY: judges-lock
judges-lock: venv ## Write tests/judges/requirements.txt anew from requirements.in
	python3 -m venv $(TARGET)/pip-tools
	$(TARGET)/pip-tools/bin/pip install --quiet pip-tools
	$(TARGET)/pip-tools/bin/pip-compile --quiet --upgrade --generate-hashes --strip-extras --allow-unsafe \
		--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-header --no-annotate \
		--output-file tests/judges/requirements.txt tests/judges/requirements.in

.PHONY: node-lock
node-lock: ## Write the package-lock.json of tests/judges/idp_samlp and browser anew, without the addresses of a registry
	for folder in idp_samlp browser; do (cd tests/judges/$$folder && rm -f package-lock.json && npm install \
		--package-lock-only --omit-lockfile-registry-resolved --ignore-scripts --no-audit --no-fund); done

.PHONY: clean
clean: ## Remove what was built; the data stays
	cargo clean
	rm -rf .venv .aws-sam tests/judges/*/node_modules
