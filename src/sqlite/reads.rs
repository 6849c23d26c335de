//! Which columns of which tables a statement reads, by SQLite's own account.
//!
//! SQLite asks an authorizer about each column while it prepares a statement, through views and subqueries. So this is
//! exact where the text of a statement is not. It is unsafe, as `statement`, `functions` and `collations` are.

use std::ffi::{CString, c_char, c_int, c_void};
use std::ptr::{self, NonNull};

use libsqlite3_sys as ffi;

use super::statement::owned;

/// A column that a statement reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnRead {
    /// The database: `main`, or the name of one that is attached. Empty where SQLite does not say.
    pub database: String,
    /// The table. The tables of SQLite itself are left out.
    pub table: String,
    /// The column; `ROWID` for the rowid of a table without an alias of it. Empty where the statement reads no column,
    /// only which rows there are.
    pub column: String,
}

/// What the statement `sql` reads, each column once. It is prepared and not run.
///
/// # Errors
/// SQLite's code and text, where it does not prepare the statement.
pub(super) fn reads(
    handle: NonNull<ffi::sqlite3>,
    sql: &str,
) -> Result<Vec<ColumnRead>, (i32, String)> {
    let refused = || (ffi::SQLITE_MISUSE, "the statement holds a NUL".to_owned());
    let text = CString::new(sql).map_err(|_| refused())?;
    let mut found: Vec<ColumnRead> = Vec::new();
    // SAFETY: `handle` is an open connection that nobody else uses meanwhile (the caller holds sqlx's lock on it). SQLite
    // calls `note` during the prepare only, on this thread, while `found` is alive and nobody else looks at it; the
    // authorizer is taken away before this block ends, on its one path. `text` ends with a NUL. The statement is
    // finalized, which does nothing for the null of a failed prepare. The message is copied before the next call.
    let (code, message) = unsafe {
        let state: *mut Vec<ColumnRead> = &raw mut found;
        ffi::sqlite3_set_authorizer(handle.as_ptr(), Some(note), state.cast());
        let mut statement = ptr::null_mut();
        let code = ffi::sqlite3_prepare_v2(
            handle.as_ptr(),
            text.as_ptr(),
            -1,
            &mut statement,
            ptr::null_mut(),
        );
        let message = owned(ffi::sqlite3_errmsg(handle.as_ptr())).unwrap_or_default();
        ffi::sqlite3_set_authorizer(handle.as_ptr(), None, ptr::null_mut());
        ffi::sqlite3_finalize(statement);
        (code, message)
    };
    if code == ffi::SQLITE_OK {
        Ok(found)
    } else {
        Err((code, message))
    }
}

/// Notes a column and allows everything.
unsafe extern "C" fn note(
    state: *mut c_void,
    action: c_int,
    table: *const c_char,
    column: *const c_char,
    database: *const c_char,
    _: *const c_char,
) -> c_int {
    if action == ffi::SQLITE_READ {
        // SAFETY: `state` is the list of `reads`, which waits for the prepare meanwhile; the texts are null or end with a
        // NUL, and live during this call.
        let (found, read) = unsafe {
            let read = ColumnRead {
                database: owned(database).unwrap_or_default(),
                table: owned(table).unwrap_or_default(),
                column: owned(column).unwrap_or_default(),
            };
            (&mut *state.cast::<Vec<ColumnRead>>(), read)
        };
        let is_sqlites = read.table.to_ascii_lowercase().starts_with("sqlite_");
        if !is_sqlites && !found.contains(&read) {
            found.push(read);
        }
    }
    ffi::SQLITE_OK
}

#[cfg(test)]
mod tests {
    use crate::sqlite::testing::Scene;

    #[tokio::test]
    async fn columns_are_named_through_views_and_subqueries_and_nothing_stays_behind() {
        let scene = Scene::new(
            "CREATE TABLE a (id INTEGER PRIMARY KEY, t, unread, n); CREATE TABLE n (id, name, x);
             CREATE TABLE r (y); CREATE VIEW v AS SELECT a.id, t, (SELECT name FROM n WHERE n.id = a.n) AS name FROM a;",
        );
        let mut connection = scene.database().connect().await.unwrap();
        let sql = "SELECT v.id, v.name, r.rowid, (SELECT count(*) FROM n) FROM v, r, json_each('[]') AS j WHERE j.value = 1";
        for _ in 0..2 {
            let reads = connection.reads(sql).await.unwrap();
            let has = |table: &str, column: &str| {
                reads
                    .iter()
                    .any(|read| read.table == table && read.column == column)
            };
            for (table, column) in [
                ("a", "id"),
                ("a", "t"),
                ("a", "n"),
                ("n", "id"),
                ("n", "name"),
            ] {
                assert!(has(table, column), "{table}.{column}: {reads:?}");
            }
            assert!(has("r", "ROWID") && has("n", ""), "{reads:?}");
            assert!(!has("a", "unread") && !has("n", "x"), "{reads:?}");
        }
        connection.reads("SELECT nothing FROM a").await.unwrap_err();
        assert_eq!(
            connection.inspect("SELECT t FROM a").await.unwrap().columns,
            ["t"]
        );
        connection.close().await.unwrap();
    }
}
