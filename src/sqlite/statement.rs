//! Checks that a text is one statement and only reads, by asking SQLite itself through its C interface.
//!
//! sqlx runs `SELECT 1; DROP TABLE articles` to its end, and says neither whether a statement writes nor what its
//! parameters are called. So this is unsafe, as are `reads`, `functions` and `collations`, and no other file.

use std::ffi::{CStr, CString, c_char, c_int};
use std::marker::PhantomData;
use std::ptr::{self, NonNull};

use libsqlite3_sys as ffi;
use sqlx::sqlite::LockedSqliteHandle;

use crate::sqlite::sql::{self, Kind};

mod error;

pub use error::{Extension, StatementError};

/// What is known of a statement before it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The names of its columns, as the definition gives them (`body:html`).
    pub columns: Vec<String>,
    /// Where each column comes from.
    pub origins: Vec<Origin>,
    /// The names of its parameters, with the sign in front (`:since`), in the order in which values are bound; `?`
    /// for one without a name.
    pub parameters: Vec<String>,
}

/// Where a column of a statement comes from; nothing for an expression.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The table, also through a view.
    pub table: Option<String>,
    /// The table's column.
    pub column: Option<String>,
    /// The type that the column was declared with, as written (`datetime(6)`).
    pub declared_type: Option<String>,
}

impl Origin {
    /// Whether it is the number that the database itself gives a row, and may give anew.
    pub fn is_row_number(&self) -> bool {
        let column = self.column.as_deref();
        column.is_some_and(|column| column.eq_ignore_ascii_case("rowid"))
    }
}

/// What [`inspect`] may fail with.
pub(super) enum InspectError {
    Statement(StatementError),
    /// The database, not the statement: locked, damaged, not readable.
    Database {
        code: i32,
        message: String,
    },
}

impl From<StatementError> for InspectError {
    fn from(error: StatementError) -> Self {
        InspectError::Statement(error)
    }
}

/// A connection that is locked: nobody else uses it for as long as `'l`.
#[derive(Clone, Copy)]
struct Locked<'l> {
    handle: NonNull<ffi::sqlite3>,
    lock: PhantomData<&'l ffi::sqlite3>,
}

impl<'l> Locked<'l> {
    fn new(lock: &'l mut LockedSqliteHandle<'_>) -> Locked<'l> {
        Locked {
            handle: lock.as_raw_handle(),
            lock: PhantomData,
        }
    }

    fn as_ptr(self) -> *mut ffi::sqlite3 {
        self.handle.as_ptr()
    }
}

/// Looks at `sql` without running it.
pub(super) fn inspect(
    lock: &mut LockedSqliteHandle<'_>,
    sql: &str,
) -> Result<Statement, InspectError> {
    let first = sql::first_word(sql).ok_or(StatementError::Nothing)?;
    if sql.contains('\0') {
        return Err(StatementError::Nul.into());
    }
    if !matches!(first.as_str(), "SELECT" | "WITH" | "VALUES") {
        return Err(StatementError::NotASelect { first }.into());
    }
    if sql::calls(sql, "load_extension") {
        return Err(StatementError::LoadsExtension.into());
    }
    let locked = Locked::new(lock);
    let (prepared, tail) = prepare_strictly(locked, sql)?;
    let prepared = prepared.ok_or(StatementError::Nothing)?;
    if let Some(second) = second_statement(locked, tail) {
        return Err(StatementError::Several { second }.into());
    }
    if !prepared.only_reads() {
        return Err(StatementError::Writes.into());
    }
    Ok(prepared.describe())
}

/// Prepares the first statement so that a misspelt column is an error. By default SQLite reads `"titel"`, where there
/// is no such column, as the text 'titel', and every document would hold that word. Views that were made with the old
/// habit are the application's and go on working.
fn prepare_strictly<'l, 's>(
    locked: Locked<'l>,
    sql: &'s str,
) -> Result<(Option<Prepared<'l>>, &'s str), InspectError> {
    allow_quoted_texts(locked, false);
    let strictly = Prepared::new(locked, sql);
    allow_quoted_texts(locked, true);
    match strictly {
        Err(InspectError::Statement(StatementError::Sql { message, .. }))
            if message.contains("should this be a string literal")
                && !sql::tokens(sql)
                    .any(|token| token.kind == Kind::Quoted && message.contains(token.text)) =>
        {
            Prepared::new(locked, sql)
        }
        otherwise => otherwise,
    }
}

/// Whether an unknown name in double quotes is a text, SQLite's default.
fn allow_quoted_texts(locked: Locked<'_>, allowed: bool) {
    // SAFETY: an open connection that nobody else uses meanwhile, and SQLITE_DBCONFIG_DQS_DML takes exactly an int and a pointer to int that may be null.
    unsafe {
        let (option, allowed) = (ffi::SQLITE_DBCONFIG_DQS_DML, c_int::from(allowed));
        ffi::sqlite3_db_config(locked.as_ptr(), option, allowed, ptr::null_mut::<c_int>());
    }
}

/// The beginning of what follows the first statement, if that is more than blanks and comments.
fn second_statement(locked: Locked<'_>, mut tail: &str) -> Option<String> {
    let excerpt = |text: &str| sql::core(text).chars().take(40).collect::<String>();
    loop {
        match Prepared::new(locked, tail) {
            Ok((None, "")) => return None,
            // A lone `;` or a comment: SQLite hands back what comes after it.
            Ok((None, rest)) if rest.len() < tail.len() => tail = rest,
            Ok((None, _)) => return None,
            Ok((Some(_), _)) | Err(_) => return Some(excerpt(tail)),
        }
    }
}

