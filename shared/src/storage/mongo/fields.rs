//! Values to BSON and back.

use std::fmt::Display;
use std::str::FromStr;

use jiff::Timestamp;
use mongodb::bson::serde_helpers::HumanReadable;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Bson, DateTime, Document, deserialize_from_bson, serialize_to_bson};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::storage::{StoreError, StoreResult};

pub fn date(at: Timestamp) -> DateTime {
    DateTime::from_millis(at.as_millisecond())
}

pub fn binary(bytes: Vec<u8>) -> Binary {
    Binary { subtype: BinarySubtype::Generic, bytes }
}

/// A nested value as a document, and an enum without fields as its serde name. Ids in it are text.
pub fn nested<T: Serialize>(value: &T) -> StoreResult<Bson> {
    serialize_to_bson(&HumanReadable(value)).map_err(|error| StoreError::Damaged(error.to_string()))
}

pub fn opt_nested<T: Serialize>(value: Option<&T>) -> StoreResult<Bson> {
    value.map_or(Ok(Bson::Null), nested)
}

/// Fields by name, parsed. An optional field may be missing or null.
pub(crate) trait Fields {
    fn text(&self, field: &str) -> StoreResult<String>;
    fn opt_text(&self, field: &str) -> StoreResult<Option<String>>;
    /// Ids and other types whose text form is parsed.
    fn parsed<T: FromStr<Err: Display>>(&self, field: &str) -> StoreResult<T>;
    fn opt_parsed<T: FromStr<Err: Display>>(&self, field: &str) -> StoreResult<Option<T>>;
    fn time(&self, field: &str) -> StoreResult<Timestamp>;
    fn opt_time(&self, field: &str) -> StoreResult<Option<Timestamp>>;
    fn number<T: TryFrom<i64>>(&self, field: &str) -> StoreResult<T>;
    fn opt_number<T: TryFrom<i64>>(&self, field: &str) -> StoreResult<Option<T>>;
    fn bytes(&self, field: &str) -> StoreResult<&[u8]>;
    fn opt_bytes(&self, field: &str) -> StoreResult<Option<&[u8]>>;
    fn documents(&self, field: &str) -> StoreResult<Vec<&Document>>;
    /// The inverse of [`nested`].
    fn nested<T: DeserializeOwned>(&self, field: &str) -> StoreResult<T>;
    fn opt_nested<T: DeserializeOwned>(&self, field: &str) -> StoreResult<Option<T>>;
}

impl Fields for Document {
    fn text(&self, field: &str) -> StoreResult<String> {
        required(field, self.opt_text(field)?)
    }

    fn opt_text(&self, field: &str) -> StoreResult<Option<String>> {
        Ok(string(self, field)?.map(str::to_owned))
    }

    fn parsed<T: FromStr<Err: Display>>(&self, field: &str) -> StoreResult<T> {
        required(field, self.opt_parsed(field)?)
    }

    fn opt_parsed<T: FromStr<Err: Display>>(&self, field: &str) -> StoreResult<Option<T>> {
        string(self, field)?.map(|text| text.parse().map_err(|error| damaged(field, &error))).transpose()
    }

    fn time(&self, field: &str) -> StoreResult<Timestamp> {
        required(field, self.opt_time(field)?)
    }

    fn opt_time(&self, field: &str) -> StoreResult<Option<Timestamp>> {
        match value(self, field) {
            None => Ok(None),
            Some(Bson::DateTime(at)) => {
                Timestamp::from_millisecond(at.timestamp_millis()).map(Some).map_err(|error| damaged(field, &error))
            }
            Some(_) => Err(damaged(field, &"no date")),
        }
    }

    fn number<T: TryFrom<i64>>(&self, field: &str) -> StoreResult<T> {
        required(field, self.opt_number(field)?)
    }

    fn opt_number<T: TryFrom<i64>>(&self, field: &str) -> StoreResult<Option<T>> {
        let number = match value(self, field) {
            None => return Ok(None),
            Some(Bson::Int64(number)) => *number,
            Some(Bson::Int32(number)) => i64::from(*number),
            Some(_) => return Err(damaged(field, &"no whole number")),
        };
        T::try_from(number).map(Some).map_err(|_| damaged(field, &format_args!("{number} is out of range")))
    }

    fn bytes(&self, field: &str) -> StoreResult<&[u8]> {
        required(field, self.opt_bytes(field)?)
    }

    fn opt_bytes(&self, field: &str) -> StoreResult<Option<&[u8]>> {
        match value(self, field) {
            None => Ok(None),
            Some(Bson::Binary(binary)) => Ok(Some(&binary.bytes)),
            Some(_) => Err(damaged(field, &"no bytes")),
        }
    }

    fn documents(&self, field: &str) -> StoreResult<Vec<&Document>> {
        let Some(Bson::Array(items)) = value(self, field) else {
            return Err(damaged(field, &"no list"));
        };
        items.iter().map(|item| item.as_document().ok_or_else(|| damaged(field, &"no document"))).collect()
    }

    fn nested<T: DeserializeOwned>(&self, field: &str) -> StoreResult<T> {
        required(field, self.opt_nested(field)?)
    }

    fn opt_nested<T: DeserializeOwned>(&self, field: &str) -> StoreResult<Option<T>> {
        let Some(value) = value(self, field) else {
            return Ok(None);
        };
        let HumanReadable(nested) = deserialize_from_bson(value.clone()).map_err(|error| damaged(field, &error))?;
        Ok(Some(nested))
    }
}

fn value<'a>(document: &'a Document, field: &str) -> Option<&'a Bson> {
    document.get(field).filter(|value| !matches!(value, Bson::Null))
}

fn string<'a>(document: &'a Document, field: &str) -> StoreResult<Option<&'a str>> {
    match value(document, field) {
        None => Ok(None),
        Some(Bson::String(text)) => Ok(Some(text)),
        Some(_) => Err(damaged(field, &"no text")),
    }
}

fn required<T>(field: &str, value: Option<T>) -> StoreResult<T> {
    value.ok_or_else(|| damaged(field, &"missing"))
}

fn damaged(field: &str, problem: &dyn Display) -> StoreError {
    StoreError::Damaged(format!("{field}: {problem}"))
}
