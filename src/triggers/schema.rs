//! The tables, views and triggers of a database, as far as a change log needs them.
//!
//! It is one file, because each item is a query and the structure that its rows become.

use super::text::{between, by_commas, closing, is_word, name, same, significant};
use crate::sqlite::{DatabaseError, Snapshot, collated_columns};

/// What the database has.
#[derive(Clone, Debug, Default)]
pub(super) struct Schema {
    pub tables: Vec<Table>,
    pub views: Vec<View>,
    /// The texts of all triggers.
    pub triggers: Vec<String>,
}

/// A table.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    pub name: String,
    /// Triggers can be made on it: it is no virtual table, and none of the tables behind one.
    pub takes_triggers: bool,
    pub without_rowid: bool,
    is_strict: bool,
    pub columns: Vec<Column>,
    pub uniques: Vec<Unique>,
    /// The first columns of its indexes.
    pub indexed: Vec<String>,
}

/// A column.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub name: String,
    /// The declared type, in capitals.
    declared: String,
    pub not_null: bool,
    pub is_generated: bool,
    /// Left out of `SELECT *`.
    pub is_hidden: bool,
    pub collation: String,
    /// Its place in the primary key, from 1.
    key: Option<usize>,
    /// The default value, as an expression.
    default: Option<String>,
}

/// The values of these terms are in one row only.
#[derive(Clone, Debug)]
pub(super) struct Unique {
    /// For the name of a trigger.
    pub name: String,
    pub terms: Vec<Term>,
}

/// A part of an index.
#[derive(Clone, Debug)]
pub(super) struct Term {
    /// The column, or none for an expression.
    pub column: Option<String>,
    /// The expression's text.
    pub expression: String,
    pub collation: String,
}

/// A view.
#[derive(Clone, Debug)]
pub(super) struct View {
    pub name: String,
    /// Its columns, where it renames them.
    pub columns: Vec<String>,
    /// Its SELECT.
    pub select: String,
}

/// How a column's values are compared with those of another kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Affinity {
    None,
    Text,
    Number,
}

/// The names of a rowid.
pub(super) const ROWIDS: [&str; 3] = ["rowid", "oid", "_rowid_"];

impl Schema {
    pub(super) async fn read(snapshot: &mut Snapshot<'_>) -> Result<Schema, DatabaseError> {
        let list = "SELECT l.name, l.type, CAST(l.wr AS TEXT), CAST(l.strict AS TEXT), COALESCE(s.sql, '') \
                    FROM pragma_table_list AS l JOIN main.sqlite_schema AS s ON s.name = l.name AND s.type IN ('table', 'view') \
                    WHERE l.schema = 'main' AND l.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY l.name";
        let mut schema = Schema::default();
        for row in snapshot.texts(list, &[]).await? {
            let [name, kind, without_rowid, is_strict, sql] = row.as_slice() else {
                continue;
            };
            if kind == "view" {
                schema.views.extend(View::read(name, sql));
                continue;
            }
            let mut table = Table {
                name: name.clone(),
                takes_triggers: kind == "table",
                without_rowid: without_rowid == "1",
                is_strict: is_strict == "1",
                ..Table::default()
            };
            table.columns = columns(snapshot, name, sql).await?;
            if table.takes_triggers {
                table.read_indexes(snapshot).await?;
            }
            schema.tables.push(table);
        }
        let triggers = "SELECT sql FROM main.sqlite_schema WHERE type = 'trigger' AND sql IS NOT NULL ORDER BY name";
        let rows = snapshot.texts(triggers, &[]).await?;
        schema.triggers = rows.into_iter().flatten().collect();
        Ok(schema)
    }

    pub(super) fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| same(&table.name, name))
    }

    pub(super) fn view(&self, name: &str) -> Option<&View> {
        self.views.iter().find(|view| same(&view.name, name))
    }
}

