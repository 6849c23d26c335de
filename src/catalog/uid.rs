//! What a live uid may look like.

use super::{CatalogError, IndexDefinition};
use crate::meilisearch::uid::{GenerationUid, RECORDS_UID, SUFFIX_BYTES};

/// Meilisearch's limit for a uid.
const LONGEST_UID: usize = 400;

/// Checks all uids, each for itself and beside the others.
pub(super) fn check(definitions: &[IndexDefinition]) -> Result<(), CatalogError> {
    for (place, definition) in definitions.iter().enumerate() {
        let uid = &definition.live_uid;
        if let Some(reason) = unusable(uid) {
            return Err(CatalogError::Uid {
                name: definition.name.clone(),
                uid: uid.clone(),
                reason,
            });
        }
        if let Some(first) = definitions[..place]
            .iter()
            .find(|other| other.live_uid == *uid)
        {
            let (first, second) = (first.name.clone(), definition.name.clone());
            return Err(CatalogError::SameUid {
                uid: uid.clone(),
                first,
                second,
            });
        }
    }
    Ok(())
}

/// Why a uid can't be a live one.
fn unusable(uid: &str) -> Option<String> {
    let longest = LONGEST_UID - SUFFIX_BYTES;
    if uid.is_empty() {
        return Some("it is empty".to_owned());
    }
    if let Some(wrong) = uid
        .chars()
        .find(|c| !c.is_ascii_alphanumeric() && !"-_".contains(*c))
    {
        return Some(format!(
            "Meilisearch allows A-Z a-z 0-9 - _ in it, not `{}`",
            wrong.escape_default()
        ));
    }
    if uid.len() > longest {
        return Some(format!(
            "it has {} characters, and {longest} leave room for a generation's time",
            uid.len()
        ));
    }
    if is_of_a_generation(uid) {
        return Some(
            "it looks like a generation of another index, which a clean-up may remove".to_owned(),
        );
    }
    (uid == RECORDS_UID).then(|| "this program keeps its checkpoints under it".to_owned())
}

/// Whether a uid is that of a generation of some index.
fn is_of_a_generation(uid: &str) -> bool {
    let live = uid
        .len()
        .checked_sub(SUFFIX_BYTES)
        .and_then(|end| uid.get(..end))
        .unwrap_or_default();
    !live.is_empty() && GenerationUid::parse(live, uid).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::load::tests::definition;

    fn judged(uid: &str) -> Result<(), CatalogError> {
        check(&[IndexDefinition {
            live_uid: uid.to_owned(),
            ..definition("articles")
        }])
    }

    #[test]
    fn a_uid_is_what_meilisearch_takes_with_room_for_a_generation() {
        for good in [
            "articles",
            "Article",
            "a-b_c9",
            "articles_20261124",
            "articles_2026-11-24_backup",
        ] {
            assert!(judged(good).is_ok(), "{good}");
        }
        assert!(judged(&"a".repeat(383)).is_ok());
        for bad in ["", "a b", "a/b", "مقالات", "articles.v1", &"a".repeat(384)] {
            assert!(
                matches!(judged(bad), Err(CatalogError::Uid { .. })),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_live_uid_is_never_taken_for_a_generation_or_for_the_checkpoints() {
        for bad in [
            "articles_20261124T143000Z",
            "a_b_20250101T000000Z",
            RECORDS_UID,
        ] {
            assert!(
                matches!(judged(bad), Err(CatalogError::Uid { .. })),
                "{bad}"
            );
        }
    }

    #[test]
    fn two_definitions_never_share_an_index() {
        let shared = IndexDefinition {
            live_uid: "articles".to_owned(),
            ..definition("authors")
        };
        let error = check(&[definition("articles"), shared]).unwrap_err();
        assert!(matches!(error, CatalogError::SameUid { .. }), "{error:?}");
    }
}
