//! What `explain` found: for people and for programs. Fields are only ever added.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Map, Value};

use super::key::ByKey;
use crate::commands::verify::fields;
use crate::document::AnomalyCount;
use crate::prepared::Prepared;
use crate::report::{aligned, counted, grouped};
use crate::sync::FieldDifference;
use crate::terminal::{set_in, style};

/// What the database says of an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum InDatabase {
    /// documents.sql returns it.
    Selected,
    /// The table holds it, and documents.sql leaves it out.
    FilteredOut,
    /// The table does not hold it.
    Absent,
    /// documents.sql does not return it, and computes its ids, so that no table can be asked.
    Unknown,
}

/// Where a query puts a document.
#[derive(Clone, Debug, Serialize)]
pub struct Searched {
    /// The query.
    pub q: String,
    /// At which place it comes, from 1; null where the hits that can be reached do not have it.
    pub rank: Option<u64>,
    /// On which page that is, from 1.
    pub page: Option<u64>,
    /// How many hits a page was taken to have: `limit` or `hitsPerPage` of the search, else 20.
    pub hits_a_page: u64,
    /// As many documents match.
    pub hits: u64,
    /// As many can be reached (the setting `pagination.maxTotalHits`).
    pub max_total_hits: u64,
    /// Whether it matches; null where that cannot be told, because more match than can be reached.
    pub matches: Option<bool>,
    /// Whether hits show `id` (the setting `displayedAttributes`); without it, no place can be told.
    pub shows_id: bool,
    /// The document that is shown in its place, by `distinctAttribute` or the search parameter `distinct`.
    pub stand_in: Option<StandIn>,
    /// Whether the search parameter `filter` leaves it out.
    pub filtered_out: bool,
    /// Which words alone find it, where the query does not.
    pub words: Vec<Word>,
    /// Fields that hold a word of the query and are not among searchableAttributes.
    pub unsearchable: Vec<String>,
}

/// One word of a query.
#[derive(Clone, Debug, Serialize)]
pub struct Word {
    /// The word.
    pub word: String,
    /// Whether it finds the document; null where that cannot be told.
    pub found: Option<bool>,
    /// Why not, where the settings tell: a stop word, a typo too many.
    pub why: Option<String>,
}

/// One document is shown of all that say the same in a field.
#[derive(Clone, Debug, Serialize)]
pub struct StandIn {
    /// The field.
    pub field: String,
    /// What all of them say.
    pub value: Value,
    /// The id of the one that is shown; null where the hits do not tell.
    pub id: Option<String>,
}

/// What `explain` found.
#[derive(Clone, Debug, Serialize)]
pub struct ExplainReport {
    /// The definition's name.
    pub index: String,
    /// The uid that the application searches.
    pub live_uid: String,
    /// Which generation lies there.
    pub created_at: String,
    /// The id.
    pub id: String,
    /// The row that was found by a key, because no document has what was asked for as its id.
    pub by_key: Option<ByKey>,
    /// Ids of the database that differ from it by case alone.
    pub alike: Vec<String>,
    /// The answer, in sentences.
    pub because: Vec<String>,
    /// Whether database and index say the same.
    pub sides_agree: bool,
    /// What the database says.
    pub database: InDatabase,
    /// The table that its ids come from, where documents.sql does not return the row.
    pub table: Option<String>,
    /// Columns of a row that is left out, which documents.sql has conditions about.
    pub columns: Map<String, Value>,
    /// What in documents.sql depends on the moment at which it runs.
    pub clock: Option<String>,
    /// Whether the live index has the document.
    pub in_index: bool,
    /// Fields that say two things.
    pub fields: Vec<FieldDifference>,
    /// Fields with a word that is too long to be indexed.
    pub long_words: Vec<String>,
    /// Anomalies of the row: texts that are longer than what is indexed.
    pub notes: Vec<AnomalyCount>,
    /// Tasks for the live index that wait or are at work.
    pub waiting_tasks: u64,
    /// Where the query puts it; null without `--q`.
    pub search: Option<Searched>,
}

