//! The answer of `explain` in sentences.

use super::{ByForm, ByKey, ExplainReport, InDatabase, Searched, StandIn};
use crate::figures::{counted, documents, grouped, listed};

impl ExplainReport {
    /// Puts the answer into sentences.
    pub fn conclude(&mut self) {
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
                let columns = self.columns.iter();
                let columns = listed(columns.map(|(name, value)| {
                    format!("{name} is {}", value.as_str().unwrap_or_default())
                }));
                let columns = match columns.is_empty() {
                    true => columns,
                    false => format!(" ({columns})"),
                };
                let clock = self.clock.as_ref();
                let clock = clock.map(|it| format!("; its conditions depend on the clock ({it})"));
                format!(
                    "the table `{table}` has it, but documents.sql leaves it out{columns}{}",
                    clock.unwrap_or_default()
                )
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
                let fields = self.fields.iter().map(|difference| &difference.field);
                return format!(
                    "database and index have it, but differ in {}",
                    listed(fields)
                );
            }
            (true, false) => ", but it is missing in the index",
            (false, true) => "; the index still has it",
            (false, false) => ", and neither has the index",
        };
        format!("{in_database}{joint}")
    }
}

impl Searched {
    fn sentences(&self, in_index: bool) -> Vec<String> {
        let q = &self.q;
        let hits = documents(self.hits);
        if !in_index {
            return vec![format!(
                "\"{q}\" cannot find what is not in the index; it finds {hits}"
            )];
        }
        if let (Some(rank), Some(page)) = (self.rank, self.page) {
            let place = format!(
                "\"{q}\" finds it at place {} of {}: page {} of {} each",
                grouped(rank),
                grouped(self.hits),
                grouped(page),
                counted(self.hits_a_page, "hit", "hits"),
            );
            return std::iter::once(place).chain(self.by_form()).collect();
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
            Some(false) if self.hits == 0 => {
                format!("\"{q}\" finds no document at all")
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
        sentences.extend(self.by_form());
        if !self.unsearchable.is_empty() {
            sentences.push(format!(
                "a word of the query stands in {}, which searchableAttributes does not name",
                self.unsearchable.join(", ")
            ));
        }
        sentences
    }

    /// A sentence for each word that is found by a form alone.
    fn by_form(&self) -> impl Iterator<Item = String> {
        self.forms.iter().map(
            |ByForm {
                 word,
                 form,
                 of,
                 field,
             }| {
                format!("\"{word}\" finds it through the form {form} of {of} (in {field})")
            },
        )
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
    use serde_json::{Map, json};

    use super::*;
    use crate::report::documented;

    #[test]
    fn the_sentences_are_those_of_the_documentation() {
        let documented: ExplainReport = documented("explain");
        let mut report = documented.clone();
        report.conclude();
        assert_eq!(report.because, documented.because);
    }

    #[test]
    fn a_row_that_is_left_out_is_shown_by_what_decides() {
        let mut left_out = ExplainReport {
            database: InDatabase::FilteredOut,
            sides_agree: true,
            table: Some("articles".to_owned()),
            columns: Map::from_iter([("status".to_owned(), json!("draft"))]),
            clock: Some("'now'".to_owned()),
            ..ExplainReport::default()
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
