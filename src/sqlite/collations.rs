//! Collations that the application registers, and that this program does not have (`unicase`, ICU's).
//!
//! SQLite refuses to prepare a statement as soon as it opens an index with such a collation, also where nothing is compared:
//! to count rows, or to list ids, it reads the smallest index from end to end. So an unknown collation gets a stand-in. A
//! statement that compares nothing by it is right. One that asks the stand-in to compare is stopped and fails with the
//! collation's name: sorted, grouped or looked up by another order, it would silently return wrong rows.

use std::cmp::Ordering;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::atomic::{self, AtomicBool};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use libsqlite3_sys as ffi;
use sqlx::sqlite::{LockedSqliteHandle, SqliteConnection};

use crate::sqlite::sql::{self, Kind, Token};

/// The collations of one connection that are not there.
#[derive(Clone, Debug, Default)]
pub(super) struct Collations(Arc<State>);

#[derive(Debug, Default)]
struct State {
    /// Whether a stand-in has compared. It is read every few microseconds.
    asked: AtomicBool,
    names: Mutex<Names>,
}

#[derive(Debug, Default)]
struct Names {
    /// The one that has compared.
    asked: Option<String>,
    /// Every column of the database that is declared with a collation of its own: (collation, `table.column`).
    columns: Vec<(String, String)>,
}

/// What a statement needs and does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Missing {
    pub(super) collation: String,
    /// The columns that are declared with it, `table.column`.
    pub(super) columns: Vec<String>,
}

impl Collations {
    /// Whether the statement that runs has compared by a collation that is not there: its rows are worth nothing.
    pub(super) fn were_asked(&self) -> bool {
        self.0.asked.load(atomic::Ordering::Acquire)
    }

    /// The missing collation that the statement has compared by, if there is one.
    pub(super) fn asked(&self) -> Option<Missing> {
        if !self.were_asked() {
            return None;
        }
        let names = self.names();
        let collation = names.asked.clone()?;
        let columns = names
            .columns
            .iter()
            .filter(|(of, _)| of.eq_ignore_ascii_case(&collation))
            .map(|(_, column)| column.clone())
            .collect();
        Some(Missing { collation, columns })
    }

    /// Another statement begins.
    pub(super) fn forget_asked(&self) {
        if self.were_asked() {
            self.names().asked = None;
            self.0.asked.store(false, atomic::Ordering::Release);
        }
    }

    /// Learns which columns are declared with a collation, so that an error can name them.
    pub(super) async fn read_columns(
        &self,
        connection: &mut SqliteConnection,
    ) -> Result<(), sqlx::Error> {
        let tables: Vec<(String, String)> = sqlx::query_as(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%collate%'",
        )
        .fetch_all(connection)
        .await?;
        let columns = tables.iter().flat_map(|(table, sql)| {
            let columns = collated_columns(sql).into_iter();
            columns.map(move |(column, collation)| (collation, format!("{table}.{column}")))
        });
        self.names().columns = columns.collect();
        Ok(())
    }

    fn names(&self) -> MutexGuard<'_, Names> {
        self.0.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the connection ask here for what it does not know.
    ///
    /// # Errors
    /// SQLite's code: it is out of memory.
    pub(super) fn register(&self, lock: &mut LockedSqliteHandle<'_>) -> Result<(), c_int> {
        let handle = lock.as_raw_handle();
        let state = Arc::into_raw(Arc::clone(&self.0)).cast_mut().cast();
        // SAFETY: an open connection that is locked, so that nobody else uses it meanwhile. The
        // connection keeps `state` as its client data and gives it back to `release` when it closes, or at once when it
        // cannot keep it; `needed` is not called after that.
        unsafe {
            let code = ffi::sqlite3_set_clientdata(
                handle.as_ptr(),
                CLIENT_DATA.as_ptr(),
                state,
                Some(release),
            );
            if code != ffi::SQLITE_OK {
                return Err(code);
            }
            match ffi::sqlite3_collation_needed(handle.as_ptr(), state, Some(needed)) {
                ffi::SQLITE_OK => Ok(()),
                code => Err(code),
            }
        }
    }
}

const CLIENT_DATA: &CStr = c"bisan-indexer: collations";

