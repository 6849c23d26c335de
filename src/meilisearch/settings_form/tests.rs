use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization;

use super::*;
use crate::meilisearch::settings::{differences, to_send, unmentioned};
use crate::meilisearch::settings_keys::known_keys;

/// What a fresh index of 1.50 shows.
fn defaults() -> Value {
    json!({
        "displayedAttributes": ["*"], "searchableAttributes": ["*"], "filterableAttributes": [], "sortableAttributes": [],
        "rankingRules": ["words", "typo", "proximity", "attributeRank", "sort", "wordPosition", "exactness"],
        "stopWords": [], "nonSeparatorTokens": [], "separatorTokens": [], "dictionary": [], "synonyms": {},
        "distinctAttribute": null, "proximityPrecision": "byWord",
        "typoTolerance": {"enabled": true, "minWordSizeForTypos": {"oneTypo": 5, "twoTypos": 9}, "disableOnWords": [],
            "disableOnAttributes": [], "disableOnNumbers": false},
        "faceting": {"maxValuesPerFacet": 100, "sortFacetValuesBy": {"*": "alpha"}}, "pagination": {"maxTotalHits": 1000},
        "embedders": {}, "searchCutoffMs": null, "localizedAttributes": null, "facetSearch": true,
        "prefixSearch": "indexingTime"
    })
}

#[test]
fn null_absent_and_default_are_the_same() {
    let defaults = defaults();
    for (key, value) in defaults.as_object().unwrap() {
        assert!(agree(key, &Value::Null, value), "{key}");
        assert!(
            is_default(key, value) && is_default(key, &Value::Null),
            "{key}"
        );
    }
    assert_eq!(
        unmentioned(&Map::new(), defaults.as_object().unwrap()),
        Vec::<String>::new()
    );
    for key in ["typoTolerance", "faceting", "pagination"] {
        assert!(agree(key, &json!({}), &defaults[key]), "{key}");
    }
    // The settings of 1.5 lack what came later.
    assert!(agree(
        "typoTolerance",
        &json!({"disableOnNumbers": false}),
        &json!({"enabled": true})
    ));
}

#[test]
fn the_old_ranking_is_not_the_new_default() {
    let old = json!([
        "words",
        "typo",
        "proximity",
        "attribute",
        "sort",
        "exactness"
    ]);
    assert!(!agree("rankingRules", &old, &defaults()["rankingRules"]));
    assert!(agree("rankingRules", &Value::Null, &old));
}

#[test]
fn a_server_writes_arabic_letters_in_its_own_way() {
    assert!(agree(
        "stopWords",
        &json!(["من", "في", "ال"]),
        &json!(["ال", "فی", "من"])
    ));
    assert!(agree(
        "stopWords",
        &json!(["إلى", "كما"]),
        &json!(["إلی".nfkd().collect::<String>(), "کما"])
    ));
    assert!(!agree("stopWords", &json!(["في"]), &json!(["من"])));
    assert!(
        !agree("stopWords", &json!(["The"]), &json!(["the"])),
        "stop words keep their case"
    );
    let exact = |wanted, found| {
        agree(
            "typoTolerance",
            &json!({"disableOnWords": wanted}),
            &json!({"disableOnWords": found}),
        )
    };
    assert!(exact(
        json!(["Éa", "القُدْس", "مدرسة"]),
        json!(["ea", "القدس", "مدرسه"])
    ));
}

#[test]
fn languages_have_two_names() {
    let rule = |code: &str| json!([{"attributePatterns": ["*"], "locales": [code]}]);
    assert!(agree("localizedAttributes", &rule("ar"), &rule("ara")));
    assert!(!agree("localizedAttributes", &rule("ar"), &rule("fas")));
    assert!(agree("localizedAttributes", &json!([]), &Value::Null));
}

#[test]
fn a_rule_with_patterns_has_defaults_of_its_own() {
    let bare = json!([{"attributePatterns": ["b", "a"]}]);
    let full = json!([{"attributePatterns": ["a", "b"],
        "features": {"facetSearch": false, "filter": {"equality": true, "comparison": false}}}]);
    assert!(agree("filterableAttributes", &bare, &full));
    assert!(!agree("filterableAttributes", &json!(["a", "b"]), &full));
    assert!(agree(
        "filterableAttributes",
        &json!(["b", "a", "a"]),
        &json!(["a", "b"])
    ));
}

#[test]
fn an_embedder_is_compared_by_what_was_said_about_it() {
    let wanted = json!({"mine": {"source": "ollama", "apiKey": "secret"}});
    assert!(agree(
        "embedders",
        &wanted,
        &json!({"mine": {"source": "ollama", "apiKey": "seXXX...", "pooling": "x"}})
    ));
    assert!(!agree(
        "embedders",
        &wanted,
        &json!({"mine": {"source": "rest"}})
    ));
    assert!(!agree("embedders", &wanted, &json!({})));
    assert!(!agree("embedders", &json!({}), &wanted));
}

