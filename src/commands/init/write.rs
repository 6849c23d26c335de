//! The files of one definition.

use super::field::Field;
use super::identity::id_of;
use super::schema::{Column, Kind, Schema, Table};
use super::searching::{Writing, settings, smoke};
use super::{CannotInit, Draft, choose, look};
use crate::document::timestamp::TimestampForm;
use crate::error::Error;
use crate::sqlite::queries::quoted;
use crate::sqlite::{DatabaseError, Snapshot};

/// A table that is joined for the name of its row.
struct Join {
    alias: String,
    table: String,
    on: String,
    changed: Option<(String, TimestampForm)>,
}

pub(super) async fn draft(
    snapshot: &mut Snapshot<'_>,
    schema: &Schema,
    table: &Table,
    name: String,
) -> Result<Draft, Error> {
    let (seen, rows) = look::look(snapshot, table).await?;
    let mut notes = Vec::new();
    let t = quoted(&table.name);
    let (id, condition) = id_of(table, &seen, &mut notes)?;
    let mut taken = vec!["id".to_owned()];
    let mut fields: Vec<Field> = Vec::new();
    let mut left_out = Vec::new();
    let mut writing = Writing::default();
    for (column, seen) in table.columns.iter().zip(&seen) {
        if id == format!("{t}.{}", quoted(&column.name)) && column.name.eq_ignore_ascii_case("id") {
            continue;
        }
        if choose::is_secret(&column.name) {
            left_out.push(format!("{} (looks like a secret)", column.name));
            continue;
        }
        if seen.blobs > 0 || column.declared.contains("BLOB") {
            left_out.push(format!("{} (bytes)", column.name));
            continue;
        }
        let form = match may_be_time(column) {
            true => look::times(snapshot, &table.name, &column.name).await?,
            false => None,
        };
        let name = choose::field_name(&column.name, &taken);
        taken.push(name.clone());
        let field = field(
            name,
            format!("{t}.{}", quoted(&column.name)),
            column,
            seen,
            form,
        );
        if field.rank.is_some() {
            writing.add(seen);
        }
        fields.push(field);
    }
    let keys = choose::foreign_keys(schema, table);
    let mut joins: Vec<Join> = Vec::new();
    for key in keys {
        let Some(parent) = schema
            .table(&key.table)
            .filter(|parent| parent.kind == Kind::Table)
        else {
            continue;
        };
        for field in fields.iter_mut() {
            field.filtered |= field.expression == format!("{t}.{}", quoted(&key.column));
        }
        let parent_key = parent.key();
        let (Some(called), [one]) = (choose::name_column(parent), parent_key.as_slice()) else {
            continue;
        };
        // Any other column could hold a value twice, and would make two documents of one row.
        if !key.to.is_empty() && !key.to.eq_ignore_ascii_case(&one.name) {
            continue;
        }
        let alias = format!("joined_{}", joins.len() + 1);
        let on = format!(
            "{alias}.{} = {t}.{}",
            quoted(&one.name),
            quoted(&key.column)
        );
        let what = key.column.strip_suffix("_id").unwrap_or(&key.column);
        let name = choose::field_name(&format!("{what}_{}", called.name), &taken);
        taken.push(name.clone());
        fields.push(Field {
            name,
            expression: format!("{alias}.{}", quoted(&called.name)),
            conversion: None,
            rank: Some((usize::MAX, u64::MAX)),
            filtered: true,
            sorted: false,
        });
        joins.push(Join {
            alias,
            changed: changed(snapshot, parent).await?,
            table: parent.name.clone(),
            on,
        });
    }
    if !fields
        .iter()
        .any(|field| field.rank.is_some_and(|rank| rank.0 != usize::MAX))
    {
        return Err(CannotInit::Unfit {
            table: table.name.clone(),
            why:
                "it has no column of texts that somebody would search; write its definition by hand"
                    .to_owned(),
        }
        .into());
    }
    if !left_out.is_empty() {
        notes.push(format!("left out: {}", left_out.join(", ")));
    }
    let changes = changes(
        snapshot,
        table,
        &id,
        condition.as_deref(),
        &joins,
        &mut notes,
    )
    .await?;
    let mut columns = vec![format!("  {id} AS id")];
    columns.extend(fields.iter().map(|field| {
        let alias = match field.conversion {
            Some(conversion) => format!("{}:{conversion}", field.name),
            None => field.name.clone(),
        };
        format!("  {} AS {}", field.expression, quoted(&alias))
    }));
    let mut documents = String::from("-- One row is one document.\n");
    for note in &notes {
        documents.push_str(&format!("-- {}\n", note.replace('\n', " ")));
    }
    documents.push_str(&format!("SELECT\n{}\nFROM {t}\n", columns.join(",\n")));
    for join in &joins {
        documents.push_str(&format!(
            "LEFT JOIN {} AS {} ON {}\n",
            quoted(&join.table),
            join.alias,
            join.on
        ));
    }
    if let Some(condition) = &condition {
        documents.push_str(&format!("WHERE {condition}\n"));
    }
    let smoke = smoke(snapshot, &documents, &fields, rows).await?;
    if writing.is_arabic() {
        notes.push(
            "the texts are Arabic: settings.json passes over the article ال, and says which language it is"
                .to_owned(),
        );
    }
    Ok(Draft {
        name,
        table: table.name.clone(),
        documents,
        changes,
        settings: settings(&fields, rows, writing.is_arabic()),
        rows,
        smoke,
        notes,
    })
}

