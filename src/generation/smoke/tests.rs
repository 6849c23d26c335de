use super::*;

fn query(min_hits: u64, in_top: Option<(Value, u64)>) -> SmokeQuery {
    let (id, n) = in_top.unzip();
    SmokeQuery {
        q: "القدس".into(),
        min_hits,
        finds: id.into_iter().collect(),
        not: Vec::new(),
        in_top: n,
        search: json!({"filter": "author_id = 1"})
            .as_object()
            .unwrap()
            .clone(),
    }
}

fn failure(query: &SmokeQuery, ids: &[Value], total: u64) -> Option<SmokeFailure> {
    let hits: Vec<Value> = ids.iter().map(|id| json!({"id": id})).collect();
    judge(query, &json!({"hits": hits, "estimatedTotalHits": total})).failure
}

#[test]
fn as_many_hits_as_have_to_be_looked_at_are_asked_for() {
    let asked = Value::Object(parameters(&query(3, Some((json!(7), 5)))));
    let expected = json!({"filter": "author_id = 1", "q": "القدس", "attributesToRetrieve": ["id"], "limit": 5});
    assert_eq!(asked, expected);
    let mut paged = query(3, None);
    paged.search.insert("hitsPerPage".into(), json!(2));
    assert!(!parameters(&paged).contains_key("limit"));
    assert_eq!(parameters(&query(0, None))["limit"], 1);
}

#[test]
fn a_good_answer_is_told_from_a_bad_one() {
    assert_eq!(failure(&query(2, None), &[json!(1), json!(2)], 2), None);
    assert_eq!(
        failure(&query(2, None), &[json!(1)], 40),
        None,
        "pages of one"
    );
    let few = SmokeFailure::TooFewHits {
        wanted: 2,
        found: 1,
    };
    assert_eq!(failure(&query(2, None), &[json!(1)], 1), Some(few));
    assert_eq!(
        failure(&query(1, Some((json!(7), 2))), &[json!(1), json!("7")], 2),
        None
    );
    let late = SmokeFailure::NotFound {
        ids: vec!["7".into()],
        n: Some(1),
    };
    assert_eq!(
        failure(&query(1, Some((json!(7), 1))), &[json!(1), json!(7)], 2),
        Some(late)
    );
    assert_eq!(
        failure(&query(1, Some((json!(7), 1))), &[Value::Null], 2),
        Some(SmokeFailure::NoIds)
    );
    assert_eq!(failure(&query(0, None), &[], 0), None);
}

fn judged(finds: &[i64], not: &[i64], in_top: Option<u64>) -> SmokeQuery {
    let ids = |ids: &[i64]| ids.iter().map(|id| json!(id)).collect();
    SmokeQuery {
        finds: ids(finds),
        not: ids(not),
        in_top,
        ..query(0, None)
    }
}

#[test]
fn documents_that_are_named_are_looked_for_as_far_down_as_is_said() {
    let ids = [json!(1), json!(2), json!(3)];
    let says = |query: &SmokeQuery| failure(query, &ids, 3).map(|why| why.to_string());
    assert_eq!(says(&judged(&[1, 3], &[4], None)), None);
    assert_eq!(
        says(&judged(&[1, 8, 9], &[], None)).unwrap(),
        "the documents 8, 9 are not among the hits"
    );
    assert_eq!(
        says(&judged(&[3], &[], Some(2))).unwrap(),
        "the document 3 is not among the first 2 hits"
    );
    assert_eq!(
        says(&judged(&[], &[2], None)).unwrap(),
        "the document 2 is among the hits, and should not be"
    );
    assert_eq!(says(&judged(&[], &[3], Some(2))), None);
    assert_eq!(parameters(&judged(&[1], &[], None))["limit"], 1000);
    assert_eq!(parameters(&judged(&[], &[1], Some(10)))["limit"], 10);
}

#[test]
fn recall_counts_documents_and_the_reciprocal_rank_queries() {
    let answer = |finds: &[Option<u64>]| SmokeAnswer {
        hits: 9,
        finds: finds.to_vec(),
        not: Vec::new(),
        milliseconds: 0,
        failure: None,
    };
    let all = [
        answer(&[Some(4), Some(2)]),
        answer(&[None]),
        answer(&[Some(1)]),
        answer(&[]),
    ];
    let relevance = Relevance::of(&all).unwrap();
    assert_eq!((relevance.recall, relevance.mrr), (0.75, 0.5));
    assert_eq!(Relevance::of(&all[3..]), None);
}

#[test]
fn a_set_passes_with_its_share_and_settings_are_told_from_bad_answers() {
    let answer = |failure: Option<SmokeFailure>| SmokeAnswer {
        hits: 0,
        finds: Vec::new(),
        not: Vec::new(),
        milliseconds: 0,
        failure,
    };
    let refused = || SmokeFailure::NotAllowed {
        code: "x".into(),
        message: "y".into(),
    };
    let set = |failures: [Option<SmokeFailure>; 3]| SetAnswer {
        answers: failures.map(answer).to_vec(),
        needed: 2,
    };
    assert!(set([None, None, Some(SmokeFailure::NoIds)]).passed());
    let half = set([None, Some(refused()), Some(SmokeFailure::NoIds)]);
    assert!(!half.passed() && half.passes_but_for_settings());
    let none = set([None, Some(SmokeFailure::NoIds), Some(SmokeFailure::NoIds)]);
    assert!(!none.passes_but_for_settings());
}
