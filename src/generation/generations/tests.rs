use serde_json::json;

use super::*;
use crate::meilisearch::testing::{Canned, json_answer, taken};
use crate::meilisearch::uid::{GenerationUid, SUFFIX_BYTES};

const HOST: &str = "here";
const LOCK: &str = "a-boot:1:2";

fn judge(lock: Option<&str>) -> Observer {
    Observer {
        host: HOST.to_owned(),
        lock: lock.map(str::to_owned),
    }
}

fn index(uid: &str, created_at: &str) -> IndexInfo {
    IndexInfo {
        uid: uid.into(),
        created_at: created_at.into(),
        updated_at: "2026-11-24T15:00:00Z".into(),
        primary_key: Some("id".into()),
    }
}

fn record(build_uid: &str, created_at: Option<&str>, complete: bool) -> Record {
    let begun_at = "2026-11-24T14:30:00Z".parse().unwrap();
    Record {
        created_at: created_at.map(str::to_owned),
        complete,
        ..Record::begin("articles", build_uid, "f", HOST, begun_at)
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn a_build_gets_the_first_free_second() {
    let now = at("2026-11-24T14:30:59.9Z");
    let taken = [index("articles_20261124T143059Z", "a")];
    let recorded = [record("articles_20261124T143100Z", None, false)];
    let uid = GenerationUid::free("articles", now, |uid| is_taken(uid, &taken, &recorded));
    assert_eq!(uid.as_str(), "articles_20261124T143101Z");
    assert_eq!(uid.as_str().len(), "articles".len() + SUFFIX_BYTES);
    assert_eq!(GenerationUid::parse("articles", uid.as_str()), Some(uid));
}

#[test]
fn only_the_exact_form_is_a_uid_of_ours() {
    for uid in [
        "articles",
        "articles_archive",
        "articles_20261124",
        "articles_2026-11-24_backup",
        "articles_20261124T143000",
        "articles_20261124T143000Z_old",
        "articles_20261324T143000Z",
        "articles_20261124T253000Z",
        "articles-20261124T143000Z",
        "articles_20261124t143000z",
        "article_20261124T143000Z",
        "articles_+0261124T143000Z",
        "articles_ 0261124T143000Z",
        "",
    ] {
        assert_eq!(GenerationUid::parse("articles", uid), None, "{uid}");
    }
    assert!(GenerationUid::parse("articles", "articles_20261124T143000Z").is_some());
    assert!(GenerationUid::parse("Article", "Article_20240229T000000Z").is_some());
}

#[test]
fn roles_follow_from_names_and_records() {
    let indexes = [
        index("articles", "2026-11-24T03:00:00.1Z"),
        index(
            "articles_20261101T000000Z",
            "2026-11-01T00:00:00.123456789Z",
        ),
        index("articles_20261102T000000Z", "2026-11-03T00:00:00Z"),
        index("articles_20261103T000000Z", "2026-11-03T12:00:00Z"),
        index("articles_20261104T000000Z", "2026-11-04T00:00:00Z"),
        index("articles_20261105T000000Z", "2026-11-05T00:00:00Z"),
        index("articles_archive", "x"),
        index("articles_20261124", "x"),
        index("articles_2026-11-24_backup", "x"),
        index("articlesfoo", "x"),
        index("authors", "x"),
    ];
    let records = [
        record(
            "articles_20261124T030000Z",
            Some("2026-11-24T03:00:00.100Z"),
            true,
        ),
        record(
            "articles_20260901T000000Z",
            Some("2026-11-01T00:00:00.123456789Z"),
            true,
        ),
        // Where it was built and where it lies are two things after a swap.
        record(
            "articles_20261001T000000Z",
            Some("2026-11-03T00:00:00Z"),
            true,
        ),
        record(
            "articles_20261103T000000Z",
            Some("2026-11-03T12:00:00Z"),
            false,
        ),
        record("articles_20261105T000000Z", None, false),
        record(
            "articles_20260101T000000Z",
            Some("2026-01-01T00:00:00Z"),
            true,
        ),
        Record {
            live_uid: "authors".into(),
            ..record(
                "articles_20261104T000000Z",
                Some("2026-11-04T00:00:00Z"),
                true,
            )
        },
    ];
    let all = Generations::of("articles", &indexes, &records);
    let uids = |list: &[Generation]| {
        list.iter()
            .map(|one| one.index.uid.clone())
            .collect::<Vec<_>>()
    };
    assert!(matches!(&all.live, Some((index, Some(_))) if index.uid == "articles"));
    assert_eq!(
        uids(&all.retained),
        ["articles_20261102T000000Z", "articles_20261101T000000Z"]
    );
    assert_eq!(
        uids(&all.leftovers),
        ["articles_20261103T000000Z", "articles_20261105T000000Z"]
    );
    let foreign: Vec<&str> = all.foreign.iter().map(|index| index.uid.as_str()).collect();
    assert_eq!(
        foreign,
        [
            "articles_archive",
            "articles_20261124",
            "articles_2026-11-24_backup"
        ]
    );
    assert_eq!(all.gone.len(), 1);
    assert_eq!(
        all.beyond("articles", 1)[0].uid().as_str(),
        "articles_20261101T000000Z"
    );
    assert!(all.beyond("articles", 2).is_empty());
}

#[test]
fn a_live_index_can_never_be_deleted() {
    let live = Generation {
        index: index("articles", "c"),
        record: record("articles_20261124T030000Z", Some("c"), true),
    };
    assert_eq!(Deletable::of("articles", &live), None);
    // Not even one whose name looks like a build of another.
    let odd = Generation {
        index: index("articles_20261124T143000Z", "c"),
        record: Record {
            live_uid: "articles_20261124T143000Z".into(),
            ..live.record.clone()
        },
    };
    assert_eq!(Deletable::of("articles", &odd), None);
    assert_eq!(Deletable::of("articles_20261124T143000Z", &odd), None);
    let other_identity = Generation {
        index: index("articles_20261124T143000Z", "d"),
        record: live.record.clone(),
    };
    assert_eq!(Deletable::of("articles", &other_identity), None);
    let ours = Generation {
        index: index("articles_20261124T143000Z", "c"),
        record: live.record,
    };
    assert!(Deletable::of("articles", &ours).is_some());
}

#[test]
fn a_build_of_another_host_may_be_alive() {
    let of = |host: &str| {
        let mut all = Generations::default();
        let record = Record {
            host: host.into(),
            ..record("articles_20261124T143000Z", Some("c"), false)
        };
        all.leftovers.push(Generation {
            index: index("articles_20261124T143000Z", "c"),
            record,
        });
        all
    };
    let verdict = |host: &str, now: &str, busy: bool| {
        let leftover = of(host)
            .judge_leftovers("articles", &judge(Some(LOCK)), at(now), |_| busy)
            .remove(0);
        assert_eq!(leftover.deletable.is_some(), leftover.verdict.may_go());
        leftover.verdict
    };
    assert_eq!(verdict(HOST, "2026-11-24T14:30:01Z", true), Verdict::Ours);
    // The index was changed at 15:00.
    assert_eq!(
        verdict("there", "2026-11-24T15:59:00Z", false),
        Verdict::Young
    );
    assert_eq!(
        verdict("there", "2026-11-24T16:01:00Z", false),
        Verdict::AtRest
    );
    assert_eq!(
        verdict("there", "2026-11-24T16:01:00Z", true),
        Verdict::Busy
    );
    assert_eq!(
        verdict("there", "2026-11-24T10:00:00Z", false),
        Verdict::Young,
        "a clock that goes behind"
    );
}

/// Two containers with one `hostname:`, a file system without flock, a system where flock cannot be used.
#[test]
fn the_name_of_a_host_says_nothing_of_a_run_where_no_lock_does() {
    let made_under = |lock: Option<&str>| Record {
        lock: lock.map(str::to_owned),
        ..record("articles_20261124T143000Z", Some("c"), false)
    };
    for (ours, theirs, known) in [
        (Some(LOCK), Some(LOCK), true),
        (Some(LOCK), Some("another-boot:1:2"), false),
        (Some(LOCK), Some("a-boot:1:3"), false),
        (Some(LOCK), Some(NO_LOCK), false),
        (None, Some(NO_LOCK), false),
        (None, Some(LOCK), false),
        (None, None, false),
        // Of a former version.
        (Some(LOCK), None, true),
    ] {
        let mut all = Generations::default();
        all.leftovers.push(Generation {
            index: index("articles_20261124T143000Z", "c"),
            record: made_under(theirs),
        });
        all.gone.push(made_under(theirs));
        let young = at("2026-11-24T15:01:00Z");
        let leftover = all
            .judge_leftovers("articles", &judge(ours), young, |_| false)
            .remove(0);
        assert_eq!(
            leftover.verdict == Verdict::Ours,
            known,
            "{ours:?} {theirs:?}"
        );
        assert_eq!(leftover.deletable.is_some(), known);
        let forgotten = all.records_to_forget(&judge(ours), at("2026-11-24T15:00:00Z"));
        assert_eq!(forgotten.len(), usize::from(known), "{ours:?} {theirs:?}");
    }
}

#[test]
fn what_was_swapped_by_hand_belongs_to_what_it_was_built_for() {
    let of = |live_uid: &str, created_at: &str| Record {
        live_uid: live_uid.into(),
        ..record(
            &format!("{live_uid}_20261101T000000Z"),
            Some(created_at),
            true,
        )
    };
    let records = [of("articles", "a1"), of("authors", "b1")];
    let swapped = [index("articles", "b1"), index("authors", "a1")];
    let articles = Generations::of("articles", &swapped, &records);
    assert_eq!(articles.built_for_another("articles"), Some("authors"));
    assert_eq!(articles.moved.len(), 1);
    assert!(articles.retained.is_empty() && articles.leftovers.is_empty());
    assert!(articles.gone.is_empty());
    // A reindex has put both aside, each under a uid of the other.
    let aside = [
        index("articles", "a2"),
        index("authors", "b2"),
        index("articles_20261102T000000Z", "b1"),
        index("authors_20261102T000000Z", "a1"),
    ];
    let articles = Generations::of("articles", &aside, &records);
    assert_eq!(
        articles.retained[0].index.uid, "authors_20261102T000000Z",
        "it goes back to where it belongs"
    );
    assert_eq!(articles.foreign, []);
    let beyond = articles.beyond("articles", 0);
    assert_eq!(beyond[0].uid().as_str(), "authors_20261102T000000Z");
    // Under a name that a person gave it, it is nobody's to delete.
    let renamed = [index("articles_keep", "a1")];
    let articles = Generations::of("articles", &renamed, &records);
    assert_eq!(articles.moved.len(), 1);
    assert!(articles.retained.is_empty() && articles.gone.is_empty());
    assert_eq!(articles.foreign, []);
}

#[test]
fn a_record_whose_index_is_on_its_way_is_kept() {
    let there = Record {
        host: "there".into(),
        ..record("articles_20261124T143000Z", None, false)
    };
    let all = Generations::of(
        "articles",
        &[],
        &[there, record("articles_20261124T143001Z", None, false)],
    );
    assert_eq!(all.gone.len(), 2);
    assert_eq!(
        all.records_to_forget(&judge(Some(LOCK)), at("2026-11-24T14:40:00Z"))
            .len(),
        1
    );
    assert_eq!(
        all.records_to_forget(&judge(Some(LOCK)), at("2026-11-24T15:40:00Z"))
            .len(),
        2
    );
}

#[tokio::test]
async fn what_has_changed_since_it_was_found_is_not_deleted() {
    let generation = Generation {
        index: index("articles_20261124T143000Z", "2026-11-24T14:30:00.5Z"),
        record: record(
            "articles_20261124T143000Z",
            Some("2026-11-24T14:30:00.5Z"),
            false,
        ),
    };
    let deletable = Deletable::of("articles", &generation).unwrap();
    let shown = |created_at: &str| {
        json_answer(
            200,
            json!({"uid": "articles_20261124T143000Z", "createdAt": created_at, "updatedAt": "x", "primaryKey": "id"}),
        )
    };

    let canned = Canned::replies([shown("2026-11-24T14:30:00.6Z")]).await;
    let error = canned
        .server()
        .delete_generation(&deletable)
        .await
        .unwrap_err();
    assert!(
        matches!(error, MeilisearchError::AnotherIndex { .. }),
        "{error:?}"
    );
    assert_eq!(canned.requests().len(), 1);

    let canned = Canned::replies([shown("2026-11-24T14:30:00.500Z"), taken(4)]).await;
    assert_eq!(
        canned.server().delete_generation(&deletable).await.unwrap(),
        Some(4)
    );
    assert_eq!(canned.requests()[1].method, "DELETE");
    assert_eq!(
        canned.requests()[1].path,
        "/indexes/articles_20261124T143000Z"
    );
}

#[test]
fn what_was_live_before_is_kept_rather_than_what_is_newest() {
    // The second was bad and was rolled back from; the third took the place of the first.
    let first = record(
        "articles_20261101T000000Z",
        Some("2026-11-01T00:00:00Z"),
        true,
    );
    let second = Record {
        was_live: true,
        ..record(
            "articles_20261102T000000Z",
            Some("2026-11-02T00:00:00Z"),
            true,
        )
    };
    let third = record(
        "articles_20261103T000000Z",
        Some("2026-11-03T00:00:00Z"),
        true,
    );
    let indexes = [
        index("articles_20261103T000000Z", "2026-11-01T00:00:00Z"),
        index("articles_20261102T000000Z", "2026-11-02T00:00:00Z"),
        index("articles", "2026-11-03T00:00:00Z"),
    ];
    let all = Generations::of("articles", &indexes, &[first, second, third]);
    let retained: Vec<&str> = all
        .retained
        .iter()
        .map(|generation| generation.index.created_at.as_str())
        .collect();
    assert_eq!(retained, ["2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z"]);
    let beyond = all.beyond("articles", 1);
    assert_eq!(beyond[0].created_at(), "2026-11-02T00:00:00Z");
}

#[test]
fn a_build_that_was_never_swapped_in_lies_where_it_was_built() {
    let uid = "articles_20261101T000000Z";
    let built = record(uid, Some("x"), true);
    let counts = |uid: &str, record: &Record| {
        let all = Generations::of("articles", &[index(uid, "x")], std::slice::from_ref(record));
        (all.retained.len(), all.leftovers.len())
    };
    assert_eq!(
        counts(uid, &built),
        (0, 1),
        "it must not push a former live one out"
    );
    assert_eq!(counts("articles_20261102T000000Z", &built), (1, 0));
    let rolled_back_from = Record {
        was_live: true,
        ..built
    };
    assert_eq!(counts(uid, &rolled_back_from), (1, 0));
    let adopted = Record::adopt(&index("articles", "x"), HOST, at("2026-11-24T14:30:00Z"));
    assert_eq!(counts(uid, &adopted), (1, 0));
}

#[test]
fn a_generation_is_meant_by_its_uid_or_its_time_as_a_table_shows_it() {
    let one = index(
        "articles_20261101T000000Z",
        "2026-11-01T10:20:30.123456789Z",
    );
    for by in [
        "articles_20261101T000000Z",
        " 2026-11-01T10:20:30.123456789Z ",
        "2026-11-01T10:20:30Z",
        "2026-11-01 10:20:30Z",
        "2026-11-01T12:20:30+02:00",
    ] {
        assert!(is_meant(by, &one), "{by}");
    }
    for by in [
        "",
        "articles",
        "2026-11-01",
        "2026-11-01T10:20:31Z",
        "2026-11-01T10:20:30.1Z",
    ] {
        assert!(!is_meant(by, &one), "{by}");
    }
}
