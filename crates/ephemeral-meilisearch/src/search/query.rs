//! What a search can be asked for, and the refusal of everything else.

use milli_core::TermsMatchingStrategy;
use milli_core::tokenizer::Language;
use serde_json::Value;

use super::locales;
use super::parameters::Parameters;
use crate::error::ApiError;
use crate::like::{Feature, Like};
use crate::strict::{Body, Query};

/// How many hits an answer has if nobody says otherwise.
const DEFAULT_LIMIT: usize = 20;
/// How many words a cropped text keeps if nobody says otherwise.
const DEFAULT_CROP_LENGTH: usize = 10;

/// The parameters of one search.
#[derive(Debug, Clone)]
pub struct SearchQuery {
    pub q: Option<String>,
    pub offset: usize,
    pub limit: usize,
    pub page: Option<usize>,
    pub hits_per_page: Option<usize>,
    pub attributes_to_retrieve: Option<Vec<String>>,
    pub attributes_to_crop: Vec<String>,
    pub crop_length: usize,
    pub crop_marker: String,
    pub attributes_to_highlight: Vec<String>,
    pub highlight_pre_tag: String,
    pub highlight_post_tag: String,
    pub show_matches_position: bool,
    pub filter: Option<Value>,
    pub sort: Option<Vec<String>>,
    pub distinct: Option<String>,
    pub facets: Option<Vec<String>>,
    pub matching_strategy: TermsMatchingStrategy,
    pub attributes_to_search_on: Option<Vec<String>>,
    pub show_ranking_score: bool,
    pub show_ranking_score_details: bool,
    pub ranking_score_threshold: Option<f64>,
    pub locales: Option<Vec<Language>>,
}

impl SearchQuery {
    /// Reads the body of a POST.
    pub fn from_json(body: Value, like: Like) -> Result<Self, ApiError> {
        let body = Body::read(body, &known(JSON_NAMES, like))?;
        Self::read(Parameters::Json(body), like)
    }

    /// Reads one of the queries of a multi-search: the index's uid, and what is asked of it.
    pub fn from_json_with_index(body: Value, like: Like) -> Result<(String, Self), ApiError> {
        let mut names = known(JSON_NAMES, like);
        names.insert(0, "indexUid");
        if like.has(Feature::Federation) {
            names.push("federationOptions");
        }
        let mut body = Body::read(body, &names)?;
        let uid = body.required("indexUid", "missing_index_uid", "invalid_index_uid")?;
        if body
            .optional::<Value>("federationOptions", "bad_request")?
            .is_some()
        {
            return Err(ApiError::new(
                "invalid_multi_search_federation_options",
                "Using `federationOptions` is not allowed in a non-federated search.\n - Hint: remove `federationOptions`",
            ));
        }
        Ok((uid, Self::read(Parameters::Json(body), like)?))
    }

    /// Reads the query string of a GET.
    pub fn from_query_string(query: Option<&str>, like: Like) -> Result<Self, ApiError> {
        let query = Query::read(query, &known(URL_NAMES, like))?;
        Self::read(Parameters::Url(query), like)
    }

    /// Whether the answer counts pages and every hit, instead of estimating.
    pub fn counts_pages(&self) -> bool {
        self.page.or(self.hits_per_page).is_some()
    }

    /// The hits on a page.
    pub fn page_size(&self) -> usize {
        self.hits_per_page.unwrap_or(DEFAULT_LIMIT)
    }