impl ExplainReport {
    pub(super) fn new(index: &Prepared, id: &str, created_at: String) -> Self {
        Self {
            index: index.definition.name.clone(),
            live_uid: index.definition.live_uid.clone(),
            created_at,
            id: id.to_owned(),
            by_key: None,
            alike: Vec::new(),
            because: Vec::new(),
            sides_agree: false,
            database: InDatabase::Unknown,
            table: None,
            columns: Map::new(),
            clock: None,
            in_index: false,
            fields: Vec::new(),
            long_words: Vec::new(),
            notes: Vec::new(),
            waiting_tasks: 0,
            search: None,
        }
    }

    /// documents.sql leaves out the row of this table.
    pub(super) fn is_left_out_of(&mut self, table: &str) {
        self.database = InDatabase::FilteredOut;
        self.table = Some(table.to_owned());
        self.sides_agree = true;
    }

    /// Puts the answer into sentences.
    pub(super) fn conclude(&mut self) {
        let mut because = Vec::new();
        because.extend(self.by_key.as_ref().map(|found| self.found_by(found)));
        because.push(self.sides());
        if !self.sides_agree {
            because.push(match self.waiting_tasks {
                0 => "`bisan-indexer sync` sets it right".to_owned(),
                tasks => format!(
                    "{} for the index: it may be on its way; otherwise `bisan-indexer sync` sets it right",
                    counted(tasks, "task waits", "tasks wait")
                ),
            });
        }
        for field in &self.long_words {
            because.push(format!(
                "`{field}` has a word of more than 250 bytes, which no search finds"
            ));
        }
        because.extend(
            self.notes
                .iter()
                .map(|note| format!("`{}`: {}", note.field, note.kind.advice())),
        );
        if let Some(search) = &self.search {
            because.extend(search.sentences(self.in_index));
        }
        self.because = because;
    }

    /// Of which row that is, which was not asked for by its id.
    fn found_by(&self, found: &ByKey) -> String {
        let ByKey { table, column, ids } = found;
        match ids.as_slice() {
            [] => format!("no document has this id; it is the {column} of a row of `{table}`"),
            [id] => format!(
                "no document has this id; it is the {column} of the row of `{table}` that has the id {id}"
            ),
            [id, others @ ..] => format!(
                "no document has this id; it is the {column} of the row of `{table}` that makes {} documents: {id}, which is \
                 explained here, and {}",
                ids.len(),
                others.join(", ")
            ),
        }
    }

    /// Which side has it, and why one does not.
    fn sides(&self) -> String {
        let table = self.table.as_deref().unwrap_or_default();
        if self.database != InDatabase::Selected && !self.alike.is_empty() {
            return format!(
                "the database has not this id, but {}, which is another one: Meilisearch tells capital letters from small \
                 ones{}",
                self.alike.join(", "),
                if self.in_index {
                    "; the index still has it"
                } else {
                    ""
                }
            );
        }
        let in_database = match self.database {
            InDatabase::Selected => "the database has it".to_owned(),
            InDatabase::FilteredOut if self.by_key.as_ref().is_some_and(|by| by.ids.is_empty()) => {
                return "documents.sql leaves that row out".to_owned();
            }
            InDatabase::FilteredOut => {
                let mut text =
                    format!("the table `{table}` has it, but documents.sql leaves it out");
                let columns: Vec<String> = self
                    .columns
                    .iter()
                    .map(|(name, value)| format!("{name} is {}", value.as_str().unwrap_or_default()))
                    .collect();
                if !columns.is_empty() {
                    let _ = write!(text, " ({})", columns.join(", "));
                }
                if let Some(clock) = &self.clock {
                    let _ = write!(text, "; its conditions depend on the clock ({clock})");
                }
                text
            }
            InDatabase::Absent => format!("the table `{table}` has no such row"),
            InDatabase::Unknown => {
                "documents.sql does not return it, and computes its ids, so that no table can be asked"
                    .to_owned()
            }
        };
        let joint = match (self.database == InDatabase::Selected, self.in_index) {
            (true, true) if self.sides_agree => {
                return "database and index have it, and every field is the same".to_owned();
            }
            (true, true) => {
                let fields: Vec<&str> = self
                    .fields
                    .iter()
                    .map(|difference| difference.field.as_str())
                    .collect();
                return format!(
                    "database and index have it, but differ in {}",
                    fields.join(", ")
                );
            }
            (true, false) => ", but it is missing in the index",
            (false, true) => "; the index still has it",
            (false, false) => ", and neither has the index",
        };
        format!("{in_database}{joint}")
    }

