//! A transaction that logs slow statements, as a pool does.

use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use futures::future::{self, BoxFuture, FutureExt as _};
use futures::stream::{self, BoxStream, Stream, StreamExt as _};
use sqlx::sqlite::{SqliteQueryResult, SqliteRow, SqliteStatement, SqliteTypeInfo};
use sqlx::{Describe, Either, Error, Execute, Executor, SqlStr, Sqlite, SqliteConnection};

use super::observer::QueryObserver;
use super::timed::split;

/// A transaction that is rolled back when it is dropped. Statements run on what it dereferences to.
#[derive(Debug)]
pub(crate) struct Transaction(Statements);

#[derive(Debug)]
pub(crate) struct Statements {
    inner: sqlx::Transaction<'static, Sqlite>,
    observer: QueryObserver,
}

impl Transaction {
    pub(super) fn new(inner: sqlx::Transaction<'static, Sqlite>, observer: QueryObserver) -> Self {
        Self(Statements { inner, observer })
    }

    pub async fn commit(self) -> Result<(), Error> {
        let Statements { inner, observer } = self.0;
        let started = Instant::now();
        let result = inner.commit().await;
        observer.log_slow("COMMIT", started.elapsed());
        result
    }

    pub async fn rollback(self) -> Result<(), Error> {
        self.0.inner.rollback().await
    }
}

impl Deref for Transaction {
    type Target = Statements;

    fn deref(&self) -> &Statements {
        &self.0
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut Statements {
        &mut self.0
    }
}

/// Logs a slow statement once its reader is done with the rows.
struct SlowLogGuard {
    observer: QueryObserver,
    sql: SqlStr,
    started: Instant,
}

impl Drop for SlowLogGuard {
    fn drop(&mut self) {
        self.observer.log_slow(self.sql.as_str(), self.started.elapsed());
    }
}

struct Rows<'e, T> {
    inner: BoxStream<'e, T>,
    _logged: SlowLogGuard,
}

impl<T> Stream for Rows<'_, T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.get_mut().inner.as_mut().poll_next(cx)
    }
}

impl Statements {
    fn begin(&mut self, sql: &SqlStr) -> (&mut SqliteConnection, SlowLogGuard) {
        let guard = SlowLogGuard { observer: self.observer.clone(), sql: sql.clone(), started: Instant::now() };
        (&mut self.inner, guard)
    }
}

impl<'c> Executor<'c> for &'c mut Statements {
    type Database = Sqlite;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Either<SqliteQueryResult, SqliteRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Sqlite>,
    {
        match split(query) {
            Ok((sql, arguments)) => {
                let (connection, guard) = self.begin(&sql);
                Rows { inner: connection.fetch_many((sql, arguments)), _logged: guard }.boxed()
            }
            Err(error) => stream::once(future::ready(Err(error))).boxed(),
        }
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<SqliteRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Sqlite>,
    {
        match split(query) {
            Ok((sql, arguments)) => {
                let (connection, guard) = self.begin(&sql);
                let row = connection.fetch_optional((sql, arguments));
                row.inspect(move |_| drop(guard)).boxed()
            }
            Err(error) => future::ready(Err(error)).boxed(),
        }
    }

    fn prepare_with<'e>(self, sql: SqlStr, types: &'e [SqliteTypeInfo]) -> BoxFuture<'e, Result<SqliteStatement, Error>>
    where
        'c: 'e,
    {
        self.inner.prepare_with(sql, types)
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Sqlite>, Error>>
    where
        'c: 'e,
    {
        self.inner.describe(sql)
    }
}