    fn read(mut from: Parameters, like: Like) -> Result<Self, ApiError> {
        for name in NOT_OFFERED {
            if from.asks_for(name) {
                return Err(ApiError::new(
                    "feature_not_enabled",
                    format!("The throw-away server does not offer `{name}` in a search."),
                ));
            }
        }
        Ok(Self {
            q: from.text("q", "invalid_search_q")?,
            offset: from.size_or("offset", "invalid_search_offset", 0)?,
            limit: from.size_or("limit", "invalid_search_limit", DEFAULT_LIMIT)?,
            page: from.size("page", "invalid_search_page")?,
            hits_per_page: from.size("hitsPerPage", "invalid_search_hits_per_page")?,
            attributes_to_retrieve: from.texts(
                "attributesToRetrieve",
                "invalid_search_attributes_to_retrieve",
            )?,
            attributes_to_crop: from
                .texts("attributesToCrop", "invalid_search_attributes_to_crop")?
                .unwrap_or_default(),
            crop_length: from.size_or(
                "cropLength",
                "invalid_search_crop_length",
                DEFAULT_CROP_LENGTH,
            )?,
            crop_marker: from.text_or("cropMarker", "invalid_search_crop_marker", "…")?,
            attributes_to_highlight: from
                .texts(
                    "attributesToHighlight",
                    "invalid_search_attributes_to_highlight",
                )?
                .unwrap_or_default(),
            highlight_pre_tag: from.text_or(
                "highlightPreTag",
                "invalid_search_highlight_pre_tag",
                "<em>",
            )?,
            highlight_post_tag: from.text_or(
                "highlightPostTag",
                "invalid_search_highlight_post_tag",
                "</em>",
            )?,
            show_matches_position: from.flag(
                "showMatchesPosition",
                "invalid_search_show_matches_position",
            )?,
            filter: from.filter(),
            sort: from.sort("invalid_search_sort")?,
            distinct: from.text("distinct", "invalid_search_distinct")?,
            facets: from.texts("facets", "invalid_search_facets")?,
            matching_strategy: matching_strategy(&mut from, like)?,
            attributes_to_search_on: from.texts(
                "attributesToSearchOn",
                "invalid_search_attributes_to_search_on",
            )?,
            show_ranking_score: from
                .flag("showRankingScore", "invalid_search_show_ranking_score")?,
            show_ranking_score_details: from.flag(
                "showRankingScoreDetails",
                "invalid_search_show_ranking_score_details",
            )?,
            ranking_score_threshold: ranking_score_threshold(&mut from)?,
            locales: languages(&mut from)?,
        })
    }
}

fn matching_strategy(from: &mut Parameters, like: Like) -> Result<TermsMatchingStrategy, ApiError> {
    const NAME: &str = "matchingStrategy";
    const CODE: &str = "invalid_search_matching_strategy";
    match from.text_or(NAME, CODE, "last")?.as_str() {
        "last" => Ok(TermsMatchingStrategy::Last),
        "all" => Ok(TermsMatchingStrategy::All),
        "frequency" if like.has(Feature::SearchOf9) => Ok(TermsMatchingStrategy::Frequency),
        other => {
            let accepted = if like.has(Feature::SearchOf9) {
                "`last`, `all`, `frequency`"
            } else {
                "`last`, `all`"
            };
            let message =
                format!("Unknown value `{other}` at `.{NAME}`: expected one of {accepted}");
            Err(ApiError::new(CODE, message))
        }
    }
}

fn ranking_score_threshold(from: &mut Parameters) -> Result<Option<f64>, ApiError> {
    const NAME: &str = "rankingScoreThreshold";
    const CODE: &str = "invalid_search_ranking_score_threshold";
    match from.number(NAME, CODE)? {
        Some(score) if !(0.0..=1.0).contains(&score) => {
            let why = "the value of `rankingScoreThreshold` is invalid, expected a float between `0.0` and `1.0`.";
            Err(from.invalid(NAME, why, CODE))
        }
        score => Ok(score),
    }
}

fn languages(from: &mut Parameters) -> Result<Option<Vec<Language>>, ApiError> {
    const CODE: &str = "invalid_search_locales";
    let Some(names) = from.texts("locales", CODE)? else {
        return Ok(None);
    };
    let mut languages = Vec::with_capacity(names.len());
    for name in names {
        let Some(language) = locales::language(&name) else {
            return Err(from.invalid("locales", &locales::refusal(&name), CODE));
        };
        languages.push(language);
    }
    Ok(Some(languages))
}

