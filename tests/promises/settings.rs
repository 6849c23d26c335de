//! Settings are compared by what they mean to a server, not by how it writes them.

use serde_json::{Value, json};

use crate::support::{Scene, ServerOptions};

/// Settings that a server writes back in another form than they are written here, a set a case.
fn written_otherwise() -> Vec<Value> {
    let mut all = vec![
        json!({"searchableAttributes": ["title", "title"]}),
        json!({"searchableAttributes": ["title", "id", "title"], "displayedAttributes": ["title", "id", "title"]}),
        json!({"searchableAttributes": ["title", "*"], "displayedAttributes": ["id", "*"]}),
        json!({"synonyms": {"a": []}}),
        json!({"synonyms": {"a": [], "b": ["c"]}}),
        json!({"synonyms": {"Wolverine": ["xmen", "Logan", "logan"], "b": [""], "": ["x"], "!": ["?"]}}),
        json!({"synonyms": {"the": ["x"]}, "stopWords": ["the"]}),
        json!({"stopWords": ["في", "the", "the", "The", "إلى", "café"]}),
        json!({"dictionary": ["b", "a", "b"], "separatorTokens": ["|", "&", "|"], "nonSeparatorTokens": ["#", "@", "#"]}),
        json!({"filterableAttributes": ["title", "id", "title"], "sortableAttributes": ["title", "id", "title"]}),
        json!({"rankingRules": ["words", "sort", "title:asc", "title:asc"]}),
        json!({"typoTolerance": {"disableOnWords": ["Éa", "ea", "القُدْس", "two words", "b", "b"],
            "disableOnAttributes": ["title", "title"], "minWordSizeForTypos": {"oneTypo": 4}}}),
        json!({"typoTolerance": {"minWordSizeForTypos": {"oneTypo": null, "twoTypos": 10}, "enabled": null}}),
        json!({"faceting": {"sortFacetValuesBy": {"title": "count"}}, "pagination": {}}),
        json!({"faceting": {"sortFacetValuesBy": {}, "maxValuesPerFacet": null}, "pagination": {"maxTotalHits": null}}),
        json!({"distinctAttribute": null, "rankingRules": null, "synonyms": null, "stopWords": [], "typoTolerance": {}}),
    ];
    if std::env::var_os("MEILISEARCH_HOST").is_none() {
        all.push(json!({"rankingRules": []}));
    }
    all
}

/// The same for what 1.5 does not know.
fn newer() -> Vec<Value> {
    vec![
        json!({"localizedAttributes": [{"attributePatterns": ["title", "title"], "locales": ["ar", "ara", "en"]}]}),
        json!({"localizedAttributes": []}),
        json!({"filterableAttributes": ["id", {"attributePatterns": ["title", "t*"]}, {"attributePatterns": ["title", "t*"]}]}),
        json!({"proximityPrecision": null, "facetSearch": null, "prefixSearch": null, "searchCutoffMs": null}),
        json!({"proximityPrecision": "byAttribute", "prefixSearch": "disabled", "facetSearch": false, "searchCutoffMs": 150}),
    ]
}

/// Every one of them passes the gate after a build, needs nothing done afterwards, and is put in place on a live index.
async fn are_live(scene: &mut Scene, cases: Vec<Value>) {
    for (number, settings) in cases.into_iter().enumerate() {
        scene.define_titles_with(|definitions| definitions.settings("articles", settings.clone()));
        eprintln!("{settings}");
        // Each way has its turn: a build of its own, or what is live already.
        match number % 2 {
            0 => scene.reindex().run().await.expect(0),
            _ => scene.command("apply").arg("--yes").run().await.expect(0),
        };
        let again = ["--dry-run", "--exit-code"];
        scene.command("apply").args(again).run().await.expect(0);
        scene.command("verify").run().await.expect(0);
    }
}

#[tokio::test]
async fn what_a_server_writes_in_its_own_form_is_no_difference() {
    let mut scene = Scene::new().await;
    let cases = [written_otherwise(), newer()].concat();
    are_live(&mut scene, cases).await;
}

#[tokio::test]
async fn what_an_old_server_writes_in_its_own_form_is_no_difference() {
    let options = ServerOptions {
        like_1_5: true,
        ..ServerOptions::default()
    };
    let Some(mut scene) = Scene::on_own_server(options).await else {
        return;
    };
    are_live(&mut scene, written_otherwise()).await;
}

/// What means something else is one, and is set right.
#[tokio::test]
async fn what_means_something_else_is_a_difference() {
    let mut scene = Scene::new().await;
    let (before, after) = (0, 1);
    for pair in [
        [
            json!({"searchableAttributes": ["title", "id"]}),
            json!({"searchableAttributes": ["id", "title"]}),
        ],
        [
            json!({"synonyms": {"a": ["b"]}}),
            json!({"synonyms": {"a": ["c"]}}),
        ],
        [json!({"stopWords": ["a"]}), json!({"stopWords": ["A"]})],
    ] {
        let define = |scene: &mut Scene, settings: &Value| {
            scene.define_titles_with(|definitions| {
                definitions.settings("articles", settings.clone())
            });
        };
        define(&mut scene, &pair[before]);
        scene.reindex().run().await.expect(0);
        define(&mut scene, &pair[after]);
        scene.command("verify").run().await;
        let due = scene.command("apply").args(["--dry-run", "--exit-code"]);
        due.run().await.expect(5);
    }
}
