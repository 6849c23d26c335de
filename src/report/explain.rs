//! What `explain` found.

mod sentences;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::document::AnomalyCount;
use crate::prepared::Prepared;
use crate::report::page::{Mark, Page};
use crate::report::verify::fields;
use crate::sync::FieldDifference;
use crate::terminal::{set_in, style};

/// What the database says of an id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InDatabase {
    /// documents.sql returns it.
    Selected,
    /// The table holds it, and documents.sql leaves it out.
    FilteredOut,
    /// The table does not hold it.
    Absent,
    /// documents.sql does not return it, and computes its ids, so that no table can be asked.
    #[default]
    Unknown,
}

/// Where a query puts a document.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
    /// Words of the query that no word of the document is found by, but a form of one.
    pub forms: Vec<ByForm>,
}

/// A form of an Arabic word, which the definition adds to the document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByForm {
    /// The word of the query.
    pub word: String,
    /// The form that it is found by.
    pub form: String,
    /// The word of the document that has this form.
    pub of: String,
    /// The field of that word.
    pub field: String,
}

/// One word of a query.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Word {
    /// The word.
    pub word: String,
    /// Whether it finds the document; null where that cannot be told.
    pub found: Option<bool>,
    /// Why not, where the settings tell: a stop word, a typo too many.
    pub why: Option<String>,
}

/// One document is shown of all that say the same in a field.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StandIn {
    /// The field.
    pub field: String,
    /// What all of them say.
    pub value: Value,
    /// The id of the one that is shown; null where the hits do not tell.
    pub id: Option<String>,
}

/// A row that was found by a key of its table, because no document has what was asked for as its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByKey {
    /// The table, or view, as documents.sql names it.
    pub table: String,
    /// The column, of a PRIMARY KEY or a UNIQUE index.
    pub column: String,
    /// The ids that documents.sql gives to the row; none where it leaves the row out.
    pub ids: Vec<String>,
}

/// What `explain` found.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
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
    /// Of what is still to be found out.
    pub fn new(index: &Prepared, id: &str, created_at: String) -> Self {
        Self {
            index: index.definition.name.clone(),
            live_uid: index.definition.live_uid.clone(),
            created_at,
            id: id.to_owned(),
            ..Self::default()
        }
    }

    /// documents.sql leaves out the row of this table.
    pub fn is_left_out_of(&mut self, table: &str) {
        self.database = InDatabase::FilteredOut;
        self.table = Some(table.to_owned());
        self.sides_agree = true;
    }

    /// The summary for people.
    pub fn summary(&self) -> String {
        let is_reached = self.search.as_ref().is_none_or(Searched::is_reached);
        let mark = Mark::of(self.sides_agree && self.in_index && is_reached);
        let title = style(format!("{} {}", self.live_uid, self.id)).bold();
        let mut page = Page::headed(mark, title);
        for sentence in &self.because {
            page.note(set_in(sentence));
        }
        fields(&self.fields, &mut page);
        let words = self.search.iter().flat_map(|search| &search.words);
        page.table(words.map(|word| [word.word.clone(), word.verdict()]));
        page.text()
    }
}

impl Word {
    fn verdict(&self) -> String {
        match (self.found, &self.why) {
            (Some(true), _) => "finds it".to_owned(),
            (Some(false), None) => "does not find it".to_owned(),
            (Some(false), Some(why)) => format!("does not find it: {why}"),
            (None, None) => "finds more than can be looked at".to_owned(),
            (None, Some(why)) => why.clone(),
        }
    }
}

impl Searched {
    /// Whether the hits hold it, as far as they tell.
    fn is_reached(&self) -> bool {
        self.rank.is_some() || (!self.shows_id && self.matches == Some(true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::documented;

    #[test]
    fn the_answer_stands_in_sentences() {
        let text = documented::<ExplainReport>("explain").summary();
        for part in [
            "✘ articles 4711",
            "database and index have it, but differ in title",
            "`bisan-indexer sync` sets it right",
            "`url` has a word of more than 250 bytes",
            "\"القدس يافا\" does not find it, though it finds 212 documents",
            "\"القدس\" finds it through the form قدس of وبالقدس (in body)",
            "stands in source, which searchableAttributes does not name",
            "does not find it",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
    }
}
