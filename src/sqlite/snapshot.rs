//! The database as it was at one moment, row by row.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures::stream::{self, BoxStream, Stream, StreamExt, TryStreamExt};
use jiff::Timestamp;
use sqlx::sqlite::{Sqlite, SqliteConnection, SqliteQueryResult, SqliteRow};
use sqlx::{AssertSqlSafe, Connection as _, Either, Executor, Transaction};

use crate::sqlite::change_token::ChangeToken;
use crate::sqlite::collations::Missing;
use crate::sqlite::control::Control;
use crate::sqlite::error::DatabaseError;
use crate::sqlite::explain::Circumstances;
use crate::sqlite::row::Row;
use crate::sqlite::value::{Argument, Value};
use crate::sqlite::{advice, queries, sql};

/// A read transaction.
///
/// While it is open, the database keeps what it shows beside what is written, and its files grow; so it is kept for as long
/// as it takes to read and never across a wait for the network. It ends when it is dropped, on every path: a read
/// transaction that stays behind would always show the same old rows.
#[derive(Debug)]
pub struct Snapshot<'c> {
    transaction: Transaction<'c, Sqlite>,
    taken_at: Timestamp,
    control: Control,
    circumstances: Circumstances,
}

impl<'c> Snapshot<'c> {
    pub(super) async fn begin(
        connection: &'c mut SqliteConnection,
        control: Control,
        circumstances: Circumstances,
    ) -> Result<Snapshot<'c>, DatabaseError> {
        let taken_at = Timestamp::now();
        let begun = async {
            let mut transaction = connection.begin().await?;
            // In SQLite BEGIN alone fixes nothing: the moment is that of the first read.
            super::options::plain_read(&mut transaction).await?;
            Ok(transaction)
        };
        let transaction = begun
            .await
            .map_err(|error| circumstances.explain(&error, 0))?;
        Ok(Snapshot {
            transaction,
            taken_at,
            control,
            circumstances,
        })
    }

    /// A moment that is not later than the snapshot's own: what was committed before it is in the snapshot.
    pub fn taken_at(&self) -> Timestamp {
        self.taken_at
    }

    /// The token of what this snapshot shows.
    pub async fn change_token(&mut self) -> Result<ChangeToken, DatabaseError> {
        ChangeToken::of(&mut self.transaction)
            .await
            .map_err(|error| self.circumstances.explain(&error, 0))
    }

    /// The rows of a statement. Values are bound in the order of [`Statement::parameters`](super::Statement), and
    /// their number must be right. Dropping the stream ends the statement.
    pub fn rows<'a>(&'a mut self, sql: &str, arguments: Vec<Argument>) -> RowStream<'a> {
        let (sql, expected) = sql::positional(sql);
        let given = arguments.len();
        let control = self.control.clone();
        let connection = &mut *self.transaction;
        let started = async move {
            control.settle(connection).await?;
            // Prepared for this snapshot: a statement that was kept across an ALTER TABLE returns other columns than it
            // is believed to have.
            let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
            for argument in arguments {
                query = match argument {
                    Argument::Null => query.bind(None::<i64>),
                    Argument::Integer(value) => query.bind(value),
                    Argument::Real(value) => query.bind(value),
                    Argument::Text(text) => query.bind(text),
                };
            }
            Ok::<_, sqlx::Error>(connection.fetch_many(query))
        };
        let state = if expected == given {
            State::Reading(stream::once(started).try_flatten().boxed())
        } else {
            State::Refused(DatabaseError::Arguments { expected, given })
        };
        RowStream {
            state,
            rows: 0,
            control: self.control.clone(),
            circumstances: self.circumstances.clone(),
        }
    }

    /// The first row of a statement that has one at most, read to its end: an error that comes after a row is an error.
    pub async fn only_row(
        &mut self,
        sql: &str,
        arguments: Vec<Argument>,
    ) -> Result<Option<Row>, DatabaseError> {
        let mut rows = self.rows(sql, arguments);
        let row = rows.try_next().await?;
        while rows.try_next().await?.is_some() {}
        Ok(row)
    }

    /// The first row of a statement; the others are not read.
    pub async fn first_row(
        &mut self,
        sql: &str,
        arguments: Vec<Argument>,
    ) -> Result<Option<Row>, DatabaseError> {
        self.rows(sql, arguments).try_next().await
    }

    /// The first row of a short answer, as [`texts`](Self::texts); empty where there is none.
    pub async fn first_texts(&mut self, sql: &str) -> Result<Vec<String>, DatabaseError> {
        let rows = self.texts(sql, &[]).await?;
        Ok(rows.into_iter().next().unwrap_or_default())
    }

    /// All rows of a short answer, as texts; what is neither text nor number is empty.
    pub async fn texts(
        &mut self,
        sql: &str,
        arguments: &[&str],
    ) -> Result<Vec<Vec<String>>, DatabaseError> {
        let arguments = arguments
            .iter()
            .map(|text| Argument::Text((*text).to_owned()));
        let mut rows = self.rows(sql, arguments.collect());
        let mut all = Vec::new();
        while let Some(row) = rows.try_next().await? {
            let text = |value: &Value<'_>| match value {
                Value::Text(text) => (*text).to_owned(),
                Value::Integer(number) => number.to_string(),
                Value::Real(number) => number.to_string(),
                Value::Null | Value::NotUtf8(_) | Value::Blob(_) => String::new(),
            };
            all.push(row.values().iter().map(text).collect());
        }
        Ok(all)
    }

    /// How many rows a statement without parameters has, by the database's own count.
    pub async fn count(&mut self, sql: &str) -> Result<u64, DatabaseError> {
        self.count_bound(sql, Vec::new()).await
    }

    /// How many rows a statement has with these values.
    pub async fn count_bound(
        &mut self,
        sql: &str,
        arguments: Vec<Argument>,
    ) -> Result<u64, DatabaseError> {
        self.counted(&queries::count(sql), arguments).await
    }

    /// The same as far as `most`: no more rows are read.
    pub async fn count_up_to(
        &mut self,
        most: u64,
        sql: &str,
        arguments: Vec<Argument>,
    ) -> Result<u64, DatabaseError> {
        self.counted(&queries::count_up_to(sql, most), arguments)
            .await
    }

    async fn counted(
        &mut self,
        count_sql: &str,
        arguments: Vec<Argument>,
    ) -> Result<u64, DatabaseError> {
        let row = self.only_row(count_sql, arguments).await?;
        let count = row.as_ref().and_then(|row| match row.value(0) {
            Value::Integer(count) => u64::try_from(count).ok(),
            _ => None,
        });
        count.ok_or_else(|| DatabaseError::Unfinished {
            path: self.circumstances.path.clone(),
            rows: 0,
        })
    }

    /// The tables that a statement reads from their first row to their last, by the database's own plan.
    pub async fn scanned(
        &mut self,
        sql: &str,
        arguments: Vec<Argument>,
    ) -> Result<Vec<String>, DatabaseError> {
        let mut rows = self.rows(&format!("EXPLAIN QUERY PLAN {sql}"), arguments);
        let mut plan = Vec::new();
        while let Some(row) = rows.try_next().await? {
            if let Value::Text(step) = row.value(3) {
                plan.push(step.to_owned());
            }
        }
        Ok(advice::scanned(plan.iter().map(String::as_str)))
    }

    /// Ends the transaction and waits until that has happened.
    pub async fn end(mut self) -> Result<(), DatabaseError> {
        let Snapshot {
            control,
            circumstances,
            ..
        } = &self;
        let (control, circumstances) = (control.clone(), circumstances.clone());
        let ended = async {
            control.settle(&mut self.transaction).await?;
            self.transaction.rollback().await
        };
        ended
            .await
            .map_err(|error| circumstances.explain(&error, 0))
    }
}

