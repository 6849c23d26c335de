//! The commands that change what is live.

use std::time::Duration;

use bytesize::ByteSize;
use clap::{Args, ValueEnum};
use jiff::SignedDuration;

use super::values::{ListenAddress, Percent, Require, batch_size, positive_time, time};
use super::{Connections, Selection};

/// How documents are sent.
#[derive(Clone, Debug, Args)]
pub struct UploadOptions {
    /// The size of one upload [default: 90MB to this machine or its own network, 10MB elsewhere]. A server or proxy that refuses it with 413 is sent halves
    #[arg(
        long,
        value_name = "BYTES",
        env = "BISAN_INDEXER_BATCH_SIZE",
        value_parser = batch_size
    )]
    pub batch_size: Option<ByteSize>,
}

/// What becomes of former generations.
#[derive(Clone, Debug, Args)]
pub struct RetainOptions {
    /// How many former generations a reindex keeps for a rollback
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1,
        env = "BISAN_INDEXER_RETAIN"
    )]
    pub retain: u32,
}

/// How far back and how boldly a round goes.
#[derive(Clone, Debug, Args)]
pub struct RoundOptions {
    /// How far a round looks back behind the last one, for rows that carry an older timestamp than their commit: as long
    /// as the longest import runs, and some more
    #[arg(
        long,
        value_name = "TIME",
        default_value = "15min",
        env = "BISAN_INDEXER_OVERLAP",
        value_parser = time
    )]
    pub overlap: SignedDuration,
    /// Which share of an index's documents a round may delete; beyond it the round is refused
    #[arg(
        long,
        value_name = "PERCENT",
        default_value = "20%",
        env = "BISAN_INDEXER_MAX_LOSS"
    )]
    pub max_loss: Percent,
}

/// `reindex`.
#[derive(Clone, Debug, Args)]
pub struct Reindex {
    /// Where the database and Meilisearch are.
    #[command(flatten)]
    pub connections: Connections,
    /// Which indexes.
    #[command(flatten)]
    pub selection: Selection,
    /// How it is sent.
    #[command(flatten)]
    pub upload: UploadOptions,
    /// What becomes of former generations.
    #[command(flatten)]
    pub former: RetainOptions,
    /// How much smaller than the live index the new one may be; beyond it the swap is refused
    #[arg(
        long,
        value_name = "PERCENT",
        default_value = "20%",
        env = "BISAN_INDEXER_MAX_LOSS"
    )]
    pub max_loss: Percent,
    /// How many of several servers have to be ready before any is swapped: all, or a number. Those that are not are left behind and named
    #[arg(
        long,
        value_name = "all|N",
        default_value_t,
        env = "BISAN_INDEXER_REQUIRE"
    )]
    pub require: Require,
    /// Every check and the full read, but nothing is sent or changed
    #[arg(long, env = "BISAN_INDEXER_DRY_RUN")]
    pub dry_run: bool,
}

/// `apply`.
#[derive(Clone, Debug, Args)]
pub struct Apply {
    /// Tells what would be done and why, and does nothing
    #[arg(long, env = "BISAN_INDEXER_DRY_RUN")]
    pub dry_run: bool,
    /// How many of several servers have to be ready before any is swapped: all, or a number. Those that are not are left behind and named
    #[arg(
        long,
        value_name = "all|N",
        default_value_t,
        env = "BISAN_INDEXER_REQUIRE"
    )]
    pub require: Require,
    /// With --dry-run: ends with 5 where there is something to do
    #[arg(long, requires = "dry_run", env = "BISAN_INDEXER_EXIT_CODE")]
    pub exit_code: bool,
    /// How it is sent.
    #[command(flatten)]
    pub upload: UploadOptions,
    /// What becomes of former generations.
    #[command(flatten)]
    pub former: RetainOptions,
    /// How far back and how boldly a round goes.
    #[command(flatten)]
    pub round: RoundOptions,
    /// Whether to ask first.
    #[command(flatten)]
    pub consent: Consent,
    /// Where the database and Meilisearch are.
    #[command(flatten)]
    pub connections: Connections,
    /// Which indexes.
    #[command(flatten)]
    pub selection: Selection,
}

/// `sync`.
#[derive(Clone, Debug, Args)]
pub struct Sync {
    /// Where the database and Meilisearch are.
    #[command(flatten)]
    pub connections: Connections,
    /// Which indexes.
    #[command(flatten)]
    pub selection: Selection,
    /// How deeply database and index are compared. `changed` reads what changes.sql names and is blind to hard deletes
    /// and to writes that touch no timestamp; `ids` adds every id that stands on one side only; `all` compares every
    /// document to the field; `auto` is `all` up to --compare-limit documents and `ids` above
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "DEPTH",
        env = "BISAN_INDEXER_COMPARE"
    )]
    pub compare: Compare,
    /// Up to how many documents `--compare auto` compares all of them
    #[arg(
        long,
        value_name = "N",
        default_value_t = 100_000,
        env = "BISAN_INDEXER_COMPARE_LIMIT"
    )]
    pub compare_limit: u64,
    /// How far back and how boldly a round goes.
    #[command(flatten)]
    pub round: RoundOptions,
    /// How it is sent.
    #[command(flatten)]
    pub upload: UploadOptions,
    /// Tells what would be sent and deleted, by id; nothing is changed
    #[arg(long, env = "BISAN_INDEXER_DRY_RUN", conflicts_with = "watch")]
    pub dry_run: bool,
    /// Whether it goes on following, and how.
    #[command(flatten)]
    pub watching: WatchOptions,
}

