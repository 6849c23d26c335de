use std::io::Write;

use milli_core::progress::Progress;

use super::*;
use crate::engine::{self, Engine, Operation};

/// An index with the settings and the documents of a small newspaper, or with settings and documents of one's own.
struct Shelf {
    _dir: tempfile::TempDir,
    like: Like,
    index: Index,
}

impl Shelf {
    fn newspaper() -> Self {
        Self::with(
            json!({
                "searchableAttributes": ["title", "excerpt", "body", "author_name"],
                "filterableAttributes": ["author_id", "published_at"],
                "sortableAttributes": ["published_at"],
            }),
            json!([
                {"id": 1, "title": "القدس عاصمة فلسطين", "excerpt": "ملخص", "body": "نص طويل عن القدس", "author_id": 2, "author_name": "غسان كنفاني", "published_at": 1700000001},
                {"id": 2, "title": "رجال في الشمس", "excerpt": "ملخص", "body": "رواية", "author_id": 1, "author_name": "غسان كنفاني", "published_at": 1700000002},
                {"id": 3, "title": "Return to Haifa", "excerpt": "ملخص", "body": "a novella about return", "author_id": 2, "author_name": "غسان كنفاني", "published_at": 1700000003},
                {"id": 4, "title": "بلا غلاف", "excerpt": null, "body": "رواية قصيرة", "author_id": 1, "author_name": "إميل حبيبي", "published_at": 1700000004},
            ]),
        )
    }

    fn with(settings: Value, documents: Value) -> Self {
        Self::of_version(Like::NEWEST, settings, documents)
    }

    fn of_version(like: Like, settings: Value, documents: Value) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let index = engine::open(dir.path()).unwrap();
        let engine = Engine::new(1, like).unwrap();
        engine
            .write_settings(&index, &[settings.as_object().unwrap()], &|| false)
            .unwrap();

        let mut file = tempfile::tempfile().unwrap();
        for document in documents.as_array().unwrap() {
            writeln!(file, "{document}").unwrap();
        }
        let payload = engine::map(&file).unwrap();
        engine
            .write_documents(
                &index,
                Some("id"),
                &[Operation::Replace(&payload)],
                &|| false,
                &Progress::default(),
            )
            .unwrap();
        Self {
            _dir: dir,
            like,
            index,
        }
    }

    fn ask(&self, body: Value) -> Result<Value, ApiError> {
        self.ask_like(self.like, body)
    }

    fn ask_like(&self, like: Like, body: Value) -> Result<Value, ApiError> {
        let query = SearchQuery::from_json(body, like)?;
        search(&self.index, &query, like).map(Value::Object)
    }

    fn ids(&self, body: Value) -> Vec<u64> {
        let answer = self.ask(body).unwrap();
        let hits = answer["hits"].as_array().unwrap();
        hits.iter().map(|hit| hit["id"].as_u64().unwrap()).collect()
    }

    fn code(&self, body: Value) -> &'static str {
        self.ask(body).unwrap_err().code
    }
}

fn old() -> Like {
    "1.5".parse().unwrap()
}

#[test]
fn an_arabic_word_is_found_with_and_without_its_article() {
    let shelf = Shelf::newspaper();
    assert_eq!(shelf.ids(json!({"q": "القدس"}))[0], 1);
    assert_eq!(shelf.ids(json!({"q": "قدس"})), [1]);
    assert_eq!(shelf.ids(json!({"q": "روايه"})), [2, 4], "ه stands for ة");
    assert_eq!(shelf.ids(json!({"q": "اميل"})), [4], "ا stands for إ");
}

#[test]
fn the_answer_has_the_fields_of_its_version() {
    let shelf = Shelf::newspaper();
    let keys =
        |answer: Value| -> Vec<String> { answer.as_object().unwrap().keys().cloned().collect() };
    let mut expected = vec![
        "hits",
        "query",
        "processingTimeMs",
        "limit",
        "offset",
        "estimatedTotalHits",
    ];
    assert_eq!(
        keys(shelf.ask_like(old(), json!({"q": "القدس"})).unwrap()),
        expected
    );
    expected.push("requestUid");
    assert_eq!(keys(shelf.ask(json!({"q": "القدس"})).unwrap()), expected);
}

