//! Values to columns and back.

use std::fmt::Display;
use std::str::FromStr;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::storage::{StoreError, StoreResult};

/// A count, offset or rev as SQLite's signed integer. What does not fit is larger than anything stored.
pub fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A nested value as JSON text.
pub fn json<T: Serialize>(value: &T) -> StoreResult<String> {
    serde_json::to_string(value).map_err(|error| StoreError::Damaged(error.to_string()))
}

pub fn opt_json<T: Serialize>(value: Option<&T>) -> StoreResult<Option<String>> {
    value.map(json).transpose()
}

/// An enum without fields by its serde name, as plain text.
pub fn word<T: Serialize>(value: &T) -> StoreResult<String> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        Ok(other) => Err(StoreError::Damaged(format!("{other} is not a word"))),
        Err(error) => Err(StoreError::Damaged(error.to_string())),
    }
}

/// Columns by name, parsed.
pub trait Columns {
    fn text(&self, column: &str) -> StoreResult<String>;
    fn opt_text(&self, column: &str) -> StoreResult<Option<String>>;
    /// Ids and other types whose text form is parsed.
    fn parsed<T: FromStr<Err: Display>>(&self, column: &str) -> StoreResult<T>;
    fn opt_parsed<T: FromStr<Err: Display>>(&self, column: &str) -> StoreResult<Option<T>>;
    fn time(&self, column: &str) -> StoreResult<Timestamp>;
    fn opt_time(&self, column: &str) -> StoreResult<Option<Timestamp>>;
    fn number<T: TryFrom<i64>>(&self, column: &str) -> StoreResult<T>;
    fn opt_number<T: TryFrom<i64>>(&self, column: &str) -> StoreResult<Option<T>>;
    /// The inverse of [`json`].
    fn json<T: DeserializeOwned>(&self, column: &str) -> StoreResult<T>;
    fn opt_json<T: DeserializeOwned>(&self, column: &str) -> StoreResult<Option<T>>;
    /// The inverse of [`word`]; also for types that deserialize from a string.
    fn word<T: DeserializeOwned>(&self, column: &str) -> StoreResult<T>;
    fn opt_word<T: DeserializeOwned>(&self, column: &str) -> StoreResult<Option<T>>;
}

impl Columns for SqliteRow {
    fn text(&self, column: &str) -> StoreResult<String> {
        Ok(self.try_get(column)?)
    }

    fn opt_text(&self, column: &str) -> StoreResult<Option<String>> {
        Ok(self.try_get(column)?)
    }

    fn parsed<T: FromStr<Err: Display>>(&self, column: &str) -> StoreResult<T> {
        parse(column, self.try_get(column)?)
    }

    fn opt_parsed<T: FromStr<Err: Display>>(&self, column: &str) -> StoreResult<Option<T>> {
        self.try_get::<Option<&str>, _>(column)?.map(|text| parse(column, text)).transpose()
    }

    fn time(&self, column: &str) -> StoreResult<Timestamp> {
        instant(column, self.try_get(column)?)
    }

    fn opt_time(&self, column: &str) -> StoreResult<Option<Timestamp>> {
        self.try_get::<Option<i64>, _>(column)?.map(|millis| instant(column, millis)).transpose()
    }

    fn number<T: TryFrom<i64>>(&self, column: &str) -> StoreResult<T> {
        narrow(column, self.try_get(column)?)
    }

    fn opt_number<T: TryFrom<i64>>(&self, column: &str) -> StoreResult<Option<T>> {
        self.try_get::<Option<i64>, _>(column)?.map(|value| narrow(column, value)).transpose()
    }

    fn json<T: DeserializeOwned>(&self, column: &str) -> StoreResult<T> {
        from_json(column, self.try_get(column)?)
    }

    fn opt_json<T: DeserializeOwned>(&self, column: &str) -> StoreResult<Option<T>> {
        self.try_get::<Option<&str>, _>(column)?.map(|text| from_json(column, text)).transpose()
    }

    fn word<T: DeserializeOwned>(&self, column: &str) -> StoreResult<T> {
        from_word(column, self.try_get(column)?)
    }

    fn opt_word<T: DeserializeOwned>(&self, column: &str) -> StoreResult<Option<T>> {
        self.try_get::<Option<String>, _>(column)?.map(|text| from_word(column, text)).transpose()
    }
}

fn parse<T: FromStr<Err: Display>>(column: &str, text: &str) -> StoreResult<T> {
    text.parse().map_err(|error| damaged(column, &error))
}

fn instant(column: &str, millis: i64) -> StoreResult<Timestamp> {
    Timestamp::from_millisecond(millis).map_err(|error| damaged(column, &error))
}

fn narrow<T: TryFrom<i64>>(column: &str, value: i64) -> StoreResult<T> {
    T::try_from(value).map_err(|_| damaged(column, &format_args!("{value} is out of range")))
}

fn from_json<T: DeserializeOwned>(column: &str, text: &str) -> StoreResult<T> {
    serde_json::from_str(text).map_err(|error| damaged(column, &error))
}

fn from_word<T: DeserializeOwned>(column: &str, text: String) -> StoreResult<T> {
    serde_json::from_value(serde_json::Value::String(text)).map_err(|error| damaged(column, &error))
}

fn damaged(column: &str, problem: &dyn Display) -> StoreError {
    StoreError::Damaged(format!("{column}: {problem}"))
}
