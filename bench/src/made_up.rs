//! Data that is the same in every run.

use std::path::Path;

use anyhow::Context as _;

use crate::sets::Spans;

pub const DIMENSIONS: usize = 384;

/// Numbers from -1 to 1 in a fixed sequence (Numerical Recipes' generator).
#[derive(Debug)]
pub struct Numbers(u32);

impl Numbers {
    pub fn new(seed: u32) -> Self {
        Self(seed)
    }

    pub fn number(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f32::from((self.0 >> 16) as u16) / 32_768.0 - 1.0
    }

    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as usize % end
    }
}

/// Unit vectors in a thousand clusters, as embeddings of related texts form them.
pub fn vectors(count: usize, seed: u32) -> Vec<f32> {
    const CLUSTERS: usize = 1000;
    // The clusters are the same for every seed, so that queries lie near vectors.
    let mut numbers = Numbers::new(7);
    let centres: Vec<f32> = (0..CLUSTERS * DIMENSIONS).map(|_| numbers.number()).collect();
    let mut numbers = Numbers::new(seed);
    let mut vectors = Vec::with_capacity(count * DIMENSIONS);
    for _ in 0..count {
        let cluster = numbers.below(CLUSTERS) * DIMENSIONS;
        let vector: Vec<f32> = centres[cluster..cluster + DIMENSIONS].iter().map(|x| x + numbers.number()).collect();
        let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
        vectors.extend(vector.iter().map(|x| x / length));
    }
    vectors
}

/// The lines of the project's own documents, each with a number before it so that none repeats.
pub fn sentences(count: usize) -> anyhow::Result<Vec<String>> {
    let set = Spans::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("eval/spans"))?;
    let text: Vec<_> = set.documents.iter().flat_map(|(_, text)| text.split(['.', '|', '#'])).map(str::trim).collect();
    let sentences: Vec<_> = text.into_iter().filter(|sentence| sentence.len() > 40).collect();
    let first = sentences.first().context("no sentences")?;
    let sentence = |index: usize| sentences.get(index % sentences.len()).unwrap_or(first);
    Ok((0..count).map(|index| format!("{index}. {}.", sentence(index))).collect())
}

/// Texts of about the size of a passage: several sentences each.
pub fn passages(count: usize) -> anyhow::Result<Vec<String>> {
    Ok(sentences(count * 4)?.chunks(4).map(|sentences| sentences.join(" ")).collect())
}
