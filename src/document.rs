//! A row becomes a document: one line of JSON.
//!
//! [`DocumentShape`] is derived once from the columns of a statement; [`DocumentShape::write`] converts one row.

use crate::document::convert::{Unfit, is_cut_in_filters, write_plain};
use crate::document::ids::{DocumentId, IdError};
use crate::sqlite::Value;

mod anomalies;
pub mod bad_rows;
pub mod convert;
mod geo;
pub mod ids;
mod keys;
pub mod same;
mod shape;
pub mod timestamp;

pub use anomalies::{Anomalies, AnomalyCount};
pub(crate) use keys::{Keys, Paths};
pub use shape::{DocumentShape, ShapeError};

pub use crate::document::convert::{Anomaly, Conversion};

#[cfg(test)]
mod tests;

impl DocumentShape {
    /// Appends a row's document as one line of NDJSON, `id` first, and says which document it is.
    ///
    /// Every field is there in every document: a NULL is `null`, since Meilisearch tells a missing field from an empty
    /// one. A value that can't be what its column asks for is an error and not a hole in the document; after one, `out`
    /// is as it was before.
    pub fn write(
        &self,
        values: &[Value<'_>],
        out: &mut Vec<u8>,
        notes: &mut Anomalies,
    ) -> Result<DocumentId, DocumentError> {
        let begin = out.len();
        let written = self.write_line(values, out, notes);
        if written.is_err() {
            out.truncate(begin);
        }
        written
    }

    fn write_line(
        &self,
        values: &[Value<'_>],
        out: &mut Vec<u8>,
        notes: &mut Anomalies,
    ) -> Result<DocumentId, DocumentError> {
        let id = DocumentId::from_value(value_at(values, self.id_position))?;
        out.extend_from_slice(b"{\"id\":");
        id.write_json(out);
        for field in &self.fields {
            let value = value_at(values, field.position);
            out.extend_from_slice(&field.prefix);
            let start = out.len();
            // A thousand numbers in a document's JSON are one remark.
            let mut last = None;
            let mut paths = Paths::default();
            let mut anomaly = |anomaly| {
                if last.replace(anomaly) != Some(anomaly) {
                    notes.add(anomaly, &field.name, &id);
                }
            };
            if field.is_filtered && is_cut_in_filters(value, field.conversion) {
                anomaly(Anomaly::LongFilterText);
            }
            let written = match field.conversion {
                None => write_plain(value, out, &mut anomaly),
                Some(conversion) => conversion.write(value, out, &mut anomaly, &mut paths),
            };
            if written.is_ok() {
                notes.keys.add(&field.name, paths);
            }
            written
                .and_then(|()| match field.is_geo {
                    true => geo::check(&out[start..]),
                    false => Ok(()),
                })
                .map_err(|reason| DocumentError::Value {
                    id: id.clone(),
                    column: field.column.clone(),
                    value: value.excerpt(),
                    reason,
                })?;
        }
        out.extend_from_slice(b"}\n");
        Ok(id)
    }
}

/// A row has as many values as its statement has columns; a position beyond them would be a fault of the source, and is
/// shown by an id or field that is null.
fn value_at<'a>(values: &[Value<'a>], position: usize) -> Value<'a> {
    debug_assert!(position < values.len());
    values.get(position).copied().unwrap_or(Value::Null)
}

/// A row that can't become a document. The caller adds which row of which index it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Meilisearch would refuse the whole batch for this id.
    #[error("column id: {0}")]
    Id(#[from] IdError),
    /// A value that is not what its column asks for.
    #[error("id {id}, column {column:?}: {reason} (the value: {value})")]
    Value {
        id: DocumentId,
        column: String,
        /// Cut short, for an error must not be the payload.
        value: String,
        reason: Unfit,
    },
}

#[cfg(test)]
impl DocumentError {
    /// The document that it would have become, if its id is one.
    pub fn id(&self) -> Option<&DocumentId> {
        match self {
            DocumentError::Id(_) => None,
            DocumentError::Value { id, .. } => Some(id),
        }
    }

    /// The column, as its alias is written in documents.sql.
    pub fn column(&self) -> &str {
        match self {
            DocumentError::Id(_) => "id",
            DocumentError::Value { column, .. } => column,
        }
    }
}
