//! The form of the documents, derived from the columns of a statement.

use std::collections::BTreeSet;

use crate::document::convert::Conversion;
use crate::sqlite::Value;

/// The one name that Meilisearch reserves and that a definition may use, to sort and filter by distance.
const GEO: &str = "_geo";

/// The fields of an index's documents, read once from the columns of documents.sql.
///
/// It refuses before anything is sent what would go wrong silently in each document: two columns that become one field, a
/// conversion that is misspelt and would be taken for a part of the name, a name that the engine reserves.
#[derive(Clone, Debug)]
pub struct DocumentShape {
    columns: Vec<String>,
    pub(super) id_position: usize,
    /// All fields but the id, in the order of the columns.
    pub(super) fields: Vec<Field>,
}

#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) name: String,
    /// The alias as it stands in documents.sql, for errors.
    pub(super) column: String,
    pub(super) position: usize,
    pub(super) conversion: Option<Conversion>,
    /// What stands before the value: `,"name":`.
    pub(super) prefix: Vec<u8>,
    pub(super) is_geo: bool,
    pub(super) is_filtered: bool,
}

impl DocumentShape {
    /// Reads columns as documents.sql names them, `body:html` for the field `body` with the conversion `html`.
    pub fn new(columns: &[String]) -> Result<DocumentShape, ShapeError> {
        refuse_equal_but_for_case(columns)?;
        let mut id_position = None;
        let mut fields: Vec<Field> = Vec::new();
        for (position, column) in columns.iter().enumerate() {
            let field = Field::new(column, position)?;
            if field.name == "id" {
                if field.conversion.is_some() {
                    return Err(ShapeError::IdWithConversion(column.clone()));
                }
                if id_position.replace(position).is_some() {
                    return Err(ShapeError::SameName {
                        first: "id".into(),
                        second: column.clone(),
                    });
                }
                continue;
            }
            if let Some(first) = fields.iter().find(|other| other.name == field.name) {
                return Err(ShapeError::SameName {
                    first: first.column.clone(),
                    second: column.clone(),
                });
            }
            fields.push(field);
        }
        let Some(id_position) = id_position else {
            return Err(ShapeError::no_id(columns));
        };
        refuse_dotted_pairs(&fields)?;
        Ok(DocumentShape {
            columns: columns.to_vec(),
            id_position,
            fields,
        })
    }

    /// The columns that it was read from.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Names the fields that settings.json lets be filtered by, so that a text too long for that is remarked.
    pub fn with_filterable<'a>(
        mut self,
        names: impl IntoIterator<Item = &'a str>,
    ) -> DocumentShape {
        for name in names {
            for field in self.fields.iter_mut().filter(|field| field.name == name) {
                field.is_filtered = true;
            }
        }
        self
    }

    /// Whether rows with these columns are what it was read from. `SELECT *` returns others after an `ALTER TABLE`, and a
    /// title would be taken for a body.
    ///
    /// Case does not count: for `SELECT title` of a table that declares `Title`, SQLite calls the column the one way, and the
    /// other where the statement stands inside another one.
    pub fn is_of<'a>(&self, columns: impl IntoIterator<Item = &'a str>) -> bool {
        let columns: Vec<&str> = columns.into_iter().collect();
        columns.len() == self.columns.len()
            && columns
                .iter()
                .zip(&self.columns)
                .all(|(one, other)| one.eq_ignore_ascii_case(other))
    }

    /// The names of all fields, `id` first, as the documents have them.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        let others = self.fields.iter().map(|field| field.name.as_str());
        std::iter::once("id").chain(others)
    }

    /// The texts of a row whose column asks for the forms of Arabic words, with the field's name. A value that is none is
    /// left out: writing the document names it.
    pub fn arabic_texts(&self, values: &[Value<'_>]) -> Vec<(String, String)> {
        let text = |field: &Field| {
            let value = values.get(field.position).copied()?;
            let text = field.conversion?.arabic_text(value)?;
            Some((field.name.clone(), text))
        };
        self.fields.iter().filter_map(text).collect()
    }

    /// The conversions in use, whose versions belong to the fingerprint of a definition.
    pub fn conversions(&self) -> BTreeSet<Conversion> {
        self.fields.iter().filter_map(|f| f.conversion).collect()
    }
}

