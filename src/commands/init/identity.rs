//! Finds the columns that identify the rows of a table, and makes an id for Meilisearch of them.

use super::schema::{Column, Kind, Table};
use super::{CannotInit, look};
use crate::document::ids::MAX_BYTES;
use crate::sqlite::queries::quoted;

/// The expression of the id, and the condition that leaves rows without one out.
pub(super) fn id_of(
    table: &Table,
    seen: &[look::Seen],
    notes: &mut Vec<String>,
) -> Result<(String, Option<String>), CannotInit> {
    let t = quoted(&table.name);
    let named = |column: &Column| format!("{t}.{}", quoted(&column.name));
    let of = |column: &Column| {
        let place = table
            .columns
            .iter()
            .position(|other| other.name == column.name);
        place
            .and_then(|place| seen.get(place))
            .cloned()
            .unwrap_or_default()
    };
    let key = table.key();
    let (parts, views) = match (key.as_slice(), table.kind) {
        ([], Kind::View) => match table.column("id") {
            Some(id) => (vec![id], true),
            None => {
                return Err(CannotInit::Unfit {
                    table: table.name.clone(),
                    why: "the view has no column `id`; add one that tells its rows apart, or choose its table".to_owned(),
                });
            }
        },
        ([], _) => {
            notes.push(
                "the table has no primary key, so its rowid is the id: VACUUM may give rows other ones; reindex after it"
                    .to_owned(),
            );
            return Ok((format!("{t}.rowid"), None));
        }
        (key, _) => (key.to_vec(), false),
    };
    let is_integer = |column: &Column| column.declared == "INTEGER";
    let length = |column: &Column, as_is: bool| match as_is {
        true => of(column).longest,
        false => 2 * of(column).longest,
    };
    let refuse_long = |bytes: u64| match bytes > MAX_BYTES as u64 {
        true => Err(CannotInit::Unfit {
            table: table.name.clone(),
            why: format!(
                "ids of its primary key would have up to {bytes} bytes, and Meilisearch takes {MAX_BYTES}; \
                 write its definition by hand, with a shorter column that tells its rows apart"
            ),
        }),
        false => Ok(()),
    };
    if let [one] = parts.as_slice() {
        let fits = of(one).not_id == 0 && of(one).blobs == 0;
        refuse_long(length(one, fits))?;
        let expression = match fits {
            true => named(one),
            false => {
                notes.push(format!(
                    "the id is hex({}), for Meilisearch takes only A-Z a-z 0-9 - _ in an id",
                    one.name
                ));
                format!("hex({})", named(one))
            }
        };
        let sure = is_integer(one) && !views;
        return Ok((
            expression,
            // Neither NULL nor an empty text is an id.
            (!sure).then(|| format!("{} <> ''", named(one))),
        ));
    }
    let as_is = |part: &Column| of(part).not_id_part == 0 && of(part).blobs == 0;
    let lengths = parts.iter().map(|part| length(part, as_is(part)) + 1);
    refuse_long(lengths.sum::<u64>() - 1)?;
    let expressions: Vec<String> = parts
        .iter()
        .map(|part| match as_is(part) {
            true => named(part),
            false => format!("hex({})", named(part)),
        })
        .collect();
    let conditions: Vec<String> = parts
        .iter()
        .map(|part| format!("{} IS NOT NULL", named(part)))
        .collect();
    notes.push("the id is put together of the primary key's columns".to_owned());
    Ok((
        expressions.join(" || '-' || "),
        Some(conditions.join(" AND ")),
    ))
}
