//! The vectors of a segment, in FAISS.

use collabry_shared::engine::EngineError;
use collabry_shared::sources::Chunk;
use faiss::index::flat::FlatIndexImpl;
use faiss::index::scalar_quantizer::{IVFScalarQuantizerIndexImpl, QuantizerType};
use faiss::{ConcurrentIndex, Idx, Index, MetricType};

use crate::embeddings::dot;

/// Above this size a scan of all vectors takes a query more than about 8 ms, and a coarse index pays off.
pub const LARGE: usize = 50_000;

/// How many candidates of the coarse index are compared exactly for each requested hit.
const RESCORED: usize = 2;

/// The number of vectors from which the centre of a cell is learned; more are slower and hardly better.
const TRAINING_PER_CELL: usize = 40;

/// The layout of the coarse index of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CoarseLayout {
    /// The number of groups of near vectors.
    pub cells: u32,
    /// The number of cells that a query searches.
    pub probes: u32,
    /// Sampling stride for training: the cells' centres are learned from every n-th vector.
    pub sample_step: usize,
}

impl CoarseLayout {
    pub fn of(count: usize) -> Self {
        let cells = (2 * count.isqrt()).max(1);
        let sample_step = (count / (cells * TRAINING_PER_CELL)).max(1);
        Self { cells: u32::try_from(cells).unwrap_or(u32::MAX), probes: 16, sample_step }
    }
}

type Coarse = IVFScalarQuantizerIndexImpl<FlatIndexImpl>;

/// All vectors exactly and, for a large segment, a coarse index that finds the candidates: cells around learned
/// centres, with 8 bits a dimension on one scale for all dimensions, which decodes faster than a scale for each. Search
/// results have exact similarities either way.
pub struct Vectors {
    exact: FlatIndexImpl,
    coarse: Option<Coarse>,
    /// Their memory.
    pub bytes: usize,
}

impl Vectors {
    /// Every chunk's embedding must have `dimensions` numbers.
    pub fn build(chunks: &[Chunk], dimensions: usize) -> Result<Self, EngineError> {
        let mut data = Vec::with_capacity(chunks.len() * dimensions);
        for chunk in chunks {
            if chunk.embedding.len() != dimensions {
                let found = chunk.embedding.len();
                return Err(EngineError::Internal(format!("a stored vector has {found} numbers, not {dimensions}")));
            }
            data.extend_from_slice(&chunk.embedding);
        }
        Self::of(&data, dimensions)
    }

    /// Builds from vectors of `dimensions` numbers, one after the other.
    pub fn of(data: &[f32], dimensions: usize) -> Result<Self, EngineError> {
        build(data, dimensions, data.len() > LARGE * dimensions).map_err(failed)
    }

    /// Builds without a coarse index, whatever the number of vectors.
    pub fn exact(data: &[f32], dimensions: usize) -> Result<Self, EngineError> {
        build(data, dimensions, false).map_err(failed)
    }

    /// The indices of the `count` most similar chunks with their cosines, best first.
    pub fn search(&self, query: &[f32], count: usize) -> Result<Vec<(u32, f32)>, EngineError> {
        let found = match &self.coarse {
            None => ConcurrentIndex::search(&self.exact, query, count),
            Some(coarse) => ConcurrentIndex::search(coarse, query, count * RESCORED),
        };
        let found = found.map_err(failed)?;
        let places = found.labels.iter().zip(&found.distances).filter_map(|(label, score)| {
            // FAISS pads with "none" if there are fewer.
            Some((u32::try_from(label.get()?).ok()?, *score))
        });
        if self.coarse.is_none() {
            return Ok(places.collect());
        }
        let mut exact: Vec<_> = places.map(|(place, _)| (place, self.similarity(query, place))).collect();
        exact.sort_unstable_by(|(_, a), (_, b)| b.total_cmp(a));
        exact.truncate(count);
        Ok(exact)
    }

    /// The cosine of the query and one chunk.
    pub fn similarity(&self, query: &[f32], place: u32) -> f32 {
        let start = place as usize * query.len();
        dot(&self.exact.xb()[start..start + query.len()], query)
    }
}

fn build(data: &[f32], dimensions: usize, large: bool) -> Result<Vectors, faiss::error::Error> {
    let d = u32::try_from(dimensions).map_err(|_| faiss::error::Error::BadDimension)?;
    let mut exact = FlatIndexImpl::new_ip(d)?;
    exact.add(data)?;
    let mut bytes = size_of_val(data);
    let mut coarse = None;
    if large {
        let count = data.len() / dimensions;
        let CoarseLayout { cells, probes, sample_step } = CoarseLayout::of(count);
        let sample: Vec<f32> = data.chunks_exact(dimensions).step_by(sample_step).flatten().copied().collect();
        let (centres, code) = (FlatIndexImpl::new_ip(d)?, QuantizerType::QT_8bit_uniform);
        let mut index = Coarse::new_with_metric(centres, d, code, cells, MetricType::InnerProduct, None)?;
        index.train(&sample)?;
        index.add(data)?;
        index.set_nprobe(probes);
        bytes += count * (dimensions + size_of::<Idx>()) + cells as usize * dimensions * size_of::<f32>();
        coarse = Some(index);
    }
    Ok(Vectors { exact, coarse, bytes })
}

impl std::fmt::Debug for Vectors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vectors").field("count", &self.exact.ntotal()).finish_non_exhaustive()
    }
}

#[expect(clippy::needless_pass_by_value, reason = "given to map_err")]
fn failed(error: faiss::error::Error) -> EngineError {
    EngineError::Internal(format!("vector search: {error}"))
}

#[cfg(test)]
mod tests {
    use super::build;

    const DIMENSIONS: usize = 384;

    /// Unit vectors around a few hundred centres, from a fixed sequence.
    fn vectors(count: usize) -> Vec<f32> {
        let mut state = 1_u32;
        let mut next = move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f32::from(u16::try_from(state >> 16).unwrap()) / 32_768.0 - 1.0
        };
        let centres: Vec<Vec<f32>> = (0..200).map(|_| (0..DIMENSIONS).map(|_| next()).collect()).collect();
        let mut data = Vec::new();
        for index in 0..count {
            let vector: Vec<f32> = centres[index % 200].iter().map(|centre| centre + 0.5 * next()).collect();
            let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
            data.extend(vector.iter().map(|value| value / length));
        }
        data
    }

    #[test]
    fn the_coarse_index_finds_nearly_all_with_exact_similarities() {
        let data = vectors(20_000);
        let (exact, coarse) = (build(&data, DIMENSIONS, false).unwrap(), build(&data, DIMENSIONS, true).unwrap());
        assert!(coarse.bytes > exact.bytes);
        let (mut found, mut wanted) = (0, 0);
        for query in data.chunks_exact(DIMENSIONS).step_by(400) {
            let (best, near) = (exact.search(query, 10).unwrap(), coarse.search(query, 10).unwrap());
            assert_eq!(near.len(), 10);
            for (place, score) in &near {
                assert!((exact.similarity(query, *place) - score).abs() < 1e-6);
            }
            wanted += best.len();
            found += best.iter().filter(|(place, _)| near.iter().any(|(other, _)| other == place)).count();
        }
        assert!(found * 100 >= wanted * 98, "{found} of {wanted}");
    }

    #[test]
    fn asking_for_more_than_there_is_gives_what_there_is() {
        let data = vectors(3);
        assert_eq!(build(&data, DIMENSIONS, false).unwrap().search(&data[..DIMENSIONS], 10).unwrap().len(), 3);
    }
}
