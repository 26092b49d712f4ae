//! How good retrieval is, end to end: files through the product's own ingestion, questions through its own search.
#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use collabry_ai_engine::embeddings::choose_blas_kernels;
use collabry_ai_engine::sources::extract_child;
use collabry_bench::metrics::{Coverage, Stretch, ndcg, recall, share_words};
use collabry_bench::quotes::{Quote, Quotes, quotes};
use collabry_bench::sets::{Half, Passages, Spans};
use collabry_bench::table::{Baseline, Table, baseline};
use collabry_bench::workbench::Workbench;
use collabry_shared::command_line;
use collabry_shared::config::{Config, EngineConfig};
use collabry_shared::ids::SourceId;
use collabry_shared::sources::Format;

/// Hits that are asked for: enough for the largest budget of characters.
const HITS: u32 = 100;

const BUDGETS: [u64; 3] = [2_000, 5_000, 10_000];

const SPANS: [Baseline; 3] =
    [baseline(0.650, 0.743, 0.761), baseline(0.818, 0.888, 0.883), baseline(0.914, 0.927, 0.942)];
const PASSAGES: [(&str, Baseline); 3] = [
    ("nDCG@10", baseline(0.729, 0.744, 0.762)),
    ("recall@5", baseline(0.738, 0.733, 0.774)),
    ("recall@20", baseline(0.875, 0.833, 0.883)),
];

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
    let args: Args = command_line::parse();
    if let Some(Command::Extract(args)) = args.command {
        return extract_child::main(&args);
    }
    if let Err(slow) = choose_blas_kernels() {
        eprintln!("eval: {slow}");
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
    let mut names: HashMap<SourceId, &str> = HashMap::new();
    for (name, text) in &set.documents {
        names.insert(bench.add(name, Format::Markdown, text.clone()).await?, name);
    }
    bench.ingest(Path::new("/proc/self/exe")).await?;
    let mut table = Table::new(format!("spans: {} documents, {} questions", names.len(), set.queries.len()));
    for query in &set.queries {
        let half = query.half();
        let hits = bench.search(&query.text, HITS).await?;
        let stretches: Vec<_> = hits
            .iter()
            .map(|hit| Stretch { document: names[&hit.source_id].to_owned(), range: hit.start..hit.end })
            .collect();
        let relevant: Vec<_> = query
            .relevant
            .iter()
            .map(|span| Stretch { document: span.doc.clone(), range: span.start..span.end })
            .collect();
        let coverages = BUDGETS.map(|budget| (budget, Coverage::of(&stretches, &relevant, budget)));
        for (budget, coverage) in coverages {
            table.add(half, &format!("Recall@{budget}"), coverage.recall);
        }
        for (budget, coverage) in coverages {
            table.add(half, &format!("Precision@{budget}"), coverage.precision);
        }
        let spans = set.texts(query);
        let is_relevant = |quote: &Quote| spans.iter().any(|span| share_words(&quote.text, span));
        quoted(&mut table, half, &quotes(&bench.embedder, &query.text, &hits).await?, is_relevant);

        let mut elsewhere = bench.segments().await?;
        elsewhere.retain(|segment| query.relevant.iter().all(|span| span.doc != names[&segment.source_id]));
        let hits = bench.search_among(elsewhere, &query.text, HITS).await?;
        let answered = quotes(&bench.embedder, &query.text, &hits).await?.answered;
        table.add(half, "answered elsewhere", share(answered));
    }
    for (budget, baseline) in BUDGETS.iter().zip(SPANS).filter(|_| baselines) {
        table.compare(&format!("Recall@{budget}"), baseline);
    }
    println!("\n{table}");
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
    let mut table = Table::new(format!("passages: {} sources, {} questions", ids.len(), set.queries.len()));
    for query in &set.queries {
        let (half, relevant) = (query.half(), &query.relevant);
        let hits = bench.search(&query.text, HITS).await?;
        let mut ranked: Vec<&str> = Vec::new();
        for hit in &hits {
            let id = ids[&hit.source_id].as_str();
            if !ranked.contains(&id) {
                ranked.push(id);
            }
        }
        table.add(half, "nDCG@10", ndcg(&ranked, relevant, 10));
        table.add(half, "recall@5", recall(&ranked, relevant, 5));
        table.add(half, "recall@20", recall(&ranked, relevant, 20));
        let is_relevant = |quote: &Quote| relevant.contains(&ids[&quote.source]);
        quoted(&mut table, half, &quotes(&bench.embedder, &query.text, &hits).await?, is_relevant);
    }
    for (name, baseline) in PASSAGES.into_iter().filter(|_| baselines) {
        table.compare(name, baseline);
    }
    println!("\n{table}");
    Ok(())
}

/// How the built-in answerer did: whether it gave an answer, and whether what it quotes first, or at all, is relevant.
fn quoted(table: &mut Table, half: Half, answer: &Quotes, is_relevant: impl Fn(&Quote) -> bool) {
    table.add(half, "answered", share(answer.answered));
    table.add(half, "first quote", share(answer.quotes.first().is_some_and(&is_relevant)));
    table.add(half, "any quote", share(answer.quotes.iter().any(is_relevant)));
}

fn share(yes: bool) -> f64 {
    f64::from(u8::from(yes))
}
