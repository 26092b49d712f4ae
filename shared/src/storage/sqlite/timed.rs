//! A pool that times its statements, from their submission to their last row.

use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use futures::future::{self, BoxFuture, FutureExt as _};
use futures::stream::{self, BoxStream, Stream, StreamExt as _};
use sqlx::sqlite::{SqliteArguments, SqliteQueryResult, SqliteRow, SqliteStatement, SqliteTypeInfo};
use sqlx::{Describe, Either, Error, Execute, Executor, SqlStr, Sqlite, SqlitePool};

use super::observer::QueryObserver;

/// Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct TimedPool {
    pool: SqlitePool,
    pub(super) observer: QueryObserver,
}

impl TimedPool {
    pub(super) fn new(pool: SqlitePool, observer: QueryObserver) -> Self {
        Self { pool, observer }
    }

    /// Awaits and times an operation of this pool.
    pub(super) async fn time<T>(
        &self,
        sql: &str,
        operation: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let started = Instant::now();
        let result = operation.await;
        self.observer.observe(sql, started.elapsed(), result.as_ref().err());
        result
    }
}

/// The text of a query, which may be logged, and its bound values.
pub(super) type QueryParts = (SqlStr, Option<SqliteArguments>);

pub(super) fn split<'q>(mut query: impl Execute<'q, Sqlite>) -> Result<QueryParts, Error> {
    let arguments = query.take_arguments().map_err(Error::Encode)?;
    Ok((query.sql(), arguments))
}

impl Deref for TimedPool {
    type Target = SqlitePool;

    fn deref(&self) -> &SqlitePool {
        &self.pool
    }
}

impl<'c> Executor<'c> for &TimedPool {
    type Database = Sqlite;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Either<SqliteQueryResult, SqliteRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Sqlite>,
    {
        match split(query) {
            Ok((sql, arguments)) => {
                let inner = self.pool.fetch_many((sql.clone(), arguments));
                let observer = self.observer.clone();
                Box::pin(Rows { inner, observer, sql, waiting: None, waited: Duration::ZERO, between: false })
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
                let (timed, row) = (self.clone(), self.pool.fetch_optional((sql.clone(), arguments)));
                async move { timed.time(sql.as_str(), row).await }.boxed()
            }
            Err(error) => future::ready(Err(error)).boxed(),
        }
    }

    fn prepare_with<'e>(self, sql: SqlStr, types: &'e [SqliteTypeInfo]) -> BoxFuture<'e, Result<SqliteStatement, Error>>
    where
        'c: 'e,
    {
        self.pool.prepare_with(sql, types)
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Sqlite>, Error>>
    where
        'c: 'e,
    {
        self.pool.describe(sql)
    }
}

/// A stream of rows. The time that its reader spends between rows does not count.
struct Rows<'e, T> {
    inner: BoxStream<'e, Result<T, Error>>,
    observer: QueryObserver,
    sql: SqlStr,
    waiting: Option<Instant>,
    waited: Duration,
    /// A row was read last, and the reader may stop here.
    between: bool,
}

impl<T> Drop for Rows<'_, T> {
    fn drop(&mut self) {
        if self.between {
            self.observer.observe(self.sql.as_str(), self.waited, None);
        }
    }
}

impl<T> Stream for Rows<'_, T> {
    type Item = Result<T, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let started = *this.waiting.get_or_insert_with(Instant::now);
        this.between = false;
        let next = ready!(this.inner.as_mut().poll_next(cx));
        this.waiting = None;
        this.waited += started.elapsed();
        match &next {
            Some(Ok(_)) => this.between = true,
            Some(Err(error)) => this.observer.observe(this.sql.as_str(), this.waited, Some(error)),
            None => this.observer.observe(this.sql.as_str(), this.waited, None),
        }
        Poll::Ready(next)
    }
}