/// A prepared statement; finalized when dropped, and never stepped. It cannot outlive the lock on its connection.
struct Prepared<'l> {
    statement: NonNull<ffi::sqlite3_stmt>,
    connection: PhantomData<Locked<'l>>,
}

impl<'l> Prepared<'l> {
    /// The first statement of `sql`, if there is one, and the text after it.
    fn new<'s>(
        locked: Locked<'l>,
        sql: &'s str,
    ) -> Result<(Option<Prepared<'l>>, &'s str), InspectError> {
        let text = CString::new(sql).map_err(|_| StatementError::Nul)?;
        let (mut statement, mut tail) = (ptr::null_mut(), ptr::null());
        // SAFETY: an open connection that nobody else uses meanwhile; `text` ends with a NUL and lives
        // until after the last use of `tail`, which SQLite sets to a place within it.
        let (code, used) = unsafe {
            let code = ffi::sqlite3_prepare_v2(
                locked.as_ptr(),
                text.as_ptr(),
                -1,
                &mut statement,
                &mut tail,
            );
            let used = if tail.is_null() {
                sql.len()
            } else {
                tail.offset_from(text.as_ptr()) as usize
            };
            (code, used)
        };
        if code != ffi::SQLITE_OK {
            return Err(last_error(locked, sql));
        }
        let prepared = NonNull::new(statement).map(|statement| Prepared {
            statement,
            connection: PhantomData,
        });
        Ok((prepared, sql.get(used..).unwrap_or("")))
    }

    fn only_reads(&self) -> bool {
        // SAFETY: the statement is prepared and not finalized.
        unsafe {
            ffi::sqlite3_stmt_readonly(self.statement.as_ptr()) != 0
                && ffi::sqlite3_stmt_isexplain(self.statement.as_ptr()) == 0
                && ffi::sqlite3_column_count(self.statement.as_ptr()) > 0
        }
    }

    fn describe(&self) -> Statement {
        let raw = self.statement.as_ptr();
        // SAFETY: the statement is prepared and not finalized; the indices are within what SQLite says it has; each
        // text is copied before the next call that could move it.
        unsafe {
            let columns = 0..ffi::sqlite3_column_count(raw);
            let parameters = 1..=ffi::sqlite3_bind_parameter_count(raw);
            Statement {
                columns: columns
                    .clone()
                    .map(|i| owned(ffi::sqlite3_column_name(raw, i)).unwrap_or_default())
                    .collect(),
                origins: columns
                    .map(|i| Origin {
                        table: owned(ffi::sqlite3_column_table_name(raw, i)),
                        column: owned(ffi::sqlite3_column_origin_name(raw, i)),
                        declared_type: owned(ffi::sqlite3_column_decltype(raw, i)),
                    })
                    .collect(),
                parameters: parameters
                    .map(|i| {
                        owned(ffi::sqlite3_bind_parameter_name(raw, i))
                            .unwrap_or_else(|| "?".to_owned())
                    })
                    .collect(),
            }
        }
    }
}

impl Drop for Prepared<'_> {
    fn drop(&mut self) {
        // SAFETY: prepared by `new`, finalized only here.
        unsafe { ffi::sqlite3_finalize(self.statement.as_ptr()) };
    }
}

/// A text of SQLite's as one of ours.
///
/// # Safety
/// `text` is null, or points to a text that ends with a NUL and stays where it is during the call.
pub(super) unsafe fn owned(text: *const c_char) -> Option<String> {
    // SAFETY: the caller's promise.
    (!text.is_null()).then(|| {
        unsafe { CStr::from_ptr(text) }
            .to_string_lossy()
            .into_owned()
    })
}

/// The error that the connection reports after a failed call about `sql`.
fn last_error(locked: Locked<'_>, sql: &str) -> InspectError {
    // SAFETY: an open connection that nobody else uses meanwhile, so the error is still that of the last call.
    let (code, message, offset) = unsafe {
        (
            ffi::sqlite3_extended_errcode(locked.as_ptr()),
            owned(ffi::sqlite3_errmsg(locked.as_ptr())).unwrap_or_default(),
            ffi::sqlite3_error_offset(locked.as_ptr()),
        )
    };
    // SQLITE_ERROR, TOOBIG, AUTH and RANGE are the statement's; anything else is the database's.
    if !matches!(
        code & 0xff,
        ffi::SQLITE_ERROR | ffi::SQLITE_TOOBIG | ffi::SQLITE_AUTH | ffi::SQLITE_RANGE
    ) {
        return InspectError::Database { code, message };
    }
    let before = usize::try_from(offset)
        .ok()
        .and_then(|offset| sql.get(..offset));
    let at = before.map(|before| {
        let line = before.rsplit('\n').next().unwrap_or(before);
        (before.matches('\n').count() + 1, line.chars().count() + 1)
    });
    match Extension::said_by(&message) {
        Some((kind, name)) => StatementError::Extension { kind, name, at }.into(),
        None => StatementError::Sql { message, at }.into(),
    }
}

#[cfg(test)]
mod tests;