#[test]
fn a_copy_is_marked_and_its_numbers_are_text() {
    let shelf = Shelf::newspaper();
    let answer = shelf
        .ask(
            json!({"q": "retrn to haif", "attributesToHighlight": ["*"], "showRankingScore": true}),
        )
        .unwrap();
    let hit = &answer["hits"][0];
    assert_eq!(
        hit["_formatted"],
        json!({
            "id": "3", "title": "<em>Return</em> <em>to</em> <em>Haif</em>a", "excerpt": "ملخص",
            "body": "a novella about <em>return</em>", "author_id": "2", "author_name": "غسان كنفاني",
            "published_at": "1700000003"
        })
    );
    assert_eq!(hit["id"], 3);
    let score = hit["_rankingScore"].as_f64().unwrap();
    assert!(score > 0.5 && score < 1.0, "{score}");
}

#[test]
fn arabic_is_marked_with_the_tags_that_were_asked_for() {
    let shelf = Shelf::newspaper();
    let answer = shelf
        .ask(json!({
            "q": "رواية", "attributesToHighlight": ["body"], "attributesToRetrieve": ["id"],
            "highlightPreTag": "[", "highlightPostTag": "]"
        }))
        .unwrap();
    assert_eq!(
        answer["hits"][0],
        json!({"id": 2, "_formatted": {"id": "2", "body": "[رواية]"}})
    );
}

#[test]
fn a_long_text_is_cropped_around_the_match() {
    let body = format!("{} القدس {}", "كلمة ".repeat(30), "أخرى ".repeat(30));
    let shelf = Shelf::with(
        json!({}),
        json!([{"id": 1, "body": body, "title": "عنوان"}]),
    );
    let crop = |body: Value| shelf.ask(body).unwrap()["hits"][0]["_formatted"]["body"].clone();
    let cropped = crop(json!({"q": "القدس", "attributesToCrop": ["body"], "cropLength": 4}));
    let cropped = cropped.as_str().unwrap();
    assert!(
        cropped.starts_with('…') && cropped.ends_with('…'),
        "{cropped}"
    );
    assert!(cropped.contains("القدس") && cropped.len() < 80, "{cropped}");
    let shorter = crop(json!({"q": "القدس", "attributesToCrop": ["body:2"], "cropMarker": "--"}));
    assert!(shorter.as_str().unwrap().starts_with("--"), "{shorter}");
}

#[test]
fn what_lies_inside_other_objects_is_marked_too() {
    let shelf = Shelf::with(
        json!({}),
        json!([{"id": 1, "book": {"tags": ["بحر", "يافا"], "pages": 120, "new": true}, "none": null}]),
    );
    let answer = shelf
        .ask(json!({"q": "يافا", "attributesToHighlight": ["*"], "showMatchesPosition": true}))
        .unwrap();
    let hit = &answer["hits"][0];
    assert_eq!(
        hit["_formatted"],
        json!({"id": "1", "book": {"tags": ["بحر", "<em>يافا</em>"], "pages": "120", "new": true}, "none": null})
    );
    assert_eq!(
        hit["_matchesPosition"],
        json!({"book.tags": [{"start": 0, "length": 8, "indices": [1]}]})
    );
    let answer = shelf
        .ask_like(old(), json!({"q": "يافا", "showMatchesPosition": true}))
        .unwrap();
    assert_eq!(
        answer["hits"][0]["_matchesPosition"],
        json!({"book.tags": [{"start": 0, "length": 8}]})
    );
    assert_eq!(answer["hits"][0].get("_formatted"), None);
}

#[test]
fn hits_are_filtered_sorted_and_reduced_to_what_was_asked_for() {
    let shelf = Shelf::newspaper();
    let answer = shelf
        .ask(json!({"q": "", "filter": "author_id = 2", "sort": ["published_at:desc"], "attributesToRetrieve": ["id"]}))
        .unwrap();
    assert_eq!(answer["hits"], json!([{"id": 3}, {"id": 1}]));
    let either = json!({"filter": [["author_id = 1", "published_at = 1700000003"], "published_at > 1700000002"], "sort": ["published_at:asc"]});
    assert_eq!(shelf.ids(either), [3, 4]);
}