    /// The summary for people.
    pub fn summary(&self) -> String {
        let good = self.sides_agree
            && self.in_index
            && self.search.as_ref().is_none_or(Searched::is_reached);
        let mark = if good {
            style("✔").green().bold()
        } else {
            style("✘").red().bold()
        };
        let title = style(format!("{} {}", self.live_uid, self.id)).bold();
        let mut text = format!("{mark} {title}\n");
        for sentence in &self.because {
            let _ = writeln!(text, "  {}", set_in(sentence));
        }
        text.push_str(&fields(&self.fields));
        if let Some(search) = self
            .search
            .as_ref()
            .filter(|search| !search.words.is_empty())
        {
            let rows: Vec<[String; 2]> = search
                .words
                .iter()
                .map(|word| {
                    let found = match (word.found, &word.why) {
                        (Some(true), _) => "finds it".to_owned(),
                        (Some(false), None) => "does not find it".to_owned(),
                        (Some(false), Some(why)) => format!("does not find it: {why}"),
                        (None, None) => "finds more than can be looked at".to_owned(),
                        (None, Some(why)) => why.clone(),
                    };
                    [word.word.clone(), found]
                })
                .collect();
            text.push_str(&aligned(&rows));
        }
        text
    }
}

impl Searched {
    /// Whether the hits hold it, as far as they tell.
    fn is_reached(&self) -> bool {
        self.rank.is_some() || (!self.shows_id && self.matches == Some(true))
    }

    fn sentences(&self, in_index: bool) -> Vec<String> {
        let q = &self.q;
        let hits = counted(self.hits, "document", "documents");
        if !in_index {
            return vec![format!(
                "\"{q}\" cannot find what is not in the index; it finds {hits}"
            )];
        }
        if let (Some(rank), Some(page)) = (self.rank, self.page) {
            return vec![format!(
                "\"{q}\" finds it at place {} of {}: page {} of {} each",
                grouped(rank),
                grouped(self.hits),
                grouped(page),
                counted(self.hits_a_page, "hit", "hits"),
            )];
        }
        let mut sentences = vec![match self.matches {
            matches if !self.shows_id => {
                let matches = match matches {
                    Some(true) => "matches it",
                    Some(false) => "does not find it",
                    None => "may match it, which could be told if `id` were filterable",
                };
                format!(
                    "\"{q}\" {matches}; hits do not show `id` (displayedAttributes), so that its place among {hits} cannot be told"
                )
            }
            matches if self.stand_in.is_some() && matches != Some(false) => {
                self.of_stand_in(matches == Some(true))
            }
            Some(true) => format!(
                "\"{q}\" matches it, but it comes after the first {} hits, and maxTotalHits lets no more be reached",
                grouped(self.max_total_hits)
            ),
            Some(false) if self.filtered_out => {
                format!("\"{q}\" does not find it, for the filter leaves it out; {hits} pass")
            }
            Some(false) => format!("\"{q}\" does not find it, though it finds {hits}"),
            None => format!(
                "\"{q}\" does not show it among the first {} hits, and maxTotalHits lets no more be reached; whether it \
                 matches could be told if `id` were filterable",
                grouped(self.max_total_hits)
            ),
        }];
        if self.filtered_out && self.words.iter().any(|word| word.found == Some(false)) {
            sentences.push("without the filter it is not found either".to_owned());
        }
        if !self.unsearchable.is_empty() {
            sentences.push(format!(
                "a word of the query stands in {}, which searchableAttributes does not name",
                self.unsearchable.join(", ")
            ));
        }
        sentences
    }

