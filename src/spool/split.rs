//! Splits a batch that was too large for a proxy.

use std::io;

use serde::Deserialize;

use super::{Batch, CHUNK, Spool};

/// As much of a line as is kept to read its id from: `{"id":` and an id of at most 511 bytes.
const HEAD: usize = 1024;

/// See [`Spool::split`]. Reads chunk by chunk: a batch is never in memory.
pub(super) fn split(spool: &Spool, batch: &Batch, max_bytes: u64) -> super::Result<Vec<Batch>> {
    let mut pieces: Vec<Batch> = Vec::new();
    let mut chunk = vec![0; CHUNK];
    let (mut line, mut head) = (0_u64, Vec::with_capacity(HEAD));
    let mut at = batch.offset;
    let end = batch.offset + batch.bytes;
    while at < end {
        let chunk = &mut chunk[..(end - at).min(CHUNK as u64) as usize];
        spool.read_at(chunk, at)?;
        at += chunk.len() as u64;
        for part in chunk.split_inclusive(|byte| *byte == b'\n') {
            line += part.len() as u64;
            head.extend_from_slice(&part[..part.len().min(HEAD - head.len())]);
            if part.ends_with(b"\n") {
                add(&mut pieces, batch, max_bytes, line, first_field(&head)?);
                line = 0;
                head.clear();
            }
        }
    }
    Ok(pieces)
}

fn add(pieces: &mut Vec<Batch>, whole: &Batch, max_bytes: u64, line: u64, id: String) {
    match pieces.last_mut() {
        Some(piece) if piece.bytes + line <= max_bytes => {
            piece.bytes += line;
            piece.documents += 1;
            piece.last_id = id;
        }
        last => {
            let offset = last.map_or(whole.offset, |piece| piece.offset + piece.bytes);
            let first_id = id.clone();
            pieces.push(Batch {
                offset,
                bytes: line,
                documents: 1,
                first_id,
                last_id: id,
                ..whole.clone()
            });
        }
    }
}

/// The id of a line: `document.rs` always writes it first.
pub(super) fn first_field(head: &[u8]) -> super::Result<String> {
    let not_ours = || {
        io::Error::new(
            io::ErrorKind::InvalidData,
            "a line of the spool does not begin with its id",
        )
    };
    let value = head.strip_prefix(b"{\"id\":").ok_or_else(not_ours)?;
    let id = serde_json::Value::deserialize(&mut serde_json::Deserializer::from_slice(value))
        .map_err(|_| not_ours())?;
    match id {
        serde_json::Value::String(text) => Ok(text),
        serde_json::Value::Number(number) => Ok(number.to_string()),
        _ => Err(not_ours().into()),
    }
}