/// One collation's stand-in.
struct StandIn {
    name: String,
    state: Arc<State>,
}

/// SQLite met a collation that it does not know.
///
/// # Safety
/// For SQLite alone: `state` is what `register` gave, `name` a text that ends with a NUL.
unsafe extern "C" fn needed(
    state: *mut c_void,
    handle: *mut ffi::sqlite3,
    _encoding: c_int,
    name: *const c_char,
) {
    // SAFETY: SQLite's promise, and the connection's own reference keeps the state alive. The stand-in goes to the collation,
    // which gives it back to `drop_stand_in` when the connection closes; where the collation cannot be made, SQLite does
    // not, and says of the statement that there is no such collation.
    unsafe {
        Arc::increment_strong_count(state.cast::<State>().cast_const());
        let state = Arc::from_raw(state.cast::<State>().cast_const());
        let text = CStr::from_ptr(name).to_string_lossy().into_owned();
        let stand_in = Box::into_raw(Box::new(StandIn { name: text, state }));
        let code = ffi::sqlite3_create_collation_v2(
            handle,
            name,
            ffi::SQLITE_UTF8,
            stand_in.cast(),
            Some(compare),
            Some(drop_stand_in),
        );
        if code != ffi::SQLITE_OK {
            drop(Box::from_raw(stand_in));
        }
    }
}

/// Notes that it has compared. Its order is that of bytes, so that a sort ends.
///
/// # Safety
/// For SQLite alone: `stand_in` is what `needed` gave, the others are two texts with their lengths.
unsafe extern "C" fn compare(
    stand_in: *mut c_void,
    one_length: c_int,
    one: *const c_void,
    other_length: c_int,
    other: *const c_void,
) -> c_int {
    // SAFETY: SQLite's promise; an empty text's pointer is not looked at.
    let (stand_in, one, other) = unsafe {
        (
            &*stand_in.cast::<StandIn>(),
            bytes(one, one_length),
            bytes(other, other_length),
        )
    };
    let state = &stand_in.state;
    if !state.asked.load(atomic::Ordering::Acquire) {
        let mut names = state.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.asked = Some(stand_in.name.clone());
        state.asked.store(true, atomic::Ordering::Release);
    }
    match one.cmp(other) {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    }
}

/// # Safety
/// `text` points to `length` bytes, or is not looked at where there are none.
unsafe fn bytes<'a>(text: *const c_void, length: c_int) -> &'a [u8] {
    match usize::try_from(length) {
        // SAFETY: the caller's promise.
        Ok(length) if length > 0 && !text.is_null() => unsafe {
            std::slice::from_raw_parts(text.cast(), length)
        },
        _ => &[],
    }
}

/// # Safety
/// For SQLite alone: `stand_in` is what `needed` gave, and is not used any more.
unsafe extern "C" fn drop_stand_in(stand_in: *mut c_void) {
    // SAFETY: the caller's promise.
    drop(unsafe { Box::from_raw(stand_in.cast::<StandIn>()) });
}

/// # Safety
/// For SQLite alone: `state` is what `register` gave, and is not used any more.
unsafe extern "C" fn release(state: *mut c_void) {
    // SAFETY: the caller's promise.
    drop(unsafe { Arc::from_raw(state.cast::<State>().cast_const()) });
}

/// The columns that the text of a CREATE TABLE gives a collation to, each with that.
pub(crate) fn collated_columns(create_table: &str) -> Vec<(String, String)> {
    let tokens: Vec<Token<'_>> = sql::tokens(create_table)
        .filter(|token| token.kind != Kind::Blank)
        .collect();
    let mut found = Vec::new();
    let (mut depth, mut column) = (0_usize, None);
    for pair in tokens.windows(2) {
        let [token, next] = pair else { continue };
        match token.text {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth != 1 {
            continue;
        }
        if matches!(token.text, "(" | ",") {
            column = Some(sql::unquoted(next.text));
        } else if token.kind == Kind::Word
            && token.text.eq_ignore_ascii_case("collate")
            && let Some(column) = &column
        {
            found.push((column.clone(), sql::unquoted(next.text)));
        }
    }
    found
}

#[cfg(test)]
mod tests;
