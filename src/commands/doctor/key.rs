//! Checks of the API key: which rights it has, and which rights it lacks for a run.

use crate::commands::key::rights::Rights;
use crate::meilisearch::Server;
use crate::meilisearch::permissions::Permissions;
use crate::meilisearch::uid::RECORDS_UID;
use crate::report::doctor::Checks;

const ABOUT: &str = "key";

/// Whether everything that a run needs is allowed. What is not is told, by action and by index.
pub async fn examine(server: &Server, live_uids: &[&str], checks: &mut Checks) -> bool {
    match Permissions::of(server, live_uids).await {
        Ok(permissions) => judge(&permissions, checks),
        Err(error) => {
            checks.at(ABOUT, "key.actions").fail_as_said(error);
            false
        }
    }
}

fn judge(permissions: &Permissions, checks: &mut Checks) -> bool {
    if permissions.is_nothing() {
        checks.at(ABOUT, "key.actions").fail(
            "the key may do nothing of what a run needs: it is not one of this server's, or for searching only",
            "give the key that `bisan-indexer key` makes, in MEILISEARCH_API_KEY or with --api-key-file; quotes around it \
             in a compose file become part of it",
        );
        return false;
    }
    let (hidden, lacking) = (permissions.hidden(), permissions.lacking());
    if !hidden.is_empty() {
        checks.at(ABOUT, "key.indexes").fail(
            format!("the key may not touch {}", hidden.join(", ")),
            format!(
                "its index patterns must match each live uid, its generations (as `articles_*` does) and {RECORDS_UID}"
            ),
        );
    }
    if !lacking.is_empty() {
        checks.at(ABOUT, "key.actions").fail(
            format!("the key may not do {}", lacking.join(", ")),
            format!(
                "a key's actions cannot be changed: make another with `bisan-indexer key --create`{}",
                Rights::needed_for(&lacking)
            ),
        );
    }
    if hidden.is_empty() && lacking.is_empty() {
        checks.at(ABOUT, "key.actions").ok(format!(
            "everything that a run needs is allowed, each tried without effect: {}",
            permissions.tried().join(", ")
        ));
    }
    if !permissions.sees_all {
        let version = if permissions.version {
            ""
        } else {
            ", nor the version"
        };
        checks.at(ABOUT, "key.limited").ok(
            format!(
                "the key is limited to index patterns: it sees no task of a swap{version}, and needs neither, since a swap is proven by what lies there"
            ),
        );
    }
    hidden.is_empty() && lacking.is_empty()
}