/// A server keeps each field once, where it came first.
#[test]
fn a_field_that_is_named_twice_is_searched_where_it_comes_first() {
    let twice = json!(["title", "body", "title"]);
    assert!(agree(
        "searchableAttributes",
        &twice,
        &json!(["title", "body"])
    ));
    assert!(!agree(
        "searchableAttributes",
        &twice,
        &json!(["body", "title"])
    ));
    assert!(agree(
        "displayedAttributes",
        &twice,
        &json!(["title", "body"])
    ));
}

#[test]
fn the_order_of_patterns_decides_which_of_them_a_field_matches() {
    let rule = |patterns: &[&str], comparison: bool| json!({"attributePatterns": patterns, "features": {"filter": {"comparison": comparison}}});
    let (all, some) = (rule(&["*"], false), rule(&["price_*"], true));
    let wanted = json!([some, all, some]);
    assert!(agree("filterableAttributes", &wanted, &json!([some, all])));
    assert!(!agree("filterableAttributes", &wanted, &json!([all, some])));
}

#[test]
fn a_chat_is_compared_by_what_was_said_about_it() {
    let shown = json!({"description": "", "documentTemplate": "{% for field in fields %}", "documentTemplateMaxBytes": 400,
        "searchParameters": {}});
    for nothing in [Value::Null, json!({}), json!({"description": null})] {
        assert!(agree("chat", &nothing, &shown), "{nothing}");
    }
    assert!(is_default("chat", &shown));
    assert!(
        agree("chat", &Value::Null, &Value::Null),
        "a server that shows no chat"
    );
    let wanted = json!({"description": "articles", "searchParameters": {"limit": 20}});
    assert!(!agree("chat", &wanted, &shown));
    let mut shown = shown;
    shown["description"] = json!("articles");
    shown["searchParameters"] = json!({"limit": 20});
    assert!(agree("chat", &wanted, &shown) && !is_default("chat", &shown));
    assert!(agree("foreignKeys", &Value::Null, &json!([])));
}

#[test]
fn a_star_among_names_means_all() {
    assert!(agree(
        "searchableAttributes",
        &json!(["title", "*"]),
        &json!(["*"])
    ));
    assert!(agree("displayedAttributes", &Value::Null, &json!(["*"])));
    assert!(!agree("displayedAttributes", &json!([]), &json!(["*"])));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".*".prop_map(Value::from),
        Just(json!("*")),
        Just(json!("في")),
    ];
    let name = prop_oneof![
        "[a-z*]{0,3}",
        prop::sample::select(vec![
            "enabled",
            "minWordSizeForTypos",
            "oneTypo",
            "disableOnWords",
            "sortFacetValuesBy",
            "attributePatterns",
            "features",
            "filter",
            "locales",
            "apiKey",
            "source",
        ])
        .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..6)
                .prop_map(|parts| Value::Object(parts.into_iter().collect())),
        ]
    })
}

fn any_settings() -> impl Strategy<Value = Map<String, Value>> {
    let keys: Vec<&str> = known_keys().collect();
    let key =
        prop_oneof![4 => prop::sample::select(keys).prop_map(str::to_owned), 1 => "[a-z]{1,8}"];
    prop::collection::vec((key, any_json()), 0..8).prop_map(|parts| parts.into_iter().collect())
}

proptest! {
    #[test]
    fn settings_never_differ_from_themselves(settings in any_settings()) {
        prop_assert_eq!(differences(&settings, &settings), vec![]);
        prop_assert!(to_send(&settings, &[]).is_empty());
    }

    #[test]
    fn wild_settings_are_compared_without_a_panic(wanted in any_settings(), server in any_settings()) {
        let found = differences(&wanted, &server);
        prop_assert_eq!(to_send(&wanted, &found).len(), found.len());
        unmentioned(&wanted, &server);
    }

    #[test]
    fn order_matters_where_it_has_a_meaning(
        (words, mixed) in prop::collection::hash_set("[a-z]{1,6}", 2..9)
            .prop_map(|words| words.into_iter().collect::<Vec<_>>())
            .prop_flat_map(|words| (Just(words.clone()), Just(words).prop_shuffle())),
    ) {
        for key in ["stopWords", "filterableAttributes", "sortableAttributes", "dictionary", "separatorTokens",
            "nonSeparatorTokens", "displayedAttributes"] {
            prop_assert!(agree(key, &json!(words), &json!(mixed)), "{}", key);
        }
        for key in ["searchableAttributes", "rankingRules"] {
            prop_assert_eq!(agree(key, &json!(words), &json!(mixed)), words == mixed, "{}", key);
        }
        let under = |name: &str, list: &[String]| Value::Object([(name.to_owned(), json!(list))].into_iter().collect());
        for (key, part) in [("synonyms", "a"), ("typoTolerance", "disableOnAttributes")] {
            prop_assert!(agree(key, &under(part, &words), &under(part, &mixed)), "{}", key);
        }
    }
}
