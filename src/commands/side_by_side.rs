//! The same work at each of several servers, side by side: one that is away delays no other and stops none.

use futures::future::join_all;
use serde_json::Map;
use tracing::Instrument as _;

use crate::error::Error;
use crate::report::Answer;
use crate::report::servers;
use crate::servers::NamedServer;

/// Runs a command at each server. At a single one the answer is its own; at several it has the answer of each, and the exit
/// code is the worst of theirs.
///
/// # Errors
/// That of a single server. Of several, what kept one from its end is in its part of the answer.
pub async fn run(
    servers: Vec<NamedServer>,
    work: impl AsyncFn(&NamedServer) -> Result<Answer, Error>,
) -> Result<Answer, Error> {
    if let [one] = servers.as_slice() {
        return work(one).await;
    }
    Ok(servers::answer(
        at_each(servers, work).await,
        Map::new(),
        "",
    ))
}

/// What becomes of some work at each server. What keeps one from its end is logged, with its name.
pub async fn at_each<T>(
    servers: Vec<NamedServer>,
    work: impl AsyncFn(&NamedServer) -> Result<T, Error>,
) -> Vec<(NamedServer, Result<T, Error>)> {
    let work = &work;
    let each = servers.into_iter().map(|server| {
        let span = server.span();
        async move {
            let outcome = work(&server).await;
            if let Err(error) = &outcome {
                tracing::error!("{error}");
            }
            (server, outcome)
        }
        .instrument(span)
    });
    join_all(each).await
}
