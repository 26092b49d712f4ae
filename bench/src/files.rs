//! Files with what must come out of them, and how near to it a text is.
//!
//! A folder holds them with `INDEX.tsv`: `path kind expected form tags origin`, a line per file, no quoting. `form` says
//! what the file named by `expected` is:
//!
//! - `text`, `markdown`: the whole text; compared without white space and marks of Markdown;
//! - `rows`: an array of records in JSON; the values of each must stand in one line;
//! - `asserts`: lines of JSON: `must`, `must_not`, `any_of`, `order`; compared without white space;
//! - nothing: the file is read, or refused.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::{Map, Value};
use similar::{Algorithm, capture_diff_slices_deadline, get_diff_ratio};
use unicode_normalization::UnicodeNormalization as _;

/// A comparison that takes longer is cut short: its similarity is at least what is told.
const MAX_COMPARISON: Duration = Duration::from_secs(10);

/// A line of the index.
#[derive(Debug)]
pub struct Entry {
    pub path: PathBuf,
    pub kind: String,
    pub expected: PathBuf,
    pub form: String,
}

pub fn index(folder: &Path) -> anyhow::Result<Vec<Entry>> {
    let file = folder.join("INDEX.tsv");
    let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let entry = |line: &str| {
        let mut fields = line.split('\t').map(str::to_owned);
        let mut next = || fields.next().unwrap_or_default();
        let (path, kind, expected, form) = (next(), next(), next(), next());
        Entry { path: folder.join(path), kind, expected: folder.join(expected), form }
    };
    Ok(text.lines().skip(1).filter(|line| !line.is_empty()).map(entry).collect())
}

/// What a text is worth.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub struct Score {
    /// From 0 to 1, when there is a whole text or rows to compare with.
    pub similarity: Option<f64>,
    pub held: usize,
    pub asserted: usize,
}

#[derive(Debug, Deserialize)]
struct Assertion {
    must: Option<String>,
    must_not: Option<String>,
    any_of: Option<Vec<String>>,
    order: Option<Vec<String>>,
}

/// Compares a text, or a refusal, with what is expected.
pub fn score(entry: &Entry, title: &str, text: Option<&str>) -> anyhow::Result<Score> {
    if entry.form.is_empty() {
        return Ok(Score::default());
    }
    let expected = fs::read(&entry.expected).with_context(|| entry.expected.display().to_string())?;
    let expected = String::from_utf8_lossy(&expected);
    let text = text.unwrap_or_default();
    match entry.form.as_str() {
        "rows" => Ok(Score { similarity: Some(rows(&expected, text)?), ..Score::default() }),
        "asserts" => assertions(&expected, &format!("{title}\n{text}"), text.is_empty()),
        _ => Ok(Score { similarity: Some(similarity(&bare(&expected), &bare(text))), ..Score::default() }),
    }
}

fn assertions(expected: &str, text: &str, is_refused: bool) -> anyhow::Result<Score> {
    let text = without_space(text);
    let mut score = Score::default();
    for line in expected.lines().filter(|line| !line.trim().is_empty()) {
        let assertion: Assertion = serde_json::from_str(line).with_context(|| line.to_owned())?;
        let has = |part: &String| text.contains(&without_space(part));
        score.asserted += 1;
        let holds = assertion.must.iter().all(has)
            && !assertion.must_not.iter().any(|part| is_refused || has(part))
            && assertion.any_of.iter().all(|parts| parts.iter().any(has))
            && assertion.order.iter().all(|parts| in_order(parts, &text));
        score.held += usize::from(holds);
    }
    Ok(score)
}

fn in_order(parts: &[String], text: &str) -> bool {
    let places: Option<Vec<usize>> = parts.iter().map(|part| text.find(&without_space(part))).collect();
    places.is_some_and(|places| places.is_sorted())
}

/// The share of records whose values stand together in one line.
fn rows(expected: &str, text: &str) -> anyhow::Result<f64> {
    let records: Vec<Map<String, Value>> = serde_json::from_str(expected)?;
    let lines: Vec<String> = text.lines().map(without_space).collect();
    let value = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let together = |record: &&Map<String, Value>| {
        let values: Vec<String> = record.values().map(|field| without_space(&value(field))).collect();
        lines.iter().any(|line| values.iter().all(|value| line.contains(value)))
    };
    Ok(share(records.iter().filter(together).count(), records.len()))
}

fn similarity(expected: &[char], text: &[char]) -> f64 {
    let deadline = Some(Instant::now() + MAX_COMPARISON);
    let operations = capture_diff_slices_deadline(Algorithm::Myers, expected, text, deadline);
    f64::from(get_diff_ratio(&operations, expected.len(), text.len()))
}

fn without_space(text: &str) -> String {
    text.split_whitespace().collect()
}

/// The letters of a text, without white space, marks of Markdown and addresses of links.
fn bare(text: &str) -> Vec<char> {
    let mut bare = Vec::new();
    let mut chars = text.nfkc().peekable();
    while let Some(c) = chars.next() {
        match c {
            ']' if chars.peek() == Some(&'(') => chars.by_ref().take_while(|c| *c != ')').for_each(drop),
            '[' | ']' | '!' | '|' | '*' | '_' | '#' | '`' | '>' | '\\' | '~' | '-' => {}
            c if c.is_whitespace() => {}
            c => bare.push(c),
        }
    }
    bare
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
pub fn share(part: usize, all: usize) -> f64 {
    if all == 0 { 1.0 } else { part as f64 / all as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_space_do_not_count() {
        let near = similarity(&bare("# On [rivers](https://x)\n\n| a | b |\n"), &bare("On rivers\n\na | b"));
        assert!((near - 1.0).abs() < 1e-6, "{near}");
        assert!(similarity(&bare("abcd"), &bare("abxy")) < 0.6);
    }

    #[test]
    fn assertions_are_counted() {
        let lines =
            "{\"must\": \"a b\"}\n{\"must_not\": \"x\"}\n{\"any_of\": [\"q\", \"b\"]}\n{\"order\": [\"b\", \"a\"]}\n";
        let score = assertions(lines, "a  b", false).unwrap();
        assert_eq!((score.held, score.asserted), (3, 4));
    }

    #[test]
    fn records_stand_in_lines() {
        let near =
            rows(r#"[{"a": "1", "b": "two words"}, {"a": "3", "b": "4"}]"#, "a: 1; b: two words\na: 3\nb: 4").unwrap();
        assert!((near - 0.5).abs() < 1e-6, "{near}");
    }
}
