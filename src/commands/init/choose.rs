//! Which tables and columns are worth searching, by their names.

use super::CannotInit;
use super::schema::{Column, ForeignKey, Kind, Schema, Table};

/// Tables of frameworks.
const INTERNAL: [&str; 12] = [
    "schema_migrations",
    "ar_internal_metadata",
    "alembic_version",
    "flyway_schema_history",
    "knex_migrations",
    "knex_migrations_lock",
    "_prisma_migrations",
    "_litestream_seq",
    "_litestream_lock",
    "delayed_jobs",
    "friendly_id_slugs",
    "versions",
];

/// And how the names of others begin.
const INTERNAL_FAMILIES: [&str; 8] = [
    "active_storage_",
    "action_mailbox_",
    "action_text_",
    "solid_",
    "good_job",
    "django_",
    "auth_",
    "authtoken_",
];

/// What a column of a secret has in its name.
const SECRETS: [&str; 8] = [
    "password", "passwd", "secret", "token", "api_key", "apikey", "otp_", "_digest",
];

/// What a row is called, the best first.
const NAMES: [&str; 9] = [
    "name",
    "title",
    "headline",
    "subject",
    "label",
    "full_name",
    "display_name",
    "username",
    "heading",
];

/// When a row changed, the best first.
const CHANGED: [&str; 10] = [
    "updated_at",
    "modified_at",
    "changed_at",
    "last_modified",
    "updated_on",
    "modified_on",
    "date_modified",
    "updated",
    "modified",
    "last_updated",
];

/// Texts that are not worth searching for their words.
const NOT_READ: [&str; 18] = [
    "lang",
    "url",
    "uri",
    "image",
    "path",
    "hash",
    "uuid",
    "guid",
    "checksum",
    "slug",
    "locale",
    "language",
    "mime_type",
    "content_type",
    "type",
    "status",
    "state",
    "color",
];

/// What people narrow a search by.
const FACETS: [&str; 12] = [
    "lang",
    "category",
    "categories",
    "status",
    "state",
    "type",
    "kind",
    "language",
    "locale",
    "section",
    "country",
    "genre",
];

/// The tables that were asked for, or all worth searching.
pub(super) fn tables<'s>(
    schema: &'s Schema,
    asked: &[String],
) -> Result<Vec<&'s Table>, CannotInit> {
    if asked.is_empty() {
        let worth = |table: &&Table| table.kind == Kind::Table && !is_internal(&table.name);
        return Ok(schema.tables.iter().filter(worth).collect());
    }
    let mut tables: Vec<&Table> = Vec::new();
    for name in asked {
        let table = schema.table(name).ok_or_else(|| CannotInit::NoSuchTable {
            name: name.clone(),
            known: schema.names(),
        })?;
        if table.kind == Kind::Machinery {
            return Err(CannotInit::Unfit {
                table: name.clone(),
                why: "it belongs to a virtual table of SQLite, such as a full-text index; choose the table that it is made from"
                    .to_owned(),
            });
        }
        if !tables.iter().any(|other| other.name == table.name) {
            tables.push(table);
        }
    }
    Ok(tables)
}

fn is_internal(table: &str) -> bool {
    let name = table.to_lowercase();
    INTERNAL.contains(&name.as_str())
        || INTERNAL_FAMILIES
            .iter()
            .any(|family| name.starts_with(family))
}

/// A uid of Meilisearch's for a table, that is not taken.
pub(super) fn index_name(table: &str, taken: &[&str]) -> String {
    let plain: String = table
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "-_".contains(c) {
                c
            } else {
                '_'
            }
        })
        .take(300)
        .collect();
    let same = |name: &str| taken.iter().any(|other| other.eq_ignore_ascii_case(name));
    let mut name = plain.clone();
    let mut number = 2;
    while same(&name) {
        name = format!("{plain}_{number}");
        number += 1;
    }
    name
}

/// A field of Meilisearch's for a column, that is not taken: no leading `_`, no dot, no colon.
pub(super) fn field_name(column: &str, taken: &[String]) -> String {
    let plain = column.trim_start_matches('_').replace(['.', ':'], "_");
    let plain = if plain.is_empty() {
        "field".to_owned()
    } else {
        plain
    };
    let mut name = plain.clone();
    let mut number = 2;
    while taken.contains(&name) {
        name = format!("{plain}_{number}");
        number += 1;
    }
    name
}

pub(super) fn is_secret(column: &str) -> bool {
    let name = column.to_lowercase();
    name == "salt" || SECRETS.iter().any(|part| name.contains(part))
}

/// The place among names of names, the best first.
pub(super) fn name_rank(column: &str) -> Option<usize> {
    let name = column.to_lowercase();
    NAMES.iter().position(|known| *known == name)
}

/// What a row of this table is called.
pub(super) fn name_column(table: &Table) -> Option<&Column> {
    let ranked = table
        .columns
        .iter()
        .filter_map(|column| Some((name_rank(&column.name)?, column)));
    ranked
        .min_by_key(|(rank, _)| *rank)
        .map(|(_, column)| column)
}

/// What may tell when a row changed.
pub(super) fn changed_columns(table: &Table) -> impl Iterator<Item = &Column> {
    CHANGED.iter().filter_map(|name| table.column(name))
}

pub(super) fn is_read(column: &str) -> bool {
    let name = column.to_lowercase();
    let ends = |word: &&str| name == *word || name.ends_with(&format!("_{word}"));
    !name.ends_with("_id") && !NOT_READ.iter().any(ends)
}

pub(super) fn is_facet(column: &str) -> bool {
    FACETS.contains(&column.to_lowercase().as_str())
}

pub(super) fn is_list(column: &str) -> bool {
    ["tags", "keywords", "labels"].contains(&column.to_lowercase().as_str())
}

/// The declared foreign keys, and those that only the names tell: `author_id` where there is a table `authors`.
pub(super) fn foreign_keys(schema: &Schema, table: &Table) -> Vec<ForeignKey> {
    let mut keys = table.foreign_keys.clone();
    for column in &table.columns {
        let Some(what) = column.name.strip_suffix("_id") else {
            continue;
        };
        let declared = keys
            .iter()
            .any(|key| key.column.eq_ignore_ascii_case(&column.name));
        if declared || table.column(&format!("{what}_type")).is_some() {
            continue;
        }
        let singular = what.strip_suffix('y').unwrap_or(what);
        let plurals = [
            format!("{what}s"),
            format!("{singular}ies"),
            format!("{what}es"),
            what.to_owned(),
        ];
        if let Some(parent) = plurals.iter().find_map(|name| schema.table(name)) {
            keys.push(ForeignKey {
                column: column.name.clone(),
                table: parent.name.clone(),
                to: String::new(),
            });
        }
    }
    keys
}
