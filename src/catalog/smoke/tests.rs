use super::*;

fn read(text: &str) -> Result<Vec<SmokeSet>, String> {
    parse(Path::new("smoke.json"), text).map_err(|error| error.to_string())
}

#[test]
fn a_question_carries_its_expectations_and_search_parameters() {
    let text = r#"[{"q": "غزة"}, {"q": "", "min_hits": 0, "in_top": {"id": "a", "n": 5}, "limit": 9, "filter": "x = 1"}]"#;
    let sets = read(text).unwrap();
    let questions: Vec<&SmokeQuery> = sets.iter().flat_map(|set| &set.queries).collect();
    assert_eq!((questions[0].q.as_str(), questions[0].min_hits), ("غزة", 1));
    assert_eq!((questions[0].in_top, questions[1].in_top), (None, Some(5)));
    assert_eq!(questions[1].min_hits, 0);
    assert_eq!(questions[1].finds, [Value::from("a")]);
    assert_eq!(
        questions[1].search.keys().collect::<Vec<_>>(),
        ["limit", "filter"]
    );
    assert_eq!(read("[]").unwrap(), []);
}

#[test]
fn a_set_has_a_share_that_must_be_right() {
    let text = r#"[
        {"q": "a"},
        {"at_least": 0.9, "queries": [
            {"q": "b", "finds": [7, "x"], "in_top": 3}, {"q": "c", "not": [8], "min_hits": 2}
        ]}
    ]"#;
    let sets = read(text).unwrap();
    assert_eq!((sets[0].at_least, sets[0].needed()), (None, 1));
    assert_eq!((sets[1].at_least, sets[1].needed()), (Some(0.9), 2));
    let [b, c] = &sets[1].queries[..] else {
        panic!("{sets:?}");
    };
    assert_eq!((b.min_hits, b.finds.len(), b.in_top), (0, 2, Some(3)));
    assert_eq!(
        (c.min_hits, &c.not[..], c.in_top),
        (2, &[Value::from(8)][..], None)
    );
}

#[test]
fn a_share_is_rounded_up_to_whole_questions() {
    let [b] = &mut read(r#"[{"at_least": 1, "queries": [{"q": "b"}]}]"#).unwrap()[..] else {
        panic!();
    };
    for (share, all, needed) in [
        (0.9, 10, 9),
        (0.7, 10, 7),
        (0.91, 10, 10),
        (0.01, 10, 1),
        (1.0, 7, 7),
    ] {
        let set = SmokeSet {
            at_least: Some(share),
            queries: vec![b.queries[0].clone(); all],
        };
        assert_eq!(set.needed(), needed, "{share} of {all}");
    }
}

#[test]
fn what_is_wrong_is_named_with_its_question() {
    for (text, expected) in [
        ("{}", "a list of questions"),
        ("[1]", "question 1: an object"),
        (
            r#"[{"q": "a"}, {"min_hits": 1}]"#,
            "question 2: `q` is missing",
        ),
        (r#"[{"q": 7}]"#, "`q` must be a text, not 7"),
        (
            r#"[{"q": "a", "min_hits": -1}]"#,
            "`min_hits` must be a whole number",
        ),
        (r#"[{"q": "a", "min_hit": 5}]"#, "did you mean `min_hits`?"),
        (r#"[{"q": "a", "minHits": 5}]"#, "did you mean `min_hits`?"),
        (r#"[{"q": "a", "inTop": {}}]"#, "did you mean `in_top`?"),
        (
            r#"[{"q": "a", "in_top": {"id": 7}}]"#,
            "`in_top` must be an object",
        ),
        (
            r#"[{"q": "a", "in_top": {"id": 7, "n": 0}}]"#,
            "`in_top.n` must be",
        ),
        (
            r#"[{"q": "a", "in_top": {"id": 1.5, "n": 1}}]"#,
            "`in_top.id` must be",
        ),
        (
            r#"[{"q": "a", "in_top": {"id": 7, "n": 1, "m": 2}}]"#,
            "there is no `m`",
        ),
        (
            r#"[{"q": "a", "in_top": 5}]"#,
            "`in_top` must be an object with `id` and `n`",
        ),
        (
            r#"[{"q": "a", "finds": 7}]"#,
            "`finds` must be a list of ids",
        ),
        (
            r#"[{"q": "a", "not": [1.5]}]"#,
            "`not` must be a whole number",
        ),
        (r#"[{"q": "a", "find": [7]}]"#, "did you mean `finds`?"),
        (
            r#"[{"q": "a", "finds": [7], "not": [7]}]"#,
            "7 is in `finds` and in `not`",
        ),
        (
            r#"[{"queries": [{"q": "a"}]}]"#,
            "set 1: a set must be an object with `at_least`",
        ),
        (
            r#"[{"at_least": 90, "queries": [{"q": "a"}]}]"#,
            "`at_least` must be above 0 and up to 1, not 90",
        ),
        (
            r#"[{"at_least": 0.9, "queries": [{}]}]"#,
            "set 1: question 1: `q` is missing",
        ),
        (
            r#"[{"at_least": 0.9, "queries": []}]"#,
            "`queries` is empty",
        ),
        (
            r#"[{"at_least": 0.9, "queries": [{"q": "a"}], "q": "b"}]"#,
            "there is no `q` in a set",
        ),
        ("[{\"q\": \"a\",\n }]", "smoke.json:2:2: not valid JSON"),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.contains(expected), "{text}: {error}");
    }
}
