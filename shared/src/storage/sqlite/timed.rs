//! A pool whose statements are timed, from when they are given to it to their last row.

use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use futures::future::{BoxFuture, FutureExt as _};
use futures::stream::{BoxStream, Stream};
use sqlx::error::ErrorKind;
use sqlx::sqlite::{SqliteQueryResult, SqliteRow, SqliteStatement, SqliteTypeInfo};
use sqlx::{Describe, Either, Error, Execute, Executor, SqlStr, Sqlite, SqlitePool};

use super::metrics::Metrics;

/// Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Timed {
    pool: SqlitePool,
    name: &'static str,
    metrics: Metrics,
}

impl Timed {
    pub(super) fn new(pool: SqlitePool, name: &'static str, metrics: Metrics) -> Self {
        Self { pool, name, metrics }
    }

    /// Awaits and times something that this pool does.
    pub(super) async fn time<T>(&self, operation: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let begun = Instant::now();
        let result = operation.await;
        self.observe(begun.elapsed(), result.as_ref().err());
        result
    }

    fn observe(&self, took: Duration, error: Option<&Error>) {
        let failed = error.is_some_and(|error| match error {
            // A key that is taken is an answer.
            Error::Database(error) => matches!(error.kind(), ErrorKind::Other),
            Error::RowNotFound => false,
            _ => true,
        });
        self.metrics.observe(self.name, took, failed);
    }
}

impl Deref for Timed {
    type Target = SqlitePool;

    fn deref(&self) -> &SqlitePool {
        &self.pool
    }
}

impl<'c> Executor<'c> for &Timed {
    type Database = Sqlite;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Either<SqliteQueryResult, SqliteRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Sqlite>,
    {
        let rows = self.pool.fetch_many(query);
        Box::pin(Rows { inner: rows, timed: self.clone(), waiting: None, waited: Duration::ZERO, between: false })
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<SqliteRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Sqlite>,
    {
        let (timed, row) = (self.clone(), self.pool.fetch_optional(query));
        async move { timed.time(row).await }.boxed()
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

/// Rows as they come. What whoever reads them does in between is not counted.
struct Rows<'e, T> {
    inner: BoxStream<'e, Result<T, Error>>,
    timed: Timed,
    waiting: Option<Instant>,
    waited: Duration,
    /// A row was read last, and whoever reads may want no more.
    between: bool,
}

impl<T> Drop for Rows<'_, T> {
    fn drop(&mut self) {
        if self.between {
            self.timed.observe(self.waited, None);
        }
    }
}

impl<T> Stream for Rows<'_, T> {
    type Item = Result<T, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let begun = *this.waiting.get_or_insert_with(Instant::now);
        this.between = false;
        let next = ready!(this.inner.as_mut().poll_next(cx));
        this.waiting = None;
        this.waited += begun.elapsed();
        match &next {
            Some(Ok(_)) => this.between = true,
            Some(Err(error)) => this.timed.observe(this.waited, Some(error)),
            None => this.timed.observe(this.waited, None),
        }
        Poll::Ready(next)
    }
}
