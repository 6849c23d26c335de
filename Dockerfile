# The image of bisan-indexer, to be run or to be copied out of:
#
#   COPY --from=bisan-indexer /usr/local/bin/bisan-indexer /usr/local/bin/
#
# The program needs glibc 2.34 or newer (Debian 12, Ubuntu 22.04 and later) and, for https, the system's certificates.
#
# Built on the Debian before the current one, whose glibc newer ones run, so that what is copied out runs in an image of
# either; what is started here lies on the current one. Both by digest, which Dependabot raises.

FROM rust:1.98.1-slim-bookworm@sha256:b5395fa1e42e25148de9b2fd8c8c3a8a341ccb17554ade0ad6bd9a47031f5101 AS build
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

FROM debian:trixie-slim@sha256:3a39a0592364683e6bab97937b72cad5a8fa6dcbbee90edb3bb48c7f8e94f258
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

# Where a follower answers. Loopback: publish nothing. The other commands ignore it.
ENV BISAN_INDEXER_LISTEN=127.0.0.1:9700
# No HEALTHCHECK: only `sync --watch` has a health to ask for, and every other command would turn unhealthy while it runs. A
# follower's container is given one: `bisan-indexer health`, in docker-compose.yml and contrib/kamal/deploy.yml, or
#
#   docker run --health-cmd 'bisan-indexer health || exit 1' … sync --watch

ENTRYPOINT ["bisan-indexer"]
CMD ["--help"]