fn may_be_time(column: &Column) -> bool {
    let name = column.name.to_lowercase();
    column.declared.contains("DATE")
        || column.declared.contains("TIME")
        || ["_at", "_on", "_date"]
            .iter()
            .any(|ending| name.ends_with(ending))
        || ["date", "updated", "modified", "created"].contains(&name.as_str())
}

fn field(
    name: String,
    expression: String,
    column: &Column,
    seen: &look::Seen,
    form: Option<TimestampForm>,
) -> Field {
    let is_text = seen.texts * 2 > seen.values
        || (seen.values == 0
            && (column.declared.contains("CHAR") || column.declared.contains("TEXT")));
    let some = seen.values > 0;
    let conversion = if form.is_some() {
        Some("unix")
    } else if column.declared.contains("BOOL") && seen.not_boolean == 0 {
        Some("bool")
    } else if some && seen.not_json == 0 {
        Some("json")
    } else if is_text && seen.html * 5 > seen.values {
        Some("html")
    } else if is_text && choose::is_list(&column.name) && seen.commas > 0 {
        Some("list")
    } else {
        None
    };
    let searched = is_text
        && !matches!(conversion, Some("unix" | "bool" | "json"))
        && choose::is_read(&column.name);
    let called = choose::name_rank(&column.name);
    Field {
        rank: searched.then(|| (called.unwrap_or(100), seen.mean_length)),
        filtered: matches!(conversion, Some("unix" | "bool" | "list"))
            || choose::is_facet(&column.name),
        sorted: conversion == Some("unix") || (called.is_some() && is_text),
        name,
        expression,
        conversion,
    }
}

/// What tells when a row of this table changed.
async fn changed(
    snapshot: &mut Snapshot<'_>,
    table: &Table,
) -> Result<Option<(String, TimestampForm)>, DatabaseError> {
    for column in choose::changed_columns(table) {
        if let Some(form) = look::times(snapshot, &table.name, &column.name).await? {
            return Ok(Some((column.name.clone(), form)));
        }
    }
    Ok(None)
}

async fn changes(
    snapshot: &mut Snapshot<'_>,
    table: &Table,
    id: &str,
    condition: Option<&str>,
    joins: &[Join],
    notes: &mut Vec<String>,
) -> Result<Option<String>, DatabaseError> {
    let Some((column, form)) = changed(snapshot, table).await? else {
        notes.push(
            "nothing tells when a row changed, so there is no changes.sql: sync compares"
                .to_owned(),
        );
        return Ok(None);
    };
    let t = quoted(&table.name);
    let also = condition
        .map(|condition| format!(" AND {condition}"))
        .unwrap_or_default();
    let at = format!("{t}.{}", quoted(&column));
    let mut sql =
        format!("SELECT {id} AS id, {at} AS changed_at\nFROM {t}\nWHERE {at} >= :since{also}\n");
    for join in joins {
        let Some((column, _)) = join.changed.as_ref().filter(|(_, theirs)| *theirs == form) else {
            notes.push(format!(
                "a change in {} alone is not seen by changes.sql: its rows do not tell when they changed, or tell it otherwise",
                join.table
            ));
            continue;
        };
        let at = format!("{}.{}", join.alias, quoted(column));
        sql.push_str(&format!(
            "UNION ALL\nSELECT {id} AS id, {at} AS changed_at\nFROM {} AS {}\nJOIN {t} ON {}\nWHERE {at} >= :since{also}\n",
            quoted(&join.table), join.alias, join.on
        ));
    }
    Ok(Some(sql))
}
