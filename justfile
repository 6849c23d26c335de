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

# What it costs, measured: all of docs/performance.md, or the cases that are named (hours, or minutes)
bench *CASES:
    [ -n "${MEILISEARCH_HOST:-}${MEILISEARCH_BIN:-}" ] || cargo build --release -p ephemeral-meilisearch
    cargo bench --bench whole -- {{CASES}}

# What a row costs on its way to a line of NDJSON: a minute
bench-parts:
    cargo bench --bench parts

# What the gate checks besides the tests
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --features ephemeral -- -D warnings

# Everything that the gate runs
ci:
    .ci/run
