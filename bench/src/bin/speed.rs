//! How fast the product embeds and searches, beside its peers on the same data and threads.
#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use collabry_ai_engine::embeddings::{Embedder as _, LocalEmbedder, Priority, choose_blas_kernels, dot};
use collabry_ai_engine::retrieval::{CoarseLayout, Vectors};
use collabry_bench::made_up::{self, DIMENSIONS};
use collabry_bench::measure::{Peer, Took, timed};
use collabry_bench::requests;
use collabry_shared::command_line;
use collabry_shared::config::{Config, EngineConfig};

/// Each side runs in turns; the best round counts.
const ROUNDS: usize = 5;

const QUERIES: usize = 500;

/// Hits per query.
const HITS: usize = 10;

#[derive(Parser)]
#[command(about = "Measures embedding and search beside sentence-transformers and faiss-cpu")]
struct Args {
    /// What to measure; everything when not said.
    what: Option<What>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// Texts to vectors, beside sentence-transformers.
    Embed,
    /// Nearest vectors, beside faiss-cpu.
    Vectors,
    /// Whole search requests.
    Requests,
}

fn main() -> ExitCode {
    let args: Args = command_line::parse();
    if let Err(slow) = choose_blas_kernels() {
        eprintln!("speed: {slow}");
    }
    let run = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(anyhow::Error::from);
    match run.and_then(|runtime| runtime.block_on(speed(args.what))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("speed: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn speed(what: Option<What>) -> anyhow::Result<()> {
    let mut config = Config::from_env()?.engine;
    if config.threads == 0 {
        config.threads = std::thread::available_parallelism()?.get();
    }
    let wanted = |other| what.is_none_or(|what| what == other);
    let data = tempfile::tempdir()?;
    if wanted(What::Embed) {
        embed(&config, data.path()).await?;
    }
    if wanted(What::Vectors) {
        vectors(&config, data.path()).await?;
    }
    if wanted(What::Requests) {
        requests::measure(&config).await?;
    }
    Ok(())
}

async fn embed(config: &EngineConfig, data: &Path) -> anyhow::Result<()> {
    println!("\nembedding, {} threads, best of {ROUNDS} rounds", config.threads);
    heading("texts/s", "CPU ms/text");
    let embedder = LocalEmbedder::start(&config.model_dir, config.threads)?;
    let mut peer = Peer::start(&config.model_dir, data, config.threads)?;
    for (name, texts) in [("sentences", made_up::sentences(512)?), ("passages", made_up::passages(256)?)] {
        fs::write(data.join(format!("{name}.json")), serde_json::to_string(&texts)?)?;
        let (mut ours, mut theirs) = (Took::WORST, Took::WORST);
        let mut vectors = Vec::new();
        for _ in 0..ROUNDS {
            let (new, took) = timed(async { Ok(embedder.embed(texts.clone(), Priority::Background).await?) }).await?;
            (vectors, ours) = (new, ours.best(took));
            theirs = theirs.best(peer.round(&format!("embed {name}"))?);
        }
        let per_text = |took: Took| (count(texts.len()) / took.wall_secs, took.cpu_secs * 1e3 / count(texts.len()));
        line(&format!("{name} ({})", texts.len()), per_text(ours), per_text(theirs));
        let reference = floats(&fs::read(data.join(format!("{name}.peer")))?);
        let cosines = vectors.iter().zip(reference.chunks_exact(DIMENSIONS)).map(|(a, b)| dot(a, b));
        println!("{:<26}smallest cosine {:.6}", "", cosines.fold(f32::INFINITY, f32::min));
    }
    Ok(())
}

async fn vectors(config: &EngineConfig, data: &Path) -> anyhow::Result<()> {
    println!(
        "\nvector search, {DIMENSIONS} dimensions, {HITS} hits, {QUERIES} queries one by one, best of {ROUNDS} rounds"
    );
    heading("queries/s", "CPU ms/query");
    let (all, queries) = (made_up::vectors(100_000, 1), made_up::vectors(QUERIES, 2));
    fs::write(data.join("vectors.f32"), bytes(&all))?;
    fs::write(data.join("queries.f32"), bytes(&queries))?;
    let CoarseLayout { cells, probes, sample_step } = CoarseLayout::of(100_000);
    fs::write(data.join("coarse.json"), format!("[{cells}, {probes}, {sample_step}]"))?;
    let mut peer = Peer::start(&config.model_dir, data, config.threads)?;
    let exact = Vectors::exact(&all, DIMENSIONS)?;
    let coarse = Vectors::of(&all, DIMENSIONS)?;
    let small = Vectors::of(&all[..10_000 * DIMENSIONS], DIMENSIONS)?;
    for (name, index, command) in [
        ("10k, exact", &small, "search flat 10000"),
        ("100k, exact", &exact, "search flat 100000"),
        ("100k, as in the product", &coarse, "search coarse 100000"),
    ] {
        let (mut ours, mut theirs) = (Took::WORST, Took::WORST);
        for _ in 0..ROUNDS {
            ours = ours.best(timed(async { search(index, &queries) }).await?.1);
            theirs = theirs.best(peer.round(command)?);
        }
        let per_query = |took: Took| (count(QUERIES) / took.wall_secs, took.cpu_secs * 1e3 / count(QUERIES));
        line(name, per_query(ours), per_query(theirs));
    }
    println!("{:<26}recall@{HITS} of the last {:.3}", "", recall(&exact, &coarse, &queries)?);
    Ok(())
}

fn search(index: &Vectors, queries: &[f32]) -> anyhow::Result<()> {
    for query in queries.chunks_exact(DIMENSIONS) {
        index.search(query, HITS)?;
    }
    Ok(())
}

fn recall(exact: &Vectors, coarse: &Vectors, queries: &[f32]) -> anyhow::Result<f64> {
    let mut found = 0;
    for query in queries.chunks_exact(DIMENSIONS) {
        let near = coarse.search(query, HITS)?;
        let best = exact.search(query, HITS)?;
        found += best.iter().filter(|(place, _)| near.iter().any(|(other, _)| other == place)).count();
    }
    Ok(count(found) / count(QUERIES * HITS))
}

fn heading(rate: &str, cpu: &str) {
    println!("{:<26}{:>12}{:>10}{:>8}   {:>12}{:>10}{:>8}", "", rate, "peer", "ratio", cpu, "peer", "ratio");
}

/// Rates compare as ours by theirs (more is better), processor time likewise (less is better).
fn line(name: &str, ours: (f64, f64), theirs: (f64, f64)) {
    let (rate, cpu) = (ours.0 / theirs.0, ours.1 / theirs.1);
    println!("{name:<26}{:>12.1}{:>10.1}{rate:>8.2}   {:>12.3}{:>10.3}{cpu:>8.2}", ours.0, theirs.0, ours.1, theirs.1);
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn count(value: usize) -> f64 {
    value as f64
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}