/// The names that this version knows.
fn known(names: &[(&'static str, Option<Feature>)], like: Like) -> Vec<&'static str> {
    names
        .iter()
        .filter(|(_, since)| since.is_none_or(|feature| like.has(feature)))
        .map(|(name, _)| *name)
        .collect()
}

/// Known to the real server, and beyond a server without embedders, network and profiles of users.
const NOT_OFFERED: [&str; 10] = [
    "hybrid",
    "hybridEmbedder",
    "hybridSemanticRatio",
    "vector",
    "retrieveVectors",
    "media",
    "personalize",
    "personalizeUserContext",
    "useNetwork",
    "showPerformanceDetails",
];

/// The fields of a POST, each with what brought it; `None` is as old as 1.5.
const JSON_NAMES: &[(&str, Option<Feature>)] = &[
    ("q", None),
    ("vector", None),
    ("hybrid", Some(Feature::SettingsOf6)),
    ("offset", None),
    ("limit", None),
    ("page", None),
    ("hitsPerPage", None),
    ("attributesToRetrieve", None),
    ("retrieveVectors", Some(Feature::RetrieveVectors)),
    ("attributesToCrop", None),
    ("cropLength", None),
    ("attributesToHighlight", None),
    ("showMatchesPosition", None),
    ("showRankingScore", None),
    ("showRankingScoreDetails", None),
    ("filter", None),
    ("sort", None),
    ("distinct", Some(Feature::SearchOf9)),
    ("facets", None),
    ("highlightPreTag", None),
    ("highlightPostTag", None),
    ("cropMarker", None),
    ("matchingStrategy", None),
    ("attributesToSearchOn", None),
    ("rankingScoreThreshold", Some(Feature::SearchOf9)),
    ("locales", Some(Feature::Locales)),
    ("media", Some(Feature::SearchOfNewest)),
    ("personalize", Some(Feature::SearchOfNewest)),
    ("useNetwork", Some(Feature::SearchOfNewest)),
    ("showPerformanceDetails", Some(Feature::SearchOfNewest)),
];

/// The parameters of a GET, likewise.
const URL_NAMES: &[(&str, Option<Feature>)] = &[
    ("q", None),
    ("vector", None),
    ("offset", None),
    ("limit", None),
    ("page", None),
    ("hitsPerPage", None),
    ("attributesToRetrieve", None),
    ("retrieveVectors", Some(Feature::RetrieveVectors)),
    ("attributesToCrop", None),
    ("cropLength", None),
    ("attributesToHighlight", None),
    ("filter", None),
    ("sort", None),
    ("distinct", Some(Feature::SearchOf9)),
    ("showMatchesPosition", None),
    ("showRankingScore", None),
    ("showRankingScoreDetails", None),
    ("facets", None),
    ("highlightPreTag", None),
    ("highlightPostTag", None),
    ("cropMarker", None),
    ("matchingStrategy", None),
    ("attributesToSearchOn", None),
    ("hybridEmbedder", Some(Feature::SettingsOf6)),
    ("hybridSemanticRatio", Some(Feature::SettingsOf6)),
    ("rankingScoreThreshold", Some(Feature::SearchOf9)),
    ("locales", Some(Feature::Locales)),
    ("personalizeUserContext", Some(Feature::SearchOfNewest)),
    ("useNetwork", Some(Feature::SearchOfNewest)),
    ("showPerformanceDetails", Some(Feature::SearchOfNewest)),
];

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn old() -> Like {
        "1.5".parse().unwrap()
    }

    fn code(body: Value, like: Like) -> &'static str {
        SearchQuery::from_json(body, like).unwrap_err().code
    }

    #[test]
    fn nothing_asked_is_everything_by_twenties() {
        let query = SearchQuery::from_json(json!({}), old()).unwrap();
        assert_eq!((query.offset, query.limit, query.crop_length), (0, 20, 10));
        assert_eq!(query.highlight_pre_tag, "<em>");
        assert!(!query.counts_pages());
    }

    #[test]
    fn each_wrong_value_has_its_own_code() {
        let new = Like::NEWEST;
        assert_eq!(code(json!({"q": 1}), new), "invalid_search_q");
        assert_eq!(code(json!({"limit": "many"}), new), "invalid_search_limit");
        assert_eq!(code(json!({"limit": null}), new), "invalid_search_limit");
        assert_eq!(code(json!({"sort": "a:asc"}), new), "invalid_search_sort");
        assert_eq!(
            code(json!({"locales": ["xx"]}), new),
            "invalid_search_locales"
        );
        assert_eq!(
            code(json!({"rankingScoreThreshold": 2}), new),
            "invalid_search_ranking_score_threshold"
        );
        assert_eq!(
            code(json!({"matchingStrategy": "first"}), new),
            "invalid_search_matching_strategy"
        );
        assert_eq!(code(json!({"query": "x"}), new), "bad_request");
        assert_eq!(code(json!([]), new), "bad_request");
    }

    #[test]
    fn an_old_server_does_not_know_what_came_later() {
        for body in [
            json!({"distinct": "author_id"}),
            json!({"rankingScoreThreshold": 0.5}),
            json!({"locales": ["ara"]}),
        ] {
            assert!(
                SearchQuery::from_json(body.clone(), Like::NEWEST).is_ok(),
                "{body}"
            );
            assert_eq!(code(body, old()), "bad_request");
        }
        let frequency = json!({"matchingStrategy": "frequency"});
        assert!(SearchQuery::from_json(frequency.clone(), Like::NEWEST).is_ok());
        assert_eq!(code(frequency, old()), "invalid_search_matching_strategy");
    }

    #[test]
    fn what_needs_embedders_is_refused_unless_it_asks_for_nothing() {
        let new = Like::NEWEST;
        let nothing = json!({"hybrid": null, "retrieveVectors": false});
        assert!(SearchQuery::from_json(nothing, new).is_ok());
        let hybrid = json!({"hybrid": {"embedder": "e"}});
        assert_eq!(code(hybrid, new), "feature_not_enabled");
    }

    #[test]
    fn a_query_string_says_the_same_as_a_body() {
        let query = SearchQuery::from_query_string(
            Some("q=%D8%A7%D9%84%D9%82%D8%AF%D8%B3&limit=1&facets=a,b&sort=id:desc&showRankingScore=true&filter=%5B%22a=1%22%5D&rankingScoreThreshold=0.2&locales=ara"),
            Like::NEWEST,
        )
        .unwrap();
        assert_eq!(query.q.as_deref(), Some("القدس"));
        assert_eq!(query.limit, 1);
        assert_eq!(query.facets.unwrap(), ["a", "b"]);
        assert_eq!(query.sort.unwrap(), ["id:desc"]);
        assert!(query.show_ranking_score);
        assert_eq!(query.filter, Some(json!(["a=1"])));
        assert_eq!(query.ranking_score_threshold, Some(0.2));
        assert_eq!(query.locales, Some(vec![Language::Ara]));
        let error = SearchQuery::from_query_string(Some("limit=many"), Like::NEWEST).unwrap_err();
        assert_eq!(error.code, "invalid_search_limit");
        let error = SearchQuery::from_query_string(Some("lim=1"), Like::NEWEST).unwrap_err();
        assert_eq!(error.code, "bad_request");
    }

    #[test]
    fn a_query_of_many_names_its_index() {
        let (uid, query) =
            SearchQuery::from_json_with_index(json!({"indexUid": "a", "q": "x"}), old()).unwrap();
        assert_eq!((uid.as_str(), query.q.as_deref()), ("a", Some("x")));
        let error = SearchQuery::from_json_with_index(json!({"q": "x"}), old()).unwrap_err();
        assert_eq!(error.code, "missing_index_uid");
    }
}
