//! How good retrieval is, end to end: files through the product's own ingestion, questions through its own search.
#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use collabry_ai_engine::sources::extract_child;
use collabry_bench::metrics::{Coverage, Stretch, mean, ndcg, recall};
use collabry_bench::sets::{Passages, Spans};
use collabry_bench::workbench::Workbench;
use collabry_shared::config::{Config, EngineConfig};
use collabry_shared::ids::SourceId;
use collabry_shared::sources::Format;

/// Hits that are asked for: enough for the largest budget of characters.
const HITS: u32 = 100;

const BUDGETS: [u64; 3] = [2_000, 5_000, 10_000];

/// A figure and what a plain pipeline reaches on the same set: `LangChain`'s default splitter (1,000 characters, overlap
/// 200) and the same embedding model, searched by FAISS Flat, by BM25 over the same chunks, and by the reciprocal rank
/// fusion of both. Measured for this project in November 2026, on the public sets only.
struct Baseline {
    vectors: f64,
    bm25: f64,
    fused: f64,
}

const fn baseline(vectors: f64, bm25: f64, fused: f64) -> Baseline {
    Baseline { vectors, bm25, fused }
}

const SPANS: [Baseline; 3] =
    [baseline(0.650, 0.743, 0.761), baseline(0.818, 0.888, 0.883), baseline(0.914, 0.927, 0.942)];
const PASSAGES: [Baseline; 3] =
    [baseline(0.729, 0.744, 0.762), baseline(0.738, 0.733, 0.774), baseline(0.875, 0.833, 0.883)];

#[derive(Parser)]
#[command(about = "Measures retrieval quality on question sets")]
struct Args {
    /// Folder with `spans` and `passages`; without it the project's own small set is used.
    #[arg(long, env = "COLLABRY_EVAL_DATA")]
    data: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Reads one file under tight limits; started by ingestion.
    #[command(hide = true)]
    Extract(extract_child::ExtractArgs),
}

fn main() -> ExitCode {
    let args = Args::parse();
    if let Some(Command::Extract(args)) = args.command {
        return extract_child::main(&args);
    }
    let run = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(anyhow::Error::from);
    match run.and_then(|runtime| runtime.block_on(eval(args.data))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("eval: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn eval(data: Option<PathBuf>) -> anyhow::Result<()> {
    let config = Config::from_env()?.engine;
    let public = data.filter(|folder| folder.join("spans").is_dir());
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("eval");
    let folder = public.as_deref().unwrap_or(&own);
    println!("question sets of {}", folder.display());
    let baselines = public.is_some();
    spans(&config, &folder.join("spans"), baselines).await?;
    passages(&config, &folder.join("passages"), baselines).await
}

async fn spans(config: &EngineConfig, folder: &Path, baselines: bool) -> anyhow::Result<()> {
    let set = Spans::load(folder)?;
    let bench = Workbench::open(config.clone()).await?;
    let mut names: HashMap<SourceId, String> = HashMap::new();
    for (name, text) in set.documents {
        names.insert(bench.add(&name, Format::Markdown, text).await?, name);
    }
    bench.ingest(Path::new("/proc/self/exe")).await?;
    let mut coverages: Vec<[Coverage; BUDGETS.len()]> = Vec::new();
    for query in &set.queries {
        let hits = bench.search(&query.text, HITS).await?;
        let hits: Vec<_> = hits
            .iter()
            .map(|hit| Stretch { document: names[&hit.source_id].clone(), range: hit.start..hit.end })
            .collect();
        let relevant: Vec<_> = query
            .relevant
            .iter()
            .map(|span| Stretch { document: span.doc.clone(), range: span.start..span.end })
            .collect();
        coverages.push(BUDGETS.map(|budget| Coverage::of(&hits, &relevant, budget)));
    }
    heading(&format!("spans: {} documents, {} questions", names.len(), set.queries.len()), baselines);
    for (index, budget) in BUDGETS.iter().enumerate() {
        let figure = mean(coverages.iter().map(|of| of[index].recall));
        line(&format!("Recall@{budget}"), figure, baselines.then_some(&SPANS[index]));
    }
    for (index, budget) in BUDGETS.iter().enumerate() {
        line(&format!("Precision@{budget}"), mean(coverages.iter().map(|of| of[index].precision)), None);
    }
    Ok(())
}

async fn passages(config: &EngineConfig, folder: &Path, baselines: bool) -> anyhow::Result<()> {
    let set = Passages::load(folder)?;
    let bench = Workbench::open(config.clone()).await?;
    let mut ids: HashMap<SourceId, String> = HashMap::new();
    for passage in set.corpus {
        let text = format!("{}\n\n{}", passage.title, passage.text);
        ids.insert(bench.add(&passage.title, Format::Text, text).await?, passage.id);
    }
    bench.ingest(Path::new("/proc/self/exe")).await?;
    let mut figures: Vec<[f64; 3]> = Vec::new();
    for query in &set.queries {
        let mut ranked: Vec<&str> = Vec::new();
        for hit in bench.search(&query.text, HITS).await? {
            let id = ids[&hit.source_id].as_str();
            if !ranked.contains(&id) {
                ranked.push(id);
            }
        }
        let relevant = &query.relevant;
        figures.push([ndcg(&ranked, relevant, 10), recall(&ranked, relevant, 5), recall(&ranked, relevant, 20)]);
    }
    heading(&format!("passages: {} sources, {} questions", ids.len(), set.queries.len()), baselines);
    for (index, name) in ["nDCG@10", "recall@5", "recall@20"].iter().enumerate() {
        line(name, mean(figures.iter().map(|of| of[index])), baselines.then_some(&PASSAGES[index]));
    }
    Ok(())
}

fn heading(title: &str, baselines: bool) {
    let columns = if baselines { "   vectors     BM25    fused" } else { "" };
    println!("\n{title}\n{:<18}{:>9}{columns}", "", "collabry");
}

fn line(name: &str, figure: f64, baseline: Option<&Baseline>) {
    match baseline {
        Some(Baseline { vectors, bm25, fused }) => {
            println!("{name:<18}{figure:>9.3} {vectors:>9.3}{bm25:>9.3}{fused:>9.3}");
        }
        None => println!("{name:<18}{figure:>9.3}"),
    }
}