#[test]
fn what_the_index_does_not_allow_is_refused_with_its_own_code() {
    let shelf = Shelf::newspaper();
    assert_eq!(
        shelf.code(json!({"filter": "title = x"})),
        "invalid_search_filter"
    );
    assert_eq!(
        shelf.code(json!({"filter": "author_id ="})),
        "invalid_search_filter"
    );
    assert_eq!(shelf.code(json!({"filter": 3})), "invalid_search_filter");
    assert_eq!(
        shelf.code(json!({"sort": ["title:asc"]})),
        "invalid_search_sort"
    );
    assert_eq!(
        shelf.code(json!({"sort": ["published_at"]})),
        "invalid_search_sort"
    );
    assert_eq!(
        shelf.code(json!({"facets": ["title"]})),
        "invalid_search_facets"
    );
    assert_eq!(
        shelf.code(json!({"distinct": "title"})),
        "invalid_search_distinct"
    );
    assert_eq!(
        shelf.code(json!({"q": "x", "attributesToSearchOn": ["nowhere"]})),
        "invalid_search_attributes_to_search_on"
    );
    assert_eq!(
        shelf.code(json!({"filter": "author_id CONTAINS 1"})),
        "feature_not_enabled"
    );
}

#[test]
fn facets_are_counted_over_all_pages() {
    let shelf = Shelf::newspaper();
    let answer = shelf
        .ask(json!({"q": "", "facets": ["author_id"], "hitsPerPage": 3, "page": 2}))
        .unwrap();
    assert_eq!(answer["hits"].as_array().unwrap().len(), 1);
    assert_eq!(
        answer["facetDistribution"],
        json!({"author_id": {"1": 2, "2": 2}})
    );
    assert_eq!(
        answer["facetStats"],
        json!({"author_id": {"min": 1.0, "max": 2.0}})
    );
    let counts =
        ["hitsPerPage", "page", "totalPages", "totalHits"].map(|name| answer[name].clone());
    assert_eq!(counts, [3, 2, 2, 4].map(Value::from));
    let answer = shelf.ask(json!({"facets": ["*"], "limit": 0})).unwrap();
    assert_eq!(answer["facetDistribution"].as_object().unwrap().len(), 2);
}

#[test]
fn page_zero_counts_without_hits() {
    let answer = Shelf::newspaper().ask(json!({"page": 0})).unwrap();
    assert_eq!(answer["hits"], json!([]));
    assert_eq!(answer["totalHits"], 4);
}

#[test]
fn nothing_beyond_the_limit_of_the_index_can_be_reached() {
    let documents: Vec<Value> = (0..5).map(|id| json!({"id": id, "title": "بيت"})).collect();
    let shelf = Shelf::with(json!({"pagination": {"maxTotalHits": 3}}), json!(documents));
    let answer = shelf.ask(json!({"q": "بيت", "limit": 10})).unwrap();
    assert_eq!(answer["hits"].as_array().unwrap().len(), 3);
    assert_eq!(
        (&answer["estimatedTotalHits"], &answer["limit"]),
        (&json!(5), &json!(10))
    );
    let answer = shelf.ask_like(old(), json!({"q": "بيت"})).unwrap();
    assert_eq!(answer["estimatedTotalHits"], 3, "as older versions count");
    let answer = shelf.ask(json!({"offset": 7, "limit": 10})).unwrap();
    assert_eq!(
        (&answer["hits"], &answer["offset"]),
        (&json!([]), &json!(3))
    );
}

