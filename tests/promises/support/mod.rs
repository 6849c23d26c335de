//! What the promises stand on: a scene of one's own (server, database, definitions, program), a proxy that breaks
//! connections on request, a searcher who never stops asking, and a stand-in for servers that would be too slow.
//!
//! Nothing in here sleeps to wait for something: it polls for the fact, with a deadline ([`eventually`]), or is told.

pub mod api;
pub mod balancer;
pub mod busy;
pub mod chaos;
pub mod database;
pub mod definitions;
pub mod dice;
pub mod leftovers;
pub mod mishap;
#[allow(dead_code, reason = "unit tests have other needs than promises")]
#[path = "../../needs.rs"]
pub mod needs;
pub mod point;
pub mod program;
pub mod proxy;
pub mod scene;
pub mod searcher;
pub mod server;
pub mod stand_in;
pub mod terminal;
pub mod wire;

use std::time::{Duration, Instant};

pub use api::Api;
pub use busy::Busy;
pub use database::Database;
pub use dice::Dice;
pub use mishap::Mishap;
pub use proxy::{Fault, FaultProxy};
pub use scene::Scene;
pub use searcher::Searcher;
pub use server::ServerOptions;
pub use stand_in::StandIn;

/// The end of anybody's patience. Generous, because several tests share two cores with an engine built without
/// optimisation, and the longest test takes nearly two minutes alone; nothing is ever judged by how much of it was used.
pub const DEADLINE: Duration = Duration::from_secs(300);

/// Asks again and again until the answer is there.
pub async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(
            begun.elapsed() < DEADLINE,
            "this did not come true within {DEADLINE:?}: {what}"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Waits for one thing that is under way.
pub async fn within<T>(what: &str, waited_for: impl Future<Output = T>) -> T {
    match tokio::time::timeout(DEADLINE, waited_for).await {
        Ok(done) => done,
        Err(_) => panic!("this did not happen within {DEADLINE:?}: {what}"),
    }
}
