//! `collabry demo`: creates a notebook to start with.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use collabry_api::{NewAccount, Passwords, accounts, random_password};
use collabry_shared::auth::{Email, Name};
use collabry_shared::clock::Clock as _;
use collabry_shared::config::Config;
use collabry_shared::ids::{NotebookId, SourceId, UserId};
use collabry_shared::notebooks::{Notebook, Title};
use collabry_shared::sources::{Format, IngestState, Source, SourceVersion};
use collabry_shared::storage::Blobs;
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use crate::cli::DemoOptions;
use crate::data_dir::{self, Lock};
use crate::embedded::{self, Embedded};

const TITLE: &str = "Demo: how plants and memory work";
const SOURCES: [(&str, &str); 3] = [
    ("Photosynthesis.md", include_str!("photosynthesis.md")),
    ("Learning that lasts.md", include_str!("learning.md")),
    ("Reading group minutes.md", include_str!("minutes.md")),
];
const QUESTIONS: [&str; 3] = [
    "Why are leaves green?",
    "How long should I wait before repeating what I learned?",
    "Who brings the microscope to the next meeting?",
];
const TIMED_OUT: &str = "the sources did not become ready in time";
const POLL_INTERVAL: Duration = Duration::from_millis(200);
const TIMEOUT: Duration = Duration::from_mins(2);

#[tokio::main]
pub async fn run(config: &Config, options: &DemoOptions) -> anyhow::Result<ExitCode> {
    let lock = data_dir::try_lock(&config.storage.data_dir)?;
    let embedded = embedded::build(config).await?;
    let (user, password) = account(&embedded, options).await?;
    let notebook = create_notebook(&embedded, user).await?;
    for (name, text) in SOURCES {
        add_source(&embedded, user, notebook, name, text).await?;
    }
    ingest(&embedded, lock, notebook).await?;
    print_result(&options.email, password.as_deref());
    Ok(ExitCode::SUCCESS)
}

/// Finds or creates the account; returns its password when it is new.
async fn account(embedded: &Embedded, options: &DemoOptions) -> anyhow::Result<(UserId, Option<String>)> {
    let email = Email::parse(&options.email)?;
    if let Some(user) = embedded.process.stores.users.by_email(&email).await? {
        return Ok((user.id, None));
    }
    let password = options.password.clone().unwrap_or_else(random_password);
    let name = Name::parse("Demo").context("the name of the demo's account")?;
    let new = NewAccount { email, name, password: SecretString::from(password.clone()) };
    let account = accounts::create(
        embedded.process.stores.users.as_ref(),
        &Passwords::default(),
        embedded.process.clock.as_ref(),
        new,
    )
    .await?;
    Ok((account.user.id, Some(password)))
}

async fn create_notebook(embedded: &Embedded, user: UserId) -> anyhow::Result<NotebookId> {
    let now = embedded.process.clock.now();
    let notebook = Notebook {
        id: NotebookId::new(),
        title: Title::parse(TITLE).context("the title of the demo's notebook")?,
        join_code: None,
        created_by: user,
        created_at: now,
        updated_at: now,
    };
    embedded.process.stores.notebooks.create(&notebook).await?;
    Ok(notebook.id)
}

async fn add_source(
    embedded: &Embedded,
    user: UserId,
    notebook: NotebookId,
    name: &str,
    text: &'static str,
) -> anyhow::Result<()> {
    let (id, now) = (SourceId::new(), embedded.process.clock.now());
    let blob_key = Blobs::source_key(notebook, id, 1);
    embedded.process.stores.blobs.put(&blob_key, text.into()).await?;
    let latest = SourceVersion::queued(1, Format::Markdown, text.len() as u64, blob_key, now);
    let source = Source::uploaded(id, notebook, user, name.to_owned(), latest);
    Ok(embedded.process.stores.sources.create(&source).await?)
}

/// Waits until the sources are ready. A running server that uses the data folder ingests them; otherwise this process does.
async fn ingest(embedded: &Embedded, lock: Option<Lock>, notebook: NotebookId) -> anyhow::Result<()> {
    if lock.is_none() {
        return tokio::time::timeout(TIMEOUT, wait_until_ready(embedded, notebook)).await.context(TIMED_OUT)?;
    }
    let stop = CancellationToken::new();
    let ready = async {
        let result = tokio::time::timeout(TIMEOUT, wait_until_ready(embedded, notebook)).await;
        stop.cancel();
        result.context(TIMED_OUT)?
    };
    let (ran, ready) = tokio::join!(embedded.engine.run(stop.clone()), ready);
    ran?;
    ready
}

async fn wait_until_ready(embedded: &Embedded, notebook: NotebookId) -> anyhow::Result<()> {
    let mut interval = tokio::time::interval(POLL_INTERVAL);
    loop {
        interval.tick().await;
        let sources = embedded.process.stores.sources.list(notebook).await?;
        for source in &sources {
            if let IngestState::Failed(failure) = &source.latest.state {
                bail!("{}: {}", source.name, failure.message);
            }
        }
        if sources.iter().all(|source| source.ready_version.is_some()) {
            return Ok(());
        }
    }
}

#[expect(clippy::print_stdout, reason = "what the user asked for")]
fn print_result(email: &str, password: Option<&str>) {
    println!("The notebook \"{TITLE}\" is ready.");
    match password {
        Some(password) => println!("Sign in as {email} with the password {password}"),
        None => println!("It is in the account {email}."),
    }
    println!("Try asking:");
    for question in QUESTIONS {
        println!("  {question}");
    }
    println!("Start the server, if it is not running, with: collabry serve");
}
