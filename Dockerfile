# The image of bisan-indexer, to be run or to be copied out of:
#
#   COPY --from=bisan-indexer /usr/local/bin/bisan-indexer /usr/local/bin/
#
# The program needs glibc 2.34 or newer (Debian 12, Ubuntu 22.04 and later) and, for https, the system's certificates.

ARG RUST_VERSION=1.95
ARG DEBIAN_VERSION=bookworm

FROM rust:${RUST_VERSION}-slim-${DEBIAN_VERSION} AS build
WORKDIR /src
# `ephemeral` adds the command `demo`; no search engine is linked in either way.
ARG FEATURES=""

# The dependencies alone, in a layer that stays until Cargo.lock changes. Cargo reads the whole workspace before it builds
# anything, so the other package and the stand-ins that Cargo.toml patches in must lie there too.
COPY Cargo.toml Cargo.lock ./
COPY crates/ephemeral-meilisearch/Cargo.toml crates/ephemeral-meilisearch/
COPY crates/ephemeral-meilisearch/engine-stubs crates/ephemeral-meilisearch/engine-stubs
RUN for file in src/main.rs tests/offline/main.rs tests/promises/main.rs benches/parts.rs benches/whole/main.rs \
        crates/ephemeral-meilisearch/src/main.rs; do mkdir -p "$(dirname "$file")" && echo 'fn main() {}' > "$file"; done \
    && touch src/lib.rs \
    && cargo build --release --locked --features "${FEATURES}"

COPY index-settings index-settings
COPY src src
# Their files may be older than what was built above: without a touch, cargo would keep the empty program.
RUN touch src/main.rs src/lib.rs \
    && cargo build --release --locked --features "${FEATURES}" \
    && install -m 755 target/release/bisan-indexer /usr/local/bin/bisan-indexer

FROM debian:${DEBIAN_VERSION}-slim
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /usr/local/bin/bisan-indexer /usr/local/bin/bisan-indexer

LABEL org.opencontainers.image.title="bisan-indexer" \
      org.opencontainers.image.description="Keeps Meilisearch in sync with a SQLite database" \
      org.opencontainers.image.licenses="MIT"

# The user that owns the database, 1000:1000 in the image that Rails generates. A reader of a WAL database may have to make
# the files -wal and -shm beside it; made by another user, they keep the application from writing. The program refuses to
# do that, so this must be the application's user: --build-arg UID=…, or `user:` and `--user` when it is started.
ARG UID=1000
ARG GID=1000
USER ${UID}:${GID}

# Where a follower answers, and where the check below asks. Loopback: publish nothing. The other commands ignore it.
ENV BISAN_INDEXER_LISTEN=127.0.0.1:9700
# For `sync --watch`. Healthy is: every index had its first round, and nothing keeps the follower from following.
# Docker knows the codes 0 and 1 only.
HEALTHCHECK --interval=10s --timeout=6s --start-period=60s --retries=3 \
    CMD ["/bin/sh", "-c", "bisan-indexer health || exit 1"]

ENTRYPOINT ["bisan-indexer"]
CMD ["--help"]