/// Whether a sync goes on following, and how.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Watching")]
pub struct WatchOptions {
    /// Goes on following until SIGINT or SIGTERM. What cannot be followed is waited out and said once
    #[arg(long, env = "BISAN_INDEXER_WATCH")]
    pub watch: bool,
    /// How often the follower looks whether something was committed. A look costs microseconds
    #[arg(
        long,
        value_name = "TIME",
        default_value = "50ms",
        env = "BISAN_INDEXER_INTERVAL",
        value_parser = positive_time
    )]
    pub interval: SignedDuration,
    /// How often the follower compares as deeply as --compare says; in between it sends what changes.sql names
    #[arg(
        long,
        value_name = "TIME",
        default_value = "1h",
        env = "BISAN_INDEXER_COMPARE_EVERY",
        value_parser = positive_time
    )]
    pub compare_every: SignedDuration,
    /// Where the follower answers /health, /ready and /metrics: 127.0.0.1:9700, localhost:9700, or :9700 for every address of this machine; without it, nowhere
    #[arg(long, value_name = "HOST:PORT", env = "BISAN_INDEXER_LISTEN")]
    pub listen: Option<ListenAddress>,
}

impl WatchOptions {
    /// The time between two looks.
    pub fn interval(&self) -> Duration {
        self.interval.unsigned_abs()
    }

    /// The time between two deep comparisons.
    pub fn compare_every(&self) -> Duration {
        self.compare_every.unsigned_abs()
    }
}

/// How deeply `sync` compares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Compare {
    /// What changes.sql names.
    Changed,
    /// That, and every id that stands on one side only.
    Ids,
    /// Every document, to the field.
    All,
    /// By the size of the index.
    #[default]
    Auto,
}

/// Whether something may be changed.
#[derive(Clone, Debug, Args)]
pub struct Consent {
    /// Does it without asking; needed where there is no terminal to ask on
    #[arg(short, long, env = "BISAN_INDEXER_YES")]
    pub yes: bool,
}

/// `rollback`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Examples:
  bisan-indexer rollback --list       what can be rolled back to
  bisan-indexer rollback              to the generation that was live before this one
  bisan-indexer sync                  then brings it up to date from its own checkpoint

Nothing is built or deleted: it is one swap, of all indexes that were built together, and the generation that was live
can be rolled back to in its turn. One that was deleted since, or holds nothing, is refused (exit 3). Several servers
go to the same one; if a rollback has reached only some of them, the next one swaps the others.")]
pub struct Rollback {
    /// Where the database and Meilisearch are. The database is locked, so that no other run swaps meanwhile.
    #[command(flatten)]
    pub connections: Connections,
    /// Which indexes.
    #[command(flatten)]
    pub selection: Selection,
    /// The generation, by the uid that it lies under or by its createdAt; default: the one that was live before
    #[arg(long, value_name = "UID|CREATED_AT", env = "BISAN_INDEXER_TO")]
    pub to: Option<String>,
    /// Only lists the generations that are there
    #[arg(long, env = "BISAN_INDEXER_LIST", conflicts_with = "to")]
    pub list: bool,
    /// Swaps although smoke queries fail; they are asked and told all the same
    #[arg(long, env = "BISAN_INDEXER_SKIP_SMOKE")]
    pub skip_smoke: bool,
    /// Every check, but nothing is swapped
    #[arg(long, env = "BISAN_INDEXER_DRY_RUN")]
    pub dry_run: bool,
    /// Whether it may be done.
    #[command(flatten)]
    pub consent: Consent,
}

/// `clean`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Only what this program provably made is ever deleted: an index whose createdAt one of its records knows, under a
timestamped uid, that never became complete or live. Retained generations stay; `reindex --retain` decides about those.
Where there is no terminal, it only lists unless --yes is said.")]
pub struct Clean {
    /// Where the database and Meilisearch are. The database is locked while something is deleted.
    #[command(flatten)]
    pub connections: Connections,
    /// Which indexes.
    #[command(flatten)]
    pub selection: Selection,
    /// Only lists, on a terminal too
    #[arg(long, env = "BISAN_INDEXER_DRY_RUN")]
    pub dry_run: bool,
    /// Whether it may be done.
    #[command(flatten)]
    pub consent: Consent,
}