type Steps<'a> = BoxStream<'a, Result<Either<SqliteQueryResult, SqliteRow>, sqlx::Error>>;

/// The rows of one statement, as the database yields them.
///
/// After an error nothing more comes. The stream ends without one only if the database has said that the last row had come:
/// rows that were read before an error, taken for the whole, would delete the rest from the index.
#[must_use = "a statement runs only as far as its rows are asked for"]
pub struct RowStream<'a> {
    state: State<'a>,
    rows: u64,
    control: Control,
    circumstances: Circumstances,
}

enum State<'a> {
    Refused(DatabaseError),
    Reading(Steps<'a>),
    /// SQLite has said that there are no more rows.
    Done(Steps<'a>),
    Ended,
}

impl RowStream<'_> {
    /// How many rows have come.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    fn fail(&mut self, error: DatabaseError) -> Poll<Option<Result<Row, DatabaseError>>> {
        self.state = State::Ended;
        self.control.abandon();
        Poll::Ready(Some(Err(error)))
    }
}

impl Stream for RowStream<'_> {
    type Item = Result<Row, DatabaseError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let path = || this.circumstances.path.clone();
        loop {
            let (steps, done) = match &mut this.state {
                State::Reading(steps) => (steps, false),
                State::Done(steps) => (steps, true),
                State::Ended => return Poll::Ready(None),
                State::Refused(_) => {
                    let State::Refused(error) = std::mem::replace(&mut this.state, State::Ended)
                    else {
                        continue;
                    };
                    return Poll::Ready(Some(Err(error)));
                }
            };
            let step = std::task::ready!(steps.poll_next_unpin(context));
            if let Some(Missing { collation, columns }) = this.control.collations.asked() {
                return this.fail(DatabaseError::Collation { collation, columns });
            }
            match step {
                Some(Ok(Either::Right(row))) => {
                    this.rows += 1;
                    return Poll::Ready(Some(Ok(Row::new(row))));
                }
                Some(Ok(Either::Left(_))) => {
                    if let State::Reading(steps) = std::mem::replace(&mut this.state, State::Ended)
                    {
                        this.state = State::Done(steps);
                    }
                }
                Some(Err(error)) => {
                    let error = this.circumstances.explain(&error, this.rows);
                    return this.fail(error);
                }
                None if done => {
                    this.state = State::Ended;
                    return Poll::Ready(None);
                }
                None => {
                    let error = DatabaseError::Unfinished {
                        path: path(),
                        rows: this.rows,
                    };
                    return this.fail(error);
                }
            }
        }
    }
}

impl Drop for RowStream<'_> {
    fn drop(&mut self) {
        if matches!(self.state, State::Reading(_)) {
            self.control.abandon();
        }
    }
}

#[cfg(test)]
mod tests;
