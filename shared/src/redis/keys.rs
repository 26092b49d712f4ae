//! Every key and channel, and how long it lives. All begin with `collabry:`, so that a database can be shared.
//!
//! Nothing is kept here that could not be lost: each key expires by itself, and what must last is in the documents.

use crate::limits::Rule;

/// A limit and whom it counts; lives until the quota is whole again, an hour at most.
pub fn limit(rule: Rule, subject: &str) -> String {
    format!("collabry:limit:{}:{subject}", rule.name())
}
