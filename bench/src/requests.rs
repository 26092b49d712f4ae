//! Whole search requests: question to vector, segments from memory, both searches, fusion.

use std::time::{Duration, Instant};

use collabry_shared::config::EngineConfig;
use collabry_shared::sources::Chunk;

use crate::made_up::{self, DIMENSIONS};
use crate::workbench::Workbench;

const CHUNKS_PER_SOURCE: usize = 40;

const REQUESTS: usize = 300;

const HITS: u32 = 10;

/// Prints the first request, which loads everything, and the percentiles of those after it.
#[expect(clippy::print_stdout, reason = "its output is what it is for")]
pub async fn measure(config: &EngineConfig) -> anyhow::Result<()> {
    println!("\nsearch requests, one after the other, {CHUNKS_PER_SOURCE} chunks a source, {HITS} hits");
    println!("{:<26}{:>12}{:>12}{:>12}{:>12}", "", "first, ms", "p50, ms", "p99, ms", "MB loaded");
    for sources in [50, 1000] {
        let bench = Workbench::open(config.clone()).await?;
        fill(&bench, sources).await?;
        let questions = made_up::sentences(REQUESTS + 1)?;
        let mut times = Vec::with_capacity(questions.len());
        for question in &questions {
            let start = Instant::now();
            bench.search(question, HITS).await?;
            times.push(start.elapsed());
        }
        let first = times.remove(0);
        times.sort_unstable();
        let megabytes = bench.retrieval.memory_used() / 1_000_000;
        let [first, p50, p99] = [first, times[REQUESTS / 2], times[REQUESTS * 99 / 100]].map(millis);
        println!("{:<26}{first:>12.1}{p50:>12.1}{p99:>12.1}{megabytes:>12}", format!("{sources} sources"));
    }
    Ok(())
}

/// Sources whose vectors are made up, because embedding so many takes long; the searches cost the same.
async fn fill(bench: &Workbench, sources: usize) -> anyhow::Result<()> {
    let texts = made_up::passages(sources * CHUNKS_PER_SOURCE)?;
    let vectors = made_up::vectors(texts.len(), 3);
    let mut all = texts.into_iter().zip(vectors.chunks_exact(DIMENSIONS));
    for source in 0..sources {
        let mut chunks = Vec::with_capacity(CHUNKS_PER_SOURCE);
        for (index, (text, vector)) in (0..).zip(all.by_ref().take(CHUNKS_PER_SOURCE)) {
            let end = text.chars().count() as u64;
            let embedding = vector.to_vec();
            chunks.push(Chunk { index, start: 0, end, page: 1, headings: Vec::new(), text, embedding });
        }
        bench.add_chunks(&format!("Source {source}"), &chunks).await?;
    }
    Ok(())
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
