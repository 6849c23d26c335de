//! What a row is known by: the id of its document, which must be one for ever.
//!
//! Meilisearch takes numbers, and texts of `A-Z a-z 0-9 - _`. A text that is clean today is not taken as it is unless it
//! is sure to stay so: one new row would stop the index.

use super::error::CannotInit;
use super::look::Look;
use super::schema::{Column, Kind, Table};
use super::sql::name;
use crate::document::ids::MAX_BYTES;
use crate::error::Error;
use crate::figures::counted;
use crate::sqlite::queries::quoted;
use crate::sqlite::{DatabaseError, Snapshot};

/// An id, and what a person should know about it.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    pub expression: String,
    /// What leaves rows without an id out.
    pub condition: Option<String>,
    /// The column that is the id as it is.
    pub column: Option<String>,
    pub why: String,
    pub notes: Vec<String>,
}

/// Values of a key, in all rows.
struct Facts {
    rows: u64,
    nulls: u64,
    integers: u64,
    /// Texts of other signs than an id may have, and empty ones.
    unclean: u64,
    shortest: u64,
    longest: u64,
    bytes: u64,
    /// Neither numbers nor texts.
    others: u64,
}

pub(super) async fn of(snapshot: &mut Snapshot<'_>, look: &Look<'_>) -> Result<Identity, Error> {
    let table = look.table;
    let key = table.key();
    if table.kind == Kind::View {
        let Some(id) = table.column("id") else {
            return Err(unfit(table, "the view has no column `id`; add one that tells its rows apart, or choose its table".to_owned()));
        };
        let facts = facts(snapshot, table, id).await?;
        return of_one(table, id, &facts);
    }
    if let [one] = key.as_slice() {
        let facts = facts(snapshot, table, one).await?;
        let is_number = facts.integers + facts.nulls == facts.rows;
        if facts.nulls < facts.rows || facts.rows == 0 {
            match is_number {
                true => return of_one(table, one, &facts),
                // A number that no two rows share is better than a text.
                false => match unique(snapshot, table, true).await? {
                    Some((column, facts)) => return of_one(table, column, &facts),
                    None => return of_one(table, one, &facts),
                },
            }
        }
    } else if !key.is_empty() {
        if let Some((column, facts)) = unique(snapshot, table, true).await? {
            return of_one(table, column, &facts);
        }
        let mut parts = Vec::with_capacity(key.len());
        for column in &key {
            parts.push((*column, facts(snapshot, table, column).await?));
        }
        let Some((without, facts)) = parts.iter().find(|(_, facts)| facts.nulls > 0) else {
            return of_several(table, &parts);
        };
        // A key that may be NULL tells no rows apart.
        let rows = counted(facts.nulls, "row", "rows");
        return of_rowid(table, &format!("{} is NULL in {rows}", without.name));
    }
    for is_number in [true, false] {
        if let Some((column, facts)) = unique(snapshot, table, is_number).await? {
            return of_one(table, column, &facts);
        }
    }
    let why = match key.is_empty() {
        true => "the table has no key",
        false => "the key is NULL in every row",
    };
    of_rowid(table, why)
}

fn of_rowid(table: &Table, why: &str) -> Result<Identity, Error> {
    let Some(rowid) = table.rowid else {
        return Err(unfit(table, "nothing tells its rows apart for ever: its key is NULL, and columns have taken the names of the rowid".to_owned()));
    };
    let why = format!("the rowid, since {why}");
    Ok(Identity {
        expression: format!("{}.{rowid}", name(&table.name)),
        condition: None,
        column: None,
        why: why.clone(),
        notes: vec![format!(
            "the id is {why}; VACUUM may give rows other ones: reindex after it"
        )],
    })
}

/// A column of which no two rows have the same value, and none has NULL.
async fn unique<'t>(
    snapshot: &mut Snapshot<'_>,
    table: &'t Table,
    is_number: bool,
) -> Result<Option<(&'t Column, Facts)>, DatabaseError> {
    for unique in &table.uniques {
        let Some(column) = table.column(unique) else {
            continue;
        };
        // An account's name, or the address of a page, is not what a row is for ever.
        let is_key = is_number || column.not_null;
        let facts = facts(snapshot, table, column).await?;
        let is_fit = facts.rows > 0 && facts.nulls == 0 && facts.others == 0 && is_key;
        if is_fit && (facts.integers == facts.rows) == is_number {
            return Ok(Some((column, facts)));
        }
    }
    Ok(None)
}

async fn facts(
    snapshot: &mut Snapshot<'_>,
    table: &Table,
    column: &Column,
) -> Result<Facts, DatabaseError> {
    let c = quoted(&column.name);
    let sum = |condition: String| format!("COALESCE(SUM({condition}), 0)");
    let sql = format!(
        "SELECT COUNT(*), {}, {}, {}, COALESCE(MIN(LENGTH({c})), 0), COALESCE(MAX(LENGTH({c})), 0), COALESCE(MAX(LENGTH(CAST({c} AS BLOB))), 0), {} FROM {}",
        sum(format!("{c} IS NULL")),
        sum(format!("typeof({c}) = 'integer'")),
        sum(format!(
            "typeof({c}) = 'text' AND ({c} GLOB '*[^A-Za-z0-9_-]*' OR {c} = '')"
        )),
        sum(format!("typeof({c}) IN ('blob', 'real')")),
        quoted(&table.name)
    );
    let row = snapshot.first_texts(&sql).await?;
    let at = |place: usize| {
        row.get(place)
            .and_then(|text| text.parse().ok())
            .unwrap_or_default()
    };
    Ok(Facts {
        rows: at(0),
        nulls: at(1),
        integers: at(2),
        unclean: at(3),
        shortest: at(4),
        longest: at(5),
        bytes: at(6),
        others: at(7),
    })
}

