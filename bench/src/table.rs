//! Figures of a question set in columns: each half, all, and a plain pipeline's.

use std::fmt::{self, Display, Formatter};

use crate::metrics::mean;
use crate::sets::Half;

/// What a plain pipeline reaches on all questions of a public set: `LangChain`'s default splitter (1,000 characters,
/// overlap 200) and the same embedding model, searched by FAISS Flat, by BM25 over the same chunks, and by the reciprocal
/// rank fusion of both. Measured for this project in November 2026.
#[derive(Debug, Clone, Copy)]
pub struct Baseline {
    pub vectors: f64,
    pub bm25: f64,
    pub fused: f64,
}

pub const fn baseline(vectors: f64, bm25: f64, fused: f64) -> Baseline {
    Baseline { vectors, bm25, fused }
}

/// Prints itself with a line per figure.
#[derive(Debug)]
pub struct Table {
    title: String,
    figures: Vec<Figure>,
}

/// One value per question.
#[derive(Debug)]
struct Figure {
    name: String,
    values: Vec<(Half, f64)>,
    baseline: Option<Baseline>,
}

impl Table {
    pub fn new(title: String) -> Self {
        Self { title, figures: Vec::new() }
    }

    /// Adds a question's value to a figure.
    pub fn add(&mut self, half: Half, name: &str, value: f64) {
        if let Some(figure) = self.figures.iter_mut().find(|figure| figure.name == name) {
            figure.values.push((half, value));
        } else {
            self.figures.push(Figure { name: name.to_owned(), values: vec![(half, value)], baseline: None });
        }
    }

    pub fn compare(&mut self, name: &str, baseline: Baseline) {
        for figure in self.figures.iter_mut().filter(|figure| figure.name == name) {
            figure.baseline = Some(baseline);
        }
    }
}

impl Figure {
    /// Of one half, or of all.
    fn mean(&self, half: Option<Half>) -> f64 {
        mean(self.values.iter().filter(|(other, _)| half.is_none_or(|half| half == *other)).map(|(_, value)| *value))
    }
}

impl Display for Table {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.title)?;
        write!(f, "{:<20}{:>9}{:>9}{:>9}", "", "tuning", "held-out", "all")?;
        let compared = self.figures.iter().any(|figure| figure.baseline.is_some());
        writeln!(f, "{}", if compared { "     vectors     BM25    fused" } else { "" })?;
        for figure in &self.figures {
            let [tuning, held_out, all] = [Some(Half::Tuning), Some(Half::HeldOut), None].map(|half| figure.mean(half));
            write!(f, "{:<20}{tuning:>9.3}{held_out:>9.3}{all:>9.3}", figure.name)?;
            if let Some(Baseline { vectors, bm25, fused }) = figure.baseline {
                write!(f, "   {vectors:>9.3}{bm25:>9.3}{fused:>9.3}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