impl Table {
    async fn read_indexes(&mut self, snapshot: &mut Snapshot<'_>) -> Result<(), DatabaseError> {
        let list = "SELECT l.name, CAST(l.\"unique\" AS TEXT), l.origin, COALESCE(s.sql, '') FROM pragma_index_list(?1) AS l \
                    LEFT JOIN main.sqlite_schema AS s ON s.type = 'index' AND s.name = l.name ORDER BY l.seq DESC";
        let mut has_key_index = false;
        for row in snapshot.texts(list, &[&self.name]).await? {
            let [index, unique, origin, sql] = row.as_slice() else {
                continue;
            };
            has_key_index |= origin == "pk";
            let terms = "SELECT COALESCE(name, ''), COALESCE(coll, 'BINARY'), CAST(cid AS TEXT) FROM pragma_index_xinfo(?1) WHERE key = 1 ORDER BY seqno";
            let rows = snapshot.texts(terms, &[index]).await?;
            let expressions = indexed_expressions(sql);
            let terms: Vec<Term> = rows
                .iter()
                .enumerate()
                .map(|(place, row)| Term {
                    column: (row[2] != "-2").then(|| row[0].clone()),
                    expression: expressions.get(place).cloned().unwrap_or_default(),
                    collation: row[1].clone(),
                })
                .collect();
            if let Some(first) = terms.first().and_then(|term| term.column.clone()) {
                self.indexed.push(first);
            }
            if unique != "1" {
                continue;
            }
            let columns: Option<Vec<String>> =
                terms.iter().map(|term| term.column.clone()).collect();
            self.uniques.push(Unique {
                name: columns.map_or_else(|| index.clone(), |columns| columns.join("_")),
                terms,
            });
        }
        let rowid = match self.key_columns().as_slice() {
            [only] if !has_key_index && !self.without_rowid => Some(only.name.clone()),
            _ if !self.without_rowid => self.rowid_name().map(str::to_owned),
            _ => None,
        };
        if let Some(rowid) = rowid {
            self.indexed.push(rowid.clone());
            let term = Term {
                column: Some(rowid.clone()),
                expression: String::new(),
                collation: "BINARY".to_owned(),
            };
            self.uniques.insert(
                0,
                Unique {
                    name: rowid,
                    terms: vec![term],
                },
            );
        }
        Ok(())
    }

    /// The columns of the primary key, in its order.
    fn key_columns(&self) -> Vec<&Column> {
        let mut key: Vec<&Column> = self.columns.iter().filter(|c| c.key.is_some()).collect();
        key.sort_by_key(|column| column.key);
        key
    }

    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| same(&column.name, name))
    }

    /// A name of the rowid that no column has taken.
    pub(super) fn rowid_name(&self) -> Option<&'static str> {
        let mut free = ROWIDS
            .into_iter()
            .filter(|name| self.column(name).is_none());
        free.next().filter(|_| !self.without_rowid)
    }

    /// Whether a name is the rowid's, by whatever name.
    pub(super) fn is_rowid(&self, column: &str) -> bool {
        let is_alias = self.rowid_alias().is_some_and(|alias| same(alias, column));
        let is_name = ROWIDS.iter().any(|name| same(name, column)) && self.column(column).is_none();
        !self.without_rowid && (is_alias || is_name)
    }

    /// The column that is another name of the rowid.
    fn rowid_alias(&self) -> Option<&str> {
        let first = self.uniques.first()?.terms.first()?.column.as_deref()?;
        self.column(first)
            .filter(|column| {
                column.key.is_some()
                    && column.declared == "INTEGER"
                    && self.uniques[0].terms.len() == 1
            })
            .filter(|_| !self.without_rowid && self.key_columns().len() == 1)
            .map(|column| column.name.as_str())
    }

    /// The column as the table has it: its own spelling, and the alias of the rowid for the rowid.
    pub(super) fn spelled(&self, column: &str) -> Option<String> {
        if let Some(column) = self.column(column) {
            return Some(column.name.clone());
        }
        if !self.is_rowid(column) {
            return None;
        }
        self.rowid_alias().or(self.rowid_name()).map(str::to_owned)
    }

    /// What a row of this table is known by where nothing else says.
    pub(super) fn default_key(&self) -> Option<String> {
        let key = self.key_columns();
        match key.as_slice() {
            [only] => Some(only.name.clone()),
            _ => self
                .rowid_name()
                .map(str::to_owned)
                .or_else(|| key.first().map(|column| column.name.clone())),
        }
    }

    /// Whether the column is never NULL.
    pub(super) fn is_never_null(&self, column: &str) -> bool {
        let is_key = |column: &Column| self.without_rowid && column.key.is_some();
        self.is_rowid(column)
            || self
                .column(column)
                .is_some_and(|column| column.not_null || is_key(column))
    }

    /// What stands in the column in the place of a NULL that is not allowed.
    pub(super) fn default_of(&self, column: &str) -> Option<&str> {
        let column = self.column(column).filter(|column| column.not_null)?;
        column.default.as_deref()
    }

    pub(super) fn collation(&self, column: &str) -> &str {
        self.column(column)
            .map_or("BINARY", |column| column.collation.as_str())
    }

    /// Whether values in the column can be looked up.
    pub(super) fn has_index(&self, column: &str) -> bool {
        self.is_rowid(column) || self.indexed.iter().any(|first| same(first, column))
    }

    pub(super) fn affinity(&self, column: &str) -> Affinity {
        let Some(column) = self.column(column) else {
            return Affinity::Number;
        };
        let has = |part: &str| column.declared.contains(part);
        if has("INT") {
            Affinity::Number
        } else if has("CHAR") || has("CLOB") || has("TEXT") {
            Affinity::Text
        } else if has("BLOB")
            || column.declared.is_empty()
            || (self.is_strict && column.declared == "ANY")
        {
            Affinity::None
        } else {
            Affinity::Number
        }
    }
}