fn of_one(table: &Table, column: &Column, facts: &Facts) -> Result<Identity, Error> {
    let named = format!("{}.{}", name(&table.name), name(&column.name));
    let is_number = facts.integers + facts.nulls == facts.rows;
    let as_it_is =
        is_number || (facts.others == 0 && facts.unclean == 0 && stays_clean(table, column, facts));
    refuse_long(
        table,
        if as_it_is {
            facts.bytes
        } else {
            2 * facts.bytes
        },
    )?;
    let is_rowid = column.declared == "INTEGER"
        && column.key.is_some()
        && table.key().len() == 1
        && table.rowid.is_some();
    // Neither NULL nor an empty text is an id.
    let is_sure = as_it_is && (is_rowid || column.not_null) && table.kind != Kind::View;
    let mut notes = Vec::new();
    if facts.nulls > 0 {
        let rows = counted(facts.nulls, "row has", "rows have");
        notes.push(format!("{rows} no {}, and so no id: left out", column.name));
    }
    if !as_it_is {
        notes.push(format!(
            "the id is hex({}): Meilisearch takes A-Z a-z 0-9 - _ in an id, and nothing keeps other signs out of it",
            column.name
        ));
    }
    Ok(Identity {
        expression: if as_it_is {
            named.clone()
        } else {
            format!("hex({named})")
        },
        condition: (!is_sure).then(|| match is_number {
            true => format!("{named} IS NOT NULL"),
            false => format!("{named} <> ''"),
        }),
        column: as_it_is.then(|| column.name.clone()),
        why: match (as_it_is, column.key.is_some()) {
            (true, true) => "the key".to_owned(),
            (true, false) => "no two rows have the same".to_owned(),
            (false, _) => "the key, in signs that an id may have".to_owned(),
        },
        notes,
    })
}

/// Parts so joined that no two rows can have the same: a number and a text of one length have a known end, and hex has no `-`.
fn of_several(table: &Table, key: &[(&Column, Facts)]) -> Result<Identity, Error> {
    let mut parts = Vec::new();
    let mut conditions = Vec::new();
    let mut length = 0;
    for (column, facts) in key {
        let named = format!("{}.{}", name(&table.name), name(&column.name));
        let is_number = facts.integers + facts.nulls == facts.rows;
        let as_it_is =
            is_number || (facts.others == 0 && facts.unclean == 0 && is_of_one_length(facts));
        length += 1 + if as_it_is {
            facts.bytes
        } else {
            2 * facts.bytes
        };
        parts.push(if as_it_is {
            named.clone()
        } else {
            format!("hex({named})")
        });
        if !column.not_null {
            conditions.push(format!("{named} IS NOT NULL"));
        }
    }
    refuse_long(table, length - 1)?;
    Ok(Identity {
        expression: parts.join(" || '-' || "),
        condition: (!conditions.is_empty()).then(|| conditions.join(" AND ")),
        column: None,
        why: "the columns of the key, joined so that no two rows get the same".to_owned(),
        notes: Vec::new(),
    })
}

fn refuse_long(table: &Table, bytes: u64) -> Result<(), Error> {
    match bytes > MAX_BYTES as u64 {
        true => Err(unfit(
            table,
            format!(
                "ids of its primary key would have up to {bytes} bytes, and Meilisearch takes {MAX_BYTES}; \
                 write its definition by hand, with a shorter column that tells its rows apart"
            ),
        )),
        false => Ok(()),
    }
}

/// Texts of one length are made by a rule: UUIDs, ULIDs, codes of countries.
fn is_of_one_length(facts: &Facts) -> bool {
    const ROWS: u64 = 5;
    facts.shortest == facts.longest && facts.shortest > 0 && facts.rows - facts.nulls >= ROWS
}

/// Whether a text that is clean today will be clean tomorrow: all have one length, or a CHECK of the table says so.
fn stays_clean(table: &Table, column: &Column, facts: &Facts) -> bool {
    const UUID: u64 = 36;
    let is_uuid = facts.shortest == UUID && facts.longest == UUID;
    let sql = table.sql.to_lowercase();
    let name = column.name.to_lowercase();
    let mut checks = sql.match_indices("check").map(|(at, _)| &sql[at..]);
    let is_checked = checks.any(|check| {
        let upto = check
            .find("check (")
            .map_or(check.len(), |_| check.len().min(300));
        let check = check.get(..upto).unwrap_or(check);
        check.contains(&name)
            && ["glob", "regexp", "length", " in ("]
                .iter()
                .any(|word| check.contains(word))
    });
    is_uuid || is_of_one_length(facts) || is_checked
}

fn unfit(table: &Table, why: String) -> Error {
    CannotInit::Unfit {
        table: table.name.clone(),
        why,
    }
    .into()
}
