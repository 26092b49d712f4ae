//! Ranks the passages of loaded segments for one question.

use std::sync::Arc;

use collabry_shared::engine::{EngineError, SearchHit};
use rayon::prelude::*;

use super::fusion::fuse;
use super::segment::Segment;
use super::text::{Statistics, TextQuery};

/// Passages that each of the two searches proposes, at least: deep enough for a passage that both rank low to win.
const MIN_CANDIDATES: usize = 100;

/// Segment and chunk, by their places in the lists.
type Place = (usize, u32);

/// The best `limit` passages, best first. Runs on all threads of the current pool.
pub fn rank(
    segments: &[Arc<Segment>],
    query: &str,
    vector: &[f32],
    limit: usize,
) -> Result<Vec<SearchHit>, EngineError> {
    let count = limit.max(MIN_CANDIDATES);
    let (similar, matching) = rayon::join(|| by_vector(segments, vector, count), || by_text(segments, query, count));
    let (similar, matching) = (similar?, matching?);
    let mut fused = fuse(&places(&similar), &places(&matching));
    fused.truncate(limit);
    let hits = fused.into_iter().map(|fused| {
        let (segment, chunk) = (&segments[fused.item.0], fused.item.1);
        hit(segment, chunk, fused.score, segment.vectors.similarity(vector, chunk))
    });
    Ok(hits.collect())
}

fn by_vector(segments: &[Arc<Segment>], vector: &[f32], count: usize) -> Result<Vec<(Place, f32)>, EngineError> {
    best(segments, count, |segment| segment.vectors.search(vector, count.min(segment.chunks.len())))
}

fn by_text(segments: &[Arc<Segment>], query: &str, count: usize) -> Result<Vec<(Place, f32)>, EngineError> {
    let Some(query) = TextQuery::parse(query) else { return Ok(Vec::new()) };
    let statistics = segments
        .par_iter()
        .map(|segment| Statistics::of(&query, &segment.text))
        .try_reduce(Statistics::default, |a, b| Ok(a.and(b)))?;
    best(segments, count, |segment| segment.text.search(&query, &statistics, count))
}

/// The `count` best of what `search` finds in each segment.
fn best<F>(segments: &[Arc<Segment>], count: usize, search: F) -> Result<Vec<(Place, f32)>, EngineError>
where
    F: Fn(&Segment) -> Result<Vec<(u32, f32)>, EngineError> + Sync,
{
    let found = segments.par_iter().enumerate().map(|(at, segment)| {
        let found = search(segment)?;
        Ok::<_, EngineError>(found.into_iter().map(|(chunk, score)| ((at, chunk), score)).collect::<Vec<_>>())
    });
    let mut best = found.collect::<Result<Vec<_>, _>>()?.concat();
    best.sort_unstable_by(|(a_place, a), (b_place, b)| b.total_cmp(a).then(a_place.cmp(b_place)));
    best.truncate(count);
    Ok(best)
}

fn places(found: &[(Place, f32)]) -> Vec<Place> {
    found.iter().map(|(place, _)| *place).collect()
}

fn hit(segment: &Segment, chunk: u32, score: f32, similarity: f32) -> SearchHit {
    let chunk = &segment.chunks[chunk as usize];
    SearchHit {
        source_id: segment.id.source_id,
        version: segment.id.version,
        chunk_index: chunk.index,
        page: chunk.page,
        start: chunk.start,
        end: chunk.end,
        headings: chunk.headings.clone(),
        text: chunk.text.clone(),
        score,
        similarity,
    }
}