impl Field {
    fn new(column: &str, position: usize) -> Result<Field, ShapeError> {
        let (name, conversion) = match column.rsplit_once(':') {
            None => (column, None),
            Some((name, conversion)) => match Conversion::from_name(conversion) {
                Some(conversion) => (name, Some(conversion)),
                None => return Err(ShapeError::unknown_conversion(column, conversion)),
            },
        };
        if name.is_empty() {
            return Err(ShapeError::NoName(column.into()));
        }
        if name.starts_with('_') && name != GEO {
            return Err(ShapeError::Reserved(column.into()));
        }
        let mut prefix = vec![b','];
        prefix.extend_from_slice(serde_json::Value::from(name).to_string().as_bytes());
        prefix.push(b':');
        Ok(Field {
            name: name.into(),
            column: column.into(),
            position,
            conversion,
            prefix,
            is_geo: name == GEO,
            is_filtered: false,
        })
    }
}

/// SQLite takes both for one name, so a lookup by the one may find the other, and where the statement stands inside another
/// one SQLite renames the second.
fn refuse_equal_but_for_case(columns: &[String]) -> Result<(), ShapeError> {
    for (place, second) in columns.iter().enumerate() {
        let first = columns[..place]
            .iter()
            .find(|first| first.eq_ignore_ascii_case(second) && *first != second);
        if let Some(first) = first {
            return Err(ShapeError::SameButForCase {
                first: first.clone(),
                second: second.clone(),
            });
        }
    }
    Ok(())
}

/// Inside the engine a field `a.b` and a key `b` in the object of a field `a` are one.
fn refuse_dotted_pairs(fields: &[Field]) -> Result<(), ShapeError> {
    for dotted in fields {
        let inside = |outer: &str| {
            let rest = dotted.name.strip_prefix(outer);
            rest.is_some_and(|rest| rest.starts_with('.'))
        };
        let outer = fields.iter().map(|f| (f.name.as_str(), f.column.as_str()));
        if let Some((_, outer)) = outer.chain([("id", "id")]).find(|(name, _)| inside(name)) {
            return Err(ShapeError::Dotted {
                outer: outer.into(),
                dotted: dotted.column.clone(),
            });
        }
    }
    Ok(())
}

/// Columns that make no documents. All of it is for whoever wrote documents.sql.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShapeError {
    #[error("no column is named id{}; name the primary key: AS id", also(.found))]
    NoId { found: Vec<String> },
    #[error("column {0:?}: the id is sent as the row has it; leave the conversion away")]
    IdWithConversion(String),
    #[error(
        "the columns {first:?} and {second:?} would be one field; give one of them another name"
    )]
    SameName { first: String, second: String },
    #[error(
        "the columns {first:?} and {second:?} differ by case alone, and SQLite takes them for one name; give one of them \
         another name"
    )]
    SameButForCase { first: String, second: String },
    #[error(
        "the columns {outer:?} and {dotted:?} can't stand side by side, for the engine takes a dot for the way into an \
         object; give one of them another name"
    )]
    Dotted { outer: String, dotted: String },
    #[error(
        "column {column:?}: there is no conversion {conversion:?}{}; there are {}. \
         A name with a colon of its own is not possible",
        did_you_mean(.nearest), conversions()
    )]
    UnknownConversion {
        column: String,
        conversion: String,
        nearest: Option<Conversion>,
    },
    #[error(
        "column {0:?}: names that begin with _ belong to Meilisearch (all but _geo); give it another name"
    )]
    Reserved(String),
    #[error("column {0:?} has no name before the colon; name it: AS \"name:html\"")]
    NoName(String),
}

impl ShapeError {
    fn no_id(columns: &[String]) -> ShapeError {
        let alike = columns.iter().filter(|column| {
            let name = column.to_ascii_lowercase();
            name == "id" || name.ends_with("_id") || name.ends_with(".id") || name == "uuid"
        });
        ShapeError::NoId {
            found: alike.cloned().collect(),
        }
    }

    fn unknown_conversion(column: &str, conversion: &str) -> ShapeError {
        ShapeError::UnknownConversion {
            column: column.into(),
            conversion: conversion.into(),
            nearest: Conversion::nearest(conversion),
        }
    }
}

fn also(found: &[String]) -> String {
    match found {
        [] => String::new(),
        found => format!(" (there is {})", found.join(", ")),
    }
}

fn did_you_mean(nearest: &Option<Conversion>) -> String {
    match nearest {
        Some(nearest) => format!(", did you mean {:?}?", nearest.name()),
        None => String::new(),
    }
}

fn conversions() -> String {
    Conversion::ALL.map(Conversion::name).join(", ")
}
