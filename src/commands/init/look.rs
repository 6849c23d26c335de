//! Looks at the values in the columns of a table, because SQLite does not enforce declared types.

use futures::TryStreamExt as _;

use super::schema::{Table, texts};
use crate::document::timestamp::{self, TimestampForm};
use crate::sqlite::queries::{self, quoted};
use crate::sqlite::{DatabaseError, Snapshot};
use crate::tracking;

/// What is known of a column's values.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub blobs: u64,
    pub texts: u64,
    /// Rows that are not NULL.
    pub values: u64,
    /// Texts with a closing tag in them.
    pub html: u64,
    pub commas: u64,
    /// Values that are no JSON, or plain words and numbers.
    pub not_json: u64,
    pub not_boolean: u64,
    /// Values that cannot stand in an id of Meilisearch's.
    pub not_id: u64,
    /// Values that cannot stand before a `-` in one.
    pub not_id_part: u64,
    pub mean_length: u64,
    /// In bytes, as an id would have it.
    pub longest: u64,
    /// Texts with Arabic letters in them.
    pub arabic: u64,
    /// Texts with letters that Persian and Urdu have in nearly every line, and Arabic has not.
    pub persian: u64,
}

/// Each column of a table, in the order of its columns, and the number of rows.
pub(super) async fn look(
    snapshot: &mut Snapshot<'_>,
    table: &Table,
) -> Result<(Vec<Seen>, u64), DatabaseError> {
    let mut all = Vec::with_capacity(table.columns.len());
    for column in &table.columns {
        let sql = queries::column_counts(&table.name, &column.name);
        let row = texts(snapshot, &sql, &[]).await?.into_iter().next();
        let row: Vec<u64> = row
            .unwrap_or_default()
            .iter()
            .map(|text| text.parse().unwrap_or_default())
            .collect();
        let at = |place: usize| row.get(place).copied().unwrap_or_default();
        all.push(Seen {
            blobs: at(0),
            texts: at(1),
            values: at(2),
            html: at(3),
            commas: at(4),
            not_json: at(5),
            not_boolean: at(6),
            not_id: at(7),
            not_id_part: at(8),
            mean_length: at(9),
            longest: at(10),
            arabic: at(11),
            persian: at(12),
        });
    }
    let rows = snapshot.count(&queries::whole_table(&table.name)).await?;
    Ok((all, rows))
}

/// How a column spells its times; none where it holds something else, nothing at all, several spellings, or numbers that
/// would all lie before SQLite existed: days since 1970 and 20261124 read as seconds of 1970.
pub(super) async fn times(
    snapshot: &mut Snapshot<'_>,
    table: &str,
    column: &str,
) -> Result<Option<TimestampForm>, DatabaseError> {
    let sql = format!(
        "SELECT {c} FROM {} WHERE {c} IS NOT NULL",
        quoted(table),
        c = quoted(column)
    );
    let mut rows = snapshot.rows(&sql, Vec::new());
    let (mut all, mut newest) = (None, None);
    while let Some(row) = rows.try_next().await? {
        match timestamp::form(row.value(0)) {
            Ok(form) if all.is_none_or(|other| other == form) => {
                all = Some(form);
                newest = newest.max(timestamp::parse(row.value(0)).ok());
            }
            Ok(_) | Err(_) => return Ok(None),
        }
    }
    let is_believed = |form: &TimestampForm| {
        *form == TimestampForm::Text || newest.is_some_and(tracking::is_believed)
    };
    Ok(all.filter(is_believed))
}
