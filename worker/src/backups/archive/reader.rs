//! Entries, one after the other, held against the manifest.

use std::fmt;
use std::io::Cursor;
use std::path::Path;

use age::{Decryptor, Identity, IdentityFile};
use anyhow::{Context as _, bail, ensure};
use async_compression::tokio::bufread::GzipDecoder;
use async_trait::async_trait;
use futures::StreamExt as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, BufReader};
use tokio_tar::{Archive, Entry as TarEntry};
use tokio_util::compat::{FuturesAsyncReadCompatExt as _, TokioAsyncReadCompatExt as _};

use super::hashing::Hashing;
use crate::backups::manifest::{self, Manifest};

/// What every file that age encrypted begins with.
const AGE: &[u8] = b"age-encryption.org/";

/// What every gzip file begins with.
const GZIP: &[u8] = &[0x1f, 0x8b];

type Input = Box<dyn AsyncRead + Send + Unpin>;

/// Secret keys; none, when the backup is not encrypted.
#[derive(Default)]
pub struct Keys(Vec<Box<dyn Identity + Send + Sync>>);

impl Keys {
    /// Those of a file as `collabry backup-key` and `age-keygen` make it.
    pub fn of_file(file: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read(file).with_context(|| format!("reading {}", file.display()))?;
        Self::of_text(&text).with_context(|| format!("{} holds no secret keys of age", file.display()))
    }

    /// Those of such a file's content.
    pub fn of_text(text: &[u8]) -> anyhow::Result<Self> {
        let keys = IdentityFile::from_buffer(Cursor::new(text)).ok().and_then(|file| file.into_identities().ok());
        Ok(Self(keys.context("this is no secret key of age")?))
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} secret keys", self.0.len())
    }
}

/// Where the entries go.
#[async_trait]
pub trait Take: Send {
    /// Takes an entry, all of it.
    async fn take(&mut self, name: &str, content: &mut (dyn AsyncRead + Send + Unpin)) -> anyhow::Result<()>;
}

pub struct ArchiveReader(Archive<GzipDecoder<BufReader<Input>>>);

impl fmt::Debug for ArchiveReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArchiveReader").finish_non_exhaustive()
    }
}

impl ArchiveReader {
    pub async fn open(input: impl AsyncRead + Send + Unpin + 'static, keys: &Keys) -> anyhow::Result<Self> {
        let mut begin = Vec::new();
        let mut input: Input = Box::new(input);
        (&mut input).take(AGE.len() as u64).read_to_end(&mut begin).await?;
        let encrypted = begin == AGE;
        ensure!(encrypted || begin.starts_with(GZIP), "this is no backup");
        let input: Input = Box::new(Cursor::new(begin).chain(input));
        let input = if encrypted { decrypted(input, keys).await? } else { input };
        Ok(Self(Archive::new(GzipDecoder::new(BufReader::new(input)))))
    }

    /// Hands every entry over, and then compares all of them with the manifest.
    pub async fn read(self, to: &mut dyn Take) -> anyhow::Result<Manifest> {
        self.entries(to).await.map_err(|error| {
            if cut_off(&error) { error.context("the backup was cut off: its end is missing") } else { error }
        })
    }

    async fn entries(mut self, to: &mut dyn Take) -> anyhow::Result<Manifest> {
        let mut found = Vec::new();
        let mut entries = self.0.entries()?;
        while let Some(entry) = entries.next().await {
            let mut entry = entry.context("the backup is damaged")?;
            let name = String::from_utf8(entry.path_bytes()?.into_owned()).context("the backup is damaged")?;
            if name == manifest::NAME {
                let manifest = manifest(&mut entry).await?;
                ensure!(manifest.entries == found, "the backup does not hold what its manifest says");
                return Ok(manifest);
            }
            let mut content = Hashing::new(entry);
            to.take(&name, &mut content).await.with_context(|| format!("reading {name}"))?;
            found.push(content.entry(name));
        }
        bail!("the backup was cut off: its manifest is missing")
    }
}

/// Whether the input ended where more was announced. The archive's own reader has no kind for it.
fn cut_off(error: &anyhow::Error) -> bool {
    error.chain().filter_map(|cause| cause.downcast_ref::<std::io::Error>()).any(|cause| {
        cause.kind() == std::io::ErrorKind::UnexpectedEof || cause.to_string().to_lowercase().contains("unexpected eof")
    })
}

async fn decrypted(input: Input, keys: &Keys) -> anyhow::Result<Input> {
    ensure!(!keys.0.is_empty(), "the backup is encrypted; name the file with its secret key: --identity FILE");
    let decryptor = Decryptor::new_async(input.compat()).await.context("the backup is damaged")?;
    let keys = keys.0.iter().map(|key| key.as_ref() as &dyn Identity);
    let opened = decryptor.decrypt_async(keys).context("the secret key does not fit this backup")?;
    Ok(Box::new(opened.compat()))
}

async fn manifest(entry: &mut TarEntry<Archive<GzipDecoder<BufReader<Input>>>>) -> anyhow::Result<Manifest> {
    let mut json = Vec::new();
    entry.read_to_end(&mut json).await.context("the manifest is damaged")?;
    let format = serde_json::from_slice::<serde_json::Value>(&json).ok().and_then(|json| json["format"].as_u64());
    let format = format.context("the manifest is damaged")?;
    ensure!(format == u64::from(manifest::FORMAT), "the backup has format {format}, which only a newer Collabry reads");
    serde_json::from_slice(&json).context("the manifest is damaged")
}
