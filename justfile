# What is done often here; `just` alone lists it.

_default:
    @just --list

# The whole story on a throw-away server
demo *ARGS:
    cargo build --profile demo --workspace --features ephemeral
    target/demo/bisan-indexer demo {{ARGS}}

# Every test
test:
    cargo test --workspace --features ephemeral

# The tests that need no server: seconds
test-offline:
    cargo test

# What the gate checks besides the tests
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --features ephemeral -- -D warnings

# Everything that the gate runs
ci:
    .ci/run
