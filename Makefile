# Everything that a newcomer types. `make help` lists it.

CARGO ?= cargo
# What is built without Wasmtime.
NATIVE = --package salesforce-portal-connector --package salesforce-emulator --package native

# The suites that run on PostgreSQL as well. Always of the whole workspace: a package by itself has fewer features, and its dependencies
# would be compiled once more.
ON_POSTGRES = \
	$(CARGO) test --locked --workspace --lib -- directory:: sync:: config:: spreadsheet:: access:: jobs:: throttle::; \
	$(CARGO) test --locked --workspace --test console --test journeys; \
	$(CARGO) test --locked --workspace --test command_line -- backup:: ending:: hosts:: kill:: kill_scim:: walk_scim::

.DEFAULT_GOAL := help
.PHONY: help demo test test-postgres test-hosts fuzz unit wit embedding browser-test pictures soak bench bench-peers clients clients-airbyte scim-clients mutants check lint deny notices format doc component release release-check deb-test registry-test package semver wasm-target hosts templates

help: ## Lists the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: wasm-target ## Runs the main job against an emulated Salesforce org
	$(CARGO) build --locked --package host-harness
	@$(CARGO) run --locked --quiet --package host-harness -- demo

test: wasm-target ## Runs the whole suite
	$(CARGO) test --locked --workspace

test-postgres: wasm-target ## Runs the suites that have a directory on a private PostgreSQL, which it installs where missing
	scripts/postgres.sh sh -ec '$(ON_POSTGRES)'

test-hosts: wasm-target ## Fails three hosts of one PostgreSQL, one after another
	scripts/postgres.sh $(CARGO) test --locked --workspace --test command_line -- hosts:: --nocapture

fuzz: wasm-target ## Tries each fuzz target for 60 s, or FUZZ_SECONDS, with cargo-fuzz, which it installs where missing
	scripts/fuzz.sh

unit: ## Has systemd check the unit of the hardening guide
	scripts/check-unit.sh

browser-test: wasm-target ## Walks the console in a headless browser, which it installs where missing
	scripts/browser-test.sh

pictures: wasm-target ## Makes the README's pictures of the console anew
	scripts/browser-test.sh pictures

soak: wasm-target ## Kills imports of 50,000, pushes of 5,000 and SCIM twenty times each, fails three hosts of 200 tenants ten times, plays 800 random sequences, and SCIM with 100,000 users (in release; some minutes once built)
	PROVISIONING_SOAK=1 $(CARGO) test --locked --release --workspace --test command_line -- kill:: kill_scim:: walk_scim:: --nocapture --test-threads 1
	PROVISIONING_SOAK=1 scripts/postgres.sh $(CARGO) test --locked --release --workspace --test command_line -- hosts:: kill_scim:: walk_scim:: --nocapture --test-threads 1
	PROVISIONING_SOAK=1 $(CARGO) test --locked --release --workspace --test journeys -- chaos:: scim::many scim::requests scim::creations --nocapture --test-threads 1
	PROVISIONING_SOAK=1 scripts/postgres.sh $(CARGO) test --locked --release --workspace --test journeys -- scim::many scim::requests scim::creations --nocapture --test-threads 1

clients: ## Checks the emulator with clients that others wrote, which it installs
	python3 host-harness/emulator/clients/run.py

clients-airbyte: ## Checks it with Airbyte's reader, whose licence (ELv2) lets people run it and not ship it
	python3 host-harness/emulator/clients/run.py airbyte

scim-clients: wasm-target ## Checks the SCIM service with clients and checkers that others wrote, which it installs
	python3 host-harness/scim/clients/run.py

bench: wasm-target ## Measures sandbox, tenants, hosts, component against native, the directory, and the emulator (in release; some minutes)
	$(CARGO) bench --locked --workspace --bench sandbox --bench native --bench tenants --bench console --bench directory
	scripts/postgres.sh $(CARGO) bench --locked --workspace --bench hosts
	$(CARGO) test --locked --release --workspace --test journeys -- --nocapture hostile::neighbour
	$(CARGO) bench --locked --workspace --bench million

bench-peers: wasm-target ## Measures imports and pushes against jsforce, simple-salesforce and aiosalesforce, which it installs (in release; half an hour)
	python3 host-harness/cli/benches/peers/run.py

mutants: wasm-target ## Puts faults into the code, a sample by default, and lists those that no test notices (CONTRIBUTING.md)
	scripts/mutants.sh

check: ## Lints and tests all that needs no Wasmtime: the connector, natively against the emulator (the inner loop)
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked $(NATIVE) --all-targets -- -D warnings
	$(CARGO) test --locked $(NATIVE)

lint: wasm-target ## Checks formatting, lints (native and WebAssembly) and the documentation
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	scripts/wasm-clippy.sh
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps --document-private-items

deny: ## Checks advisories, licences and sources of the dependencies (cargo-deny, which it installs where missing)
	scripts/deny.sh

notices: wasm-target ## Writes the third-party notices anew, when the dependencies have changed
	GOLDEN=renew $(CARGO) test --locked --workspace --test command_line -- licenses::the_notices

format: ## Formats the code
	$(CARGO) fmt --all

doc: wasm-target ## Builds the documentation of the libraries
	$(CARGO) doc --locked --workspace --no-deps

component: wasm-target ## Builds the connector and says where the component lies
	$(CARGO) run --locked --quiet --package component-build --features tool -- component salesforce-portal-connector

release: ## Makes what a release consists of, in dist/, of the last commit (RELEASE.md)
	scripts/release.sh

release-check: ## Builds the component again in another folder, and compares it with the one in dist/
	scripts/release.sh check

deb-test: ## Installs the Debian package of dist/ on a Debian without a compiler, and runs the demo there
	scripts/deb-test.sh

registry-test: ## Publishes what is in dist/ with wkg in Debian's registry on loopback, and has a host add it from there
	$(CARGO) build --locked --package host-harness
	scripts/registry-test.sh

package: ## Packages each crate that is published, and sees that its manifest is complete
	scripts/package.sh

semver: ## Compares the crates with the last release (cargo-semver-checks, which it installs where missing)
	scripts/semver.sh

wit: ## Copies the interface into the package of the runtime
	rm -rf host-harness/runtime/wit
	cp -r wit host-harness/runtime/wit

embedding: ## Packages the runtime, and builds a crate that embeds it
	scripts/embedding.sh

wasm-target: ## Installs what compiling for WebAssembly needs, where it is missing
	@scripts/wasm-target.sh

hosts: wasm-target ## Runs the connector in hosts written in Python and Node, which it installs the packages for
	$(CARGO) build --locked --package host-harness
	python3 host-harness/hosts/run.py

templates: wasm-target ## Makes, builds and checks a connector in each language of `new`, with toolchains that it installs
	$(CARGO) build --locked --package host-harness
	python3 scripts/templates.py
