//! Searches through a balancer that asks the follower which servers are ready.

use super::Fleet;
use super::watching::ready;
use crate::searches_never_fail::mark;
use crate::support::Searcher;
use crate::support::api::Api;
use crate::support::balancer::Balancer;
use crate::support::searcher::Glimpse;
use crate::watch::Follower;

#[tokio::test]
async fn no_search_fails_while_servers_are_rebuilt_and_one_dies() {
    let Some(mut fleet) = Fleet::live(2).await else {
        return;
    };
    mark(&fleet.scene, "old").await;
    fleet.command("sync").run().await.expect(0);
    let follower = Follower::begin(fleet.command("sync"));
    follower.ready("the first round").await;
    let servers = ["a", "b"].map(str::to_owned).into_iter().zip(fleet.urls());
    let balancer = Balancer::before(servers.collect(), &follower.url()).await;
    let api = Api::new(&balancer.url, fleet.scene.server.key.as_deref());
    let uid = fleet.scene.uid("articles");
    let searcher = Searcher::ask(api, vec![(uid, "title")]);

    // Both are rebuilt and swapped.
    mark(&fleet.scene, "new").await;
    fleet.command("reindex").run().await.expect(0);
    // One dies, is left out, and comes back.
    fleet.server(1).kill().await;
    ready(&follower, "b", 503).await;
    fleet.server(1).start_again().await;
    follower.ready("both are back").await;
    fleet.expect_in_step().await;

    let seen: Vec<Glimpse> = searcher.stop().await.into_iter().flatten().collect();
    for glimpse in &seen {
        // A round of the follower is no swap: it may be seen between two of its uploads, but never with a part of the documents.
        assert!(
            matches!(glimpse, Glimpse::Hits(hits) if hits.len() == 12),
            "{glimpse:?}"
        );
    }
    let newest = seen.last().unwrap();
    assert_eq!(newest.whole(&[("new", 12)]), Some("new"), "{newest:?}");
    assert!(seen.iter().any(|one| one.whole(&[("old", 12)]).is_some()));
    follower.stop().await;
}
