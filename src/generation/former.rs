//! The checks that a former generation must pass before it is swapped back in.
//!
//! It was live once, so it is not counted against the live one again. But in the meantime another program may have
//! deleted it, put another index under its uid, or emptied it.

use crate::catalog::SmokeSet;
use crate::error::Error;
use crate::generation::gates::{ClosedGate, ClosedGates};
use crate::generation::smoke;
use crate::generation::swap::Exchange;
use crate::meilisearch::uid::same_identity;
use crate::meilisearch::{MeilisearchError, Server};

/// A former generation, and the index that it will replace.
#[derive(Clone, Debug)]
pub struct Former<'a> {
    /// The exchange: `new` is the former generation.
    pub exchange: Exchange,
    /// Documents of what is live now.
    pub live_documents: u64,
    /// What it must answer.
    pub smoke: &'a [SmokeSet],
}

/// Former generations that passed every check. There is no other way to make one, and no swap back without one.
#[derive(Debug)]
pub struct PassedFormer {
    exchanges: Vec<Exchange>,
    /// What should be known, though it closes nothing.
    pub warnings: Vec<String>,
}

impl PassedFormer {
    /// What is to be exchanged.
    pub fn exchanges(&self) -> &[Exchange] {
        &self.exchanges
    }
}

/// Looks at every former generation. With `skip_smoke` a smoke query that fails is a warning.
///
/// A query that a generation's own settings do not allow is a warning anyway: it was made for later settings, and says
/// nothing about the documents.
///
/// # Errors
/// [`ClosedGates`] with all reasons against it; [`MeilisearchError`] where the server could not be asked.
pub async fn check_former(
    server: &Server,
    formers: &[Former<'_>],
    skip_smoke: bool,
) -> Result<PassedFormer, Error> {
    let mut closed = Vec::new();
    let mut warnings = Vec::new();
    for former in formers {
        let Exchange {
            build_uid: uid,
            new,
            ..
        } = &former.exchange;
        if let Some(gone) = gone(server, uid, new).await? {
            closed.push(gone);
            continue;
        }
        let found = server.count_documents(uid).await?;
        if found == 0 && former.live_documents > 0 {
            closed.push(ClosedGate::Hollow {
                uid: uid.clone(),
                live: former.live_documents,
            });
            continue;
        }
        for set in former.smoke {
            let answered = smoke::ask(server, uid, set).await?;
            let Some(gate) = ClosedGate::of_smoke(uid, set, &answered) else {
                continue;
            };
            match skip_smoke || answered.passes_but_for_settings() {
                true => warnings.push(gate.to_string()),
                false => closed.push(gate),
            }
        }
    }
    if !closed.is_empty() {
        return Err(ClosedGates(closed).into());
    }
    Ok(PassedFormer {
        exchanges: formers
            .iter()
            .map(|former| former.exchange.clone())
            .collect(),
        warnings,
    })
}

async fn gone(
    server: &Server,
    uid: &str,
    created_at: &str,
) -> Result<Option<ClosedGate>, MeilisearchError> {
    let found = match server.index(uid).await? {
        Some(index) if same_identity(&index.created_at, created_at) => return Ok(None),
        Some(index) => format!("one made at {} does", index.created_at),
        None => "nothing does".to_owned(),
    };
    Ok(Some(ClosedGate::Gone {
        uid: uid.to_owned(),
        expected: created_at.to_owned(),
        found,
    }))
}