    fn of_stand_in(&self, matches: bool) -> String {
        let q = &self.q;
        let Some(StandIn { field, value, id }) = &self.stand_in else {
            return String::new();
        };
        let shown = match id {
            Some(id) => format!("{id} is shown in its place"),
            None => "another one is shown in its place".to_owned(),
        };
        let matches = match matches {
            true => "matches it, but ",
            false => "may match it, but ",
        };
        format!(
            "\"{q}\" {matches}{shown}: of all documents whose `{field}` is {value}, a search shows one (distinct)"
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::document::convert::Anomaly;
    use crate::report::expect_documented;

    /// Every field is there: docs/json.md shows this very report.
    fn report() -> ExplainReport {
        let mut report = ExplainReport {
            index: "articles".to_owned(),
            live_uid: "articles".to_owned(),
            created_at: "2026-11-24T14:30:02.114209Z".to_owned(),
            id: "4711".to_owned(),
            by_key: Some(ByKey {
                table: "articles".to_owned(),
                column: "slug".to_owned(),
                ids: vec!["4711".to_owned()],
            }),
            alike: vec!["a4711".to_owned()],
            because: Vec::new(),
            sides_agree: false,
            database: InDatabase::Selected,
            table: None,
            columns: Map::new(),
            clock: None,
            in_index: true,
            fields: vec![FieldDifference {
                field: "title".to_owned(),
                database: Some("\"يافا\"".to_owned()),
                index: Some("\"حيفا\"".to_owned()),
            }],
            long_words: vec!["url".to_owned()],
            notes: vec![AnomalyCount {
                kind: Anomaly::LongText,
                field: "body".to_owned(),
                count: 1,
                first_id: "4711".to_owned(),
            }],
            waiting_tasks: 0,
            search: Some(Searched {
                q: "يافا".to_owned(),
                rank: None,
                page: None,
                hits_a_page: 20,
                hits: 212,
                max_total_hits: 10_000,
                matches: Some(false),
                shows_id: true,
                stand_in: Some(StandIn {
                    field: "sku".to_owned(),
                    value: json!("B-7"),
                    id: Some("4710".to_owned()),
                }),
                filtered_out: false,
                words: vec![Word {
                    word: "يافا".to_owned(),
                    found: Some(false),
                    why: Some("`يافه` in title is 2 typos away".to_owned()),
                }],
                unsearchable: vec!["source".to_owned()],
            }),
        };
        report.conclude();
        report
    }

    #[test]
    fn the_report_is_documented_field_by_field() {
        expect_documented("explain", &report());
    }

    #[test]
    fn the_answer_stands_in_sentences() {
        let text = report().summary();
        for part in [
            "✘ articles 4711",
            "database and index have it, but differ in title",
            "`bisan-indexer sync` sets it right",
            "`url` has a word of more than 250 bytes",
            "\"يافا\" does not find it, though it finds 212 documents",
            "stands in source, which searchableAttributes does not name",
            "does not find it",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
    }

    #[test]
    fn a_row_that_is_left_out_is_shown_by_what_decides() {
        let mut left_out = ExplainReport {
            database: InDatabase::FilteredOut,
            in_index: false,
            sides_agree: true,
            table: Some("articles".to_owned()),
            columns: Map::from_iter([("status".to_owned(), json!("draft"))]),
            clock: Some("'now'".to_owned()),
            fields: Vec::new(),
            search: None,
            notes: Vec::new(),
            long_words: Vec::new(),
            by_key: None,
            alike: Vec::new(),
            ..report()
        };
        left_out.conclude();
        assert_eq!(
            left_out.because,
            [
                "the table `articles` has it, but documents.sql leaves it out (status is draft); its conditions depend on \
                 the clock ('now'), and neither has the index"
            ]
        );
    }
}
