//! Documents as NDJSON, whatever they came as, and only if all of them are good.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde::de::{DeserializeSeed, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::{Format, malformed};
use crate::engine;
use crate::error::ApiError;
use crate::like::{Feature, Like};

/// Writes checked documents, one a line, to a file that is only there if all of them are good.
pub(super) fn write_ndjson(
    received: &File,
    target: &Path,
    format: Format,
    like: Like,
) -> Result<u64, ApiError> {
    let bytes = engine::map(received)?;
    let mut out = BufWriter::new(tempfile::NamedTempFile::new_in(
        target.parent().unwrap_or(Path::new(".")),
    )?);
    let count = match format {
        Format::Ndjson => {
            let mut count = 0;
            for document in serde_json::Deserializer::from_slice(&bytes).into_iter::<&RawValue>() {
                let document = document.map_err(|error| not_serializable(format, error))?;
                write_document(document, &mut out, format, like)?;
                count += 1;
            }
            count
        }
        Format::Json => read_array(&bytes, &mut out, like)?,
    };
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.persist(target).map_err(|error| error.error)?;
    Ok(count)
}

fn not_serializable(format: Format, error: impl std::fmt::Display) -> ApiError {
    malformed(
        format,
        format!("Couldn't serialize document value: {error}"),
    )
}

/// Writes one document, if it is an object.
fn write_document(
    document: &RawValue,
    out: &mut impl Write,
    format: Format,
    like: Like,
) -> Result<(), ApiError> {
    // From 1.12 on values are kept as they were sent, so only the outermost object is looked at; before, everything
    // is parsed, and what can't be represented is refused here.
    if !like.has(Feature::NewIndexer) {
        let document: Map<String, Value> = serde_json::from_str(document.get())
            .map_err(|error| not_serializable(format, error))?;
        serde_json::to_writer(&mut *out, &document)
            .map_err(|error| ApiError::internal(error.to_string()))?;
    } else {
        serde_json::from_str::<HashMap<String, IgnoredAny>>(document.get()).map_err(|error| {
            match format {
                // Odd, but so it is.
                Format::Ndjson => ApiError::internal(error.to_string()),
                Format::Json => not_serializable(format, error),
            }
        })?;
        out.write_all(document.get().as_bytes())?;
    }
    out.write_all(b"\n")?;
    Ok(())
}

/// Reads an array of objects, or one object alone.
fn read_array(bytes: &[u8], out: &mut impl Write, like: Like) -> Result<u64, ApiError> {
    let mut failure = None;
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let seed = Documents {
        out,
        like,
        failure: &mut failure,
    };
    let read = seed
        .deserialize(&mut deserializer)
        .and_then(|count| deserializer.end().map(|()| count));
    match (read, failure) {
        (_, Some(failure)) => Err(failure),
        (Ok(count), None) => Ok(count),
        (Err(error), None) => match serde_json::from_slice::<&RawValue>(bytes) {
            Ok(document) if document.get().starts_with('{') => {
                write_document(document, out, Format::Json, like)?;
                Ok(1)
            }
            _ => Err(not_serializable(Format::Json, error)),
        },
    }
}

/// Writes the documents of an array while it is read.
struct Documents<'a, W> {
    out: &'a mut W,
    like: Like,
    failure: &'a mut Option<ApiError>,
}

impl<'de, W: Write> DeserializeSeed<'de> for Documents<'_, W> {
    type Value = u64;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<u64, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, W: Write> Visitor<'de> for Documents<'_, W> {
    type Value = u64;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a documents, or a sequence of documents.")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<u64, A::Error> {
        let mut count = 0;
        while let Some(document) = array.next_element::<&RawValue>()? {
            if let Err(error) = write_document(document, self.out, Format::Json, self.like) {
                *self.failure = Some(error);
                return Err(serde::de::Error::custom("the document can't be read"));
            }
            count += 1;
        }
        Ok(count)
    }
}
