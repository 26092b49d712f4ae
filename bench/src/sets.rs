//! The two kinds of question sets. Their formats:
//!
//! - `spans/docs/*.md` and `spans/queries.jsonl`: `{id, text, relevant: [{doc, start, end}]}`, offsets in code points,
//!   end exclusive;
//! - `passages/corpus.jsonl`: `{id, title, text}`; `passages/queries.jsonl`: `{id, text, relevant: [id]}`.
//!
//! Constants of the product may be chosen by the figures of one half of the questions only, so that those of the other
//! say what to expect of questions that nobody has seen.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

/// Whole documents, and questions answered by ranges of them.
#[derive(Debug)]
pub struct Spans {
    /// File name and text.
    pub documents: Vec<(String, String)>,
    pub queries: Vec<Query<Span>>,
}

/// Short texts, and questions answered by some of them.
#[derive(Debug)]
pub struct Passages {
    pub corpus: Vec<Passage>,
    pub queries: Vec<Query<String>>,
}

#[derive(Debug, Deserialize)]
pub struct Query<T> {
    pub id: String,
    pub text: String,
    pub relevant: Vec<T>,
}

/// Which half of its set a question belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Half {
    /// May decide on constants.
    Tuning,
    /// Decides nothing.
    HeldOut,
}

impl<T> Query<T> {
    /// By a hash of the id: the same in every run, whatever else is in the set.
    pub fn half(&self) -> Half {
        if Sha256::digest(&self.id)[0] % 2 == 0 { Half::Tuning } else { Half::HeldOut }
    }
}

#[derive(Debug, Deserialize)]
pub struct Span {
    pub doc: String,
    pub start: u64,
    pub end: u64,
}

#[derive(Debug, Deserialize)]
pub struct Passage {
    pub id: String,
    pub title: String,
    pub text: String,
}

impl Spans {
    pub fn load(folder: &Path) -> anyhow::Result<Self> {
        let mut documents = Vec::new();
        for entry in fs::read_dir(folder.join("docs")).with_context(|| format!("{}/docs", folder.display()))? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            documents.push((name, fs::read_to_string(&path).with_context(|| path.display().to_string())?));
        }
        documents.sort();
        Ok(Self { documents, queries: lines(&folder.join("queries.jsonl"))? })
    }

    /// What a question's ranges say.
    pub fn texts(&self, query: &Query<Span>) -> Vec<String> {
        let text = |span: &Span| {
            let (_, text) = self.documents.iter().find(|(name, _)| *name == span.doc)?;
            let (start, end) = (usize::try_from(span.start).ok()?, usize::try_from(span.end).ok()?);
            Some(text.chars().take(end).skip(start).collect())
        };
        query.relevant.iter().filter_map(text).collect()
    }
}

impl Passages {
    pub fn load(folder: &Path) -> anyhow::Result<Self> {
        Ok(Self { corpus: lines(&folder.join("corpus.jsonl"))?, queries: lines(&folder.join("queries.jsonl"))? })
    }
}

fn lines<T: DeserializeOwned>(file: &Path) -> anyhow::Result<Vec<T>> {
    let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let values = text.lines().filter(|line| !line.trim().is_empty()).map(serde_json::from_str);
    values.collect::<Result<_, _>>().with_context(|| file.display().to_string())
}
