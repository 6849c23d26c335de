//! Which rows are not meant for those who search: what was deleted softly, and what is still a draft.

use super::look::{Look, Looked};
use super::role::Role;
use super::sql::name;
use super::vocabulary as known;
use crate::sqlite::queries::{literal, quoted};
use crate::sqlite::{DatabaseError, Snapshot};

/// A line of the WHERE of documents.sql, which can be taken out alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Condition {
    pub sql: String,
    pub why: String,
    /// The column that is of no use in a document, because all documents have the same in it.
    pub column: Option<String>,
}

/// The conditions of a table.
pub(super) async fn of(
    snapshot: &mut Snapshot<'_>,
    look: &Look<'_>,
) -> Result<(Vec<Condition>, Vec<String>), DatabaseError> {
    let mut conditions: Vec<Condition> = Vec::new();
    let mut notes = Vec::new();
    for condition in wanted(look) {
        let mut all: Vec<&str> = conditions.iter().map(|one| one.sql.as_str()).collect();
        all.push(&condition.sql);
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM {} WHERE {})",
            quoted(&look.table.name),
            all.join(" AND ")
        );
        let some = snapshot
            .texts(&sql, &[])
            .await?
            .into_iter()
            .flatten()
            .next();
        match some.as_deref() {
            Some("1") => conditions.push(condition),
            _ => notes.push(format!(
                "no row would be left by {}, so it is not in the WHERE",
                condition.sql
            )),
        }
    }
    Ok((conditions, notes))
}

fn wanted(look: &Look<'_>) -> Vec<Condition> {
    let mut all = Vec::new();
    // A customer who is not active is still one.
    let is_of_persons = look.name().len() > 1;
    let state = |one: &&Looked<'_>| {
        let shown = || {
            one.seen
                .kept
                .keys()
                .any(|value| known::is_shown_state(value))
        };
        known::is_state(&one.column.words) && one.seen.is_text() && shown()
    };
    let state = look
        .columns
        .iter()
        .find(state)
        .map(|one| one.column.name.as_str());
    for one in &look.columns {
        let words = &one.column.words;
        let c = format!("{}.{}", name(&look.table.name), name(&one.column.name));
        let truth = |wanted: bool| is_true(&c, one.seen.is_text(), wanted);
        let is_truth = one.role == Role::Truth
            || (one.seen.values > 0 && one.seen.zero_or_one == one.seen.values);
        let may_be_time = matches!(one.role, Role::Time | Role::Empty);
        let condition = if known::is_deleted(words) && may_be_time {
            Some((
                format!("{c} IS NULL"),
                "what was deleted softly stays out",
                true,
            ))
        } else if known::is_deleted(words) && is_truth {
            Some((truth(false), "what was deleted softly stays out", true))
        } else if known::is_hidden(words) && is_truth {
            Some((truth(false), "what is not meant for all stays out", false))
        } else if (known::is_shown(words) || known::is_state(words)) && is_truth && !is_of_persons {
            Some((truth(true), "what is not meant for all stays out", false))
        } else if known::is_shown_since(words)
            && one.role == Role::Time
            && one.seen.nulls > 0
            && state.is_none()
        {
            Some((format!("{c} IS NOT NULL"), "drafts stay out", false))
        } else {
            None
        };
        if let Some((sql, why, is_constant)) = condition {
            all.push(Condition {
                sql,
                why: why.to_owned(),
                column: is_constant.then(|| one.column.name.clone()),
            });
        } else if state == Some(one.column.name.as_str())
            && let Some(value) = one
                .seen
                .kept
                .keys()
                .find(|value| known::is_shown_state(value))
        {
            all.push(Condition {
                sql: format!("{c} = {}", literal(value)),
                why: "drafts stay out".to_owned(),
                column: None,
            });
        }
    }
    all
}

fn is_true(column: &str, is_text: bool, wanted: bool) -> String {
    match (is_text, wanted) {
        (false, true) => format!("{column} = 1"),
        (false, false) => format!("COALESCE({column}, 0) = 0"),
        (true, true) => format!("LOWER({column}) IN ('1', 't', 'true')"),
        (true, false) => format!("LOWER(COALESCE({column}, '')) NOT IN ('1', 't', 'true')"),
    }
}
