//! Ranks the passages of loaded segments for one question.

use std::sync::Arc;

use collabry_shared::engine::{EngineError, SearchHit};
use rayon::prelude::*;

use super::fusion::{Candidates, fuse};
use super::segment::Segment;
use super::text::{Statistics, TextQuery};

/// The least number of candidates of each of the two searches: enough for a passage that both rank low to win.
const MIN_CANDIDATES: usize = 100;

/// The share of a question's information that a good match by words has. A question whose distinctive words occur
/// nowhere finds passages by its "how", "the" and "from"; those must not count as much as real matches.
const GOOD_MATCH: f32 = 0.5;

/// The indices of a segment and its chunk.
type Position = (usize, u32);

/// The best `limit` passages, best first. Runs on all threads of the current pool.
pub fn rank(
    segments: &[Arc<Segment>],
    query: &str,
    vector: &[f32],
    limit: usize,
) -> Result<Vec<SearchHit>, EngineError> {
    let count = limit.max(MIN_CANDIDATES);
    let (similar, matching) = rayon::join(|| by_vector(segments, vector, count), || by_text(segments, query, count));
    let mut fused = fuse(&similar?, &matching?);
    fused.truncate(limit);
    let hits = fused.into_iter().map(|((segment, chunk), score)| {
        let segment = &segments[segment];
        hit(segment, chunk, score, segment.vectors.similarity(vector, chunk))
    });
    Ok(hits.collect())
}

fn by_vector(segments: &[Arc<Segment>], vector: &[f32], count: usize) -> Result<Candidates<Position>, EngineError> {
    let found = best(segments, count, |segment| segment.vectors.search(vector, count.min(segment.chunks.len())))?;
    let floor = found.last().map_or(0.0, |(_, score)| *score);
    Ok(Candidates { found, floor, good: floor })
}

fn by_text(segments: &[Arc<Segment>], query: &str, count: usize) -> Result<Candidates<Position>, EngineError> {
    let (Some(query), Some(first)) = (TextQuery::parse(query), segments.first()) else { return Ok(Candidates::none()) };
    let statistics = segments
        .par_iter()
        .map(|segment| Statistics::of(&query, &segment.text))
        .try_reduce(|| Statistics::none(&query), |a, b| Ok(a.and(&b)))?;
    let weighed = query.weigh(&statistics, &first.text)?;
    let found = best(segments, count, |segment| segment.text.search(&weighed, count))?;
    // If there are fewer, every match was found, and the other passages have no term of the question.
    let floor = found.get(count - 1).map_or(0.0, |(_, score)| *score);
    Ok(Candidates { found, floor, good: statistics.information() * GOOD_MATCH })
}

/// The `count` best of what `search` finds in each segment.
fn best<F>(segments: &[Arc<Segment>], count: usize, search: F) -> Result<Vec<(Position, f32)>, EngineError>
where
    F: Fn(&Segment) -> Result<Vec<(u32, f32)>, EngineError> + Sync,
{
    let found = segments.par_iter().enumerate().map(|(at, segment)| {
        let found = search(segment)?;
        Ok::<_, EngineError>(found.into_iter().map(|(chunk, score)| ((at, chunk), score)).collect::<Vec<_>>())
    });
    let mut best = found.collect::<Result<Vec<_>, _>>()?.concat();
    best.sort_unstable_by(|(a_position, a), (b_position, b)| b.total_cmp(a).then(a_position.cmp(b_position)));
    best.truncate(count);
    Ok(best)
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