#[test]
fn hidden_attributes_stay_hidden() {
    let shelf = Shelf::with(
        json!({"displayedAttributes": ["id", "title"]}),
        json!([{"id": 1, "title": "حيفا", "secret": "حيفا"}]),
    );
    let answer = shelf
        .ask(json!({
            "q": "حيفا", "attributesToRetrieve": ["title", "secret"], "attributesToHighlight": ["*"],
            "attributesToCrop": ["secret"], "showMatchesPosition": true
        }))
        .unwrap();
    let text = answer["hits"].to_string();
    assert!(!text.contains("secret"), "{text}");
    assert_eq!(answer["hits"][0]["_formatted"]["title"], "<em>حيفا</em>");
}

#[test]
fn one_hit_for_each_value_of_the_distinct_attribute() {
    let shelf = Shelf::newspaper();
    let ids = shelf.ids(json!({"distinct": "author_id", "sort": ["published_at:desc"]}));
    assert_eq!(ids, [4, 3]);
}

#[test]
fn a_strategy_decides_whether_all_words_must_match() {
    let shelf = Shelf::newspaper();
    let query = |strategy: &str| json!({"q": "رواية خيالية", "matchingStrategy": strategy});
    assert_eq!(shelf.ids(query("last")).len(), 2);
    assert!(shelf.ids(query("all")).is_empty());
}

#[test]
fn scores_can_be_shown_in_detail_and_be_a_threshold() {
    let shelf = Shelf::newspaper();
    let answer = shelf
        .ask(json!({"q": "رواية", "showRankingScoreDetails": true}))
        .unwrap();
    assert!(answer["hits"][0]["_rankingScoreDetails"]["words"].is_object());
    let all = shelf.ids(json!({"q": "retrn to haif", "rankingScoreThreshold": 0.1}));
    let none = shelf.ids(json!({"q": "retrn to haif", "rankingScoreThreshold": 0.99}));
    assert_eq!((all.len(), none.len()), (1, 0));
}

#[test]
fn a_hit_sorted_by_a_point_says_how_far_it_is() {
    let shelf = Shelf::with(
        json!({"sortableAttributes": ["_geo"]}),
        json!([
            {"id": 1, "name": "غزة", "_geo": {"lat": 31.5, "lng": 34.47}},
            {"id": 2, "name": "يافا", "_geo": {"lat": 32.05, "lng": 34.75}},
        ]),
    );
    let answer = shelf
        .ask(json!({"sort": ["_geoPoint(32.05,34.75):asc"]}))
        .unwrap();
    assert_eq!(answer["hits"][0]["id"], 2);
    assert_eq!(answer["hits"][0]["_geoDistance"], 0);
    let metres = answer["hits"][1]["_geoDistance"].as_u64().unwrap();
    assert!((60_000..75_000).contains(&metres), "{metres}");
}

#[test]
fn the_length_of_a_word_is_counted_in_the_units_of_the_version() {
    let documents = || {
        json!([
            {"id": 1, "text": "كتاب جديد"}, {"id": 2, "text": "مدرسة قديمة"}, {"id": 3, "text": "harvest"}
        ])
    };
    let [old_shelf, new_shelf] =
        [old(), Like::NEWEST].map(|like| Shelf::of_version(like, json!({}), documents()));
    let four_letters = json!({"q": "كتان"});
    assert_eq!(old_shelf.ids(four_letters.clone()), [1], "of eight bytes");
    assert!(new_shelf.ids(four_letters.clone()).is_empty());
    assert_eq!(
        new_shelf.ids(json!({"q": "مدرزة"})),
        [2],
        "five may have one"
    );
    assert_eq!(new_shelf.ids(json!({"q": "harvist"})), [3], "beside Arabic");

    let sizes = json!({"typoTolerance": {"minWordSizeForTypos": {"oneTypo": 4, "twoTypos": 8}}});
    let sized = Shelf::of_version(Like::NEWEST, sizes, documents());
    assert_eq!(sized.ids(four_letters), [1]);
    let rtxn = sized.index.read_txn().unwrap();
    let shown = crate::settings::show(&sized.index, &rtxn, Like::NEWEST).unwrap();
    assert_eq!(
        shown["typoTolerance"]["minWordSizeForTypos"],
        json!({"oneTypo": 4, "twoTypos": 8}),
        "as they were asked for"
    );
}