impl View {
    fn read(view: &str, sql: &str) -> Option<View> {
        let tokens = significant(sql);
        let at = tokens.iter().position(|token| is_word(token, "view"))?;
        let as_word = (at..tokens.len()).find(|at| is_word(&tokens[*at], "as"))?;
        let open = (at..as_word).find(|at| tokens[*at].text == "(");
        let columns = open.map_or_else(Vec::new, |open| {
            tokens[open..as_word].iter().filter_map(name).collect()
        });
        Some(View {
            name: view.to_owned(),
            columns,
            select: between(sql, &tokens[as_word + 1..]).to_owned(),
        })
    }
}

/// The terms of an index as its text has them, without order and collation.
fn indexed_expressions(create_index: &str) -> Vec<String> {
    let tokens = significant(create_index);
    let on = tokens.iter().position(|token| is_word(token, "on"));
    let open = on.and_then(|on| (on..tokens.len()).find(|at| tokens[*at].text == "("));
    let Some(open) = open else {
        return Vec::new();
    };
    let end = closing(&tokens, open);
    let terms = by_commas(&tokens[open + 1..end]).into_iter().map(|term| {
        let mut term = term;
        loop {
            term = match term {
                [rest @ .., order] if is_word(order, "asc") || is_word(order, "desc") => rest,
                [rest @ .., collate, _] if is_word(collate, "collate") => rest,
                _ => break,
            };
        }
        between(create_index, term).to_owned()
    });
    terms.collect()
}

async fn columns(
    snapshot: &mut Snapshot<'_>,
    table: &str,
    create_table: &str,
) -> Result<Vec<Column>, DatabaseError> {
    let sql = "SELECT name, UPPER(type), CAST(\"notnull\" AS TEXT), CAST(pk AS TEXT), CAST(hidden AS TEXT), COALESCE(dflt_value, '') \
               FROM pragma_table_xinfo(?1) ORDER BY cid";
    let collations = collated_columns(create_table);
    let rows = snapshot.texts(sql, &[table]).await?;
    let columns = rows.into_iter().map(|row| Column {
        declared: row[1].clone(),
        not_null: row[2] == "1",
        key: row[3].parse().ok().filter(|place| *place > 0),
        is_generated: row[4] == "2" || row[4] == "3",
        is_hidden: row[4] == "1",
        collation: collations
            .iter()
            .find(|(column, _)| same(column, &row[0]))
            .map_or_else(|| "BINARY".to_owned(), |(_, collation)| collation.clone()),
        default: Some(row[5].clone()).filter(|default| !default.is_empty()),
        name: row[0].clone(),
    });
    Ok(columns.collect())
}
