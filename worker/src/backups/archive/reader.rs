//! Reads the entries of an archive one after the other and checks them against the manifest.

use std::fmt;
use std::io::Cursor;

use age::Decryptor;
use anyhow::{Context as _, bail, ensure};
use async_compression::tokio::bufread::GzipDecoder;
use async_trait::async_trait;
use collabry_shared::backups::{SIGNATURE_BYTES, Signer};
use futures::StreamExt as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, BufReader};
use tokio_tar::{Archive, Entries, Entry as TarEntry};
use tokio_util::compat::{FuturesAsyncReadCompatExt as _, TokioAsyncReadCompatExt as _};

use super::Keys;
use super::hashing::HashingReader;
use crate::backups::manifest::{self, Manifest};
use crate::backups::signature::SignatureStatus;

/// The first bytes of every file encrypted by age.
const AGE_MAGIC: &[u8] = b"age-encryption.org/";

/// The first bytes of every gzip file.
const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];

const TRAILING_DATA: &str = "the backup has unexpected data after its manifest";

type Input = Box<dyn AsyncRead + Send + Unpin>;

/// Where the entries are written to.
#[async_trait]
pub trait EntrySink: Send {
    /// Writes an entry, reading all of `content`.
    async fn write_entry(&mut self, name: &str, content: &mut (dyn AsyncRead + Send + Unpin)) -> anyhow::Result<()>;
}

/// The checked contents of an archive.
#[derive(Debug)]
pub struct Contents {
    pub manifest: Manifest,
    pub signature: SignatureStatus,
}

type Unpacked = GzipDecoder<BufReader<Input>>;

pub struct ArchiveReader {
    tar: Archive<Unpacked>,
    signer: Option<Signer>,
}

impl fmt::Debug for ArchiveReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArchiveReader").field("signer", &self.signer).finish_non_exhaustive()
    }
}

impl ArchiveReader {
    /// Opens an archive. If `keys` name a signer, that signer must have signed it.
    pub async fn open(input: impl AsyncRead + Send + Unpin + 'static, keys: &Keys) -> anyhow::Result<Self> {
        let mut magic = Vec::new();
        let mut input: Input = Box::new(input);
        (&mut input).take(AGE_MAGIC.len() as u64).read_to_end(&mut magic).await?;
        let encrypted = magic == AGE_MAGIC;
        ensure!(encrypted || magic.starts_with(GZIP_MAGIC), "this is not a backup");
        let input: Input = Box::new(Cursor::new(magic).chain(input));
        let input = if encrypted { decrypt(input, keys).await? } else { input };
        Ok(Self { tar: Archive::new(GzipDecoder::new(BufReader::new(input))), signer: keys.signer.clone() })
    }

    /// Writes every entry to the sink, then checks the manifest's signature and compares all entries with the manifest.
    pub async fn read(mut self, sink: &mut dyn EntrySink) -> anyhow::Result<Contents> {
        let read = async {
            let contents = self.read_entries(sink).await?;
            self.expect_end().await?;
            Ok(contents)
        };
        read.await.map_err(|error: anyhow::Error| {
            if is_truncated(&error) { error.context("the backup was cut off: its end is missing") } else { error }
        })
    }

    async fn read_entries(&mut self, sink: &mut dyn EntrySink) -> anyhow::Result<Contents> {
        let mut found = Vec::new();
        let mut entries = self.tar.entries()?;
        while let Some((name, entry)) = next(&mut entries).await? {
            if name != manifest::NAME {
                let mut content = HashingReader::new(entry);
                sink.write_entry(&name, &mut content).await.with_context(|| format!("reading {name}"))?;
                found.push(content.entry(name));
                continue;
            }
            let mut json = Vec::new();
            { entry }.read_to_end(&mut json).await.context("the manifest is damaged")?;
            let manifest = manifest(&json)?;
            let signature = signature(&mut entries).await?;
            let signature = SignatureStatus::check(&manifest, &json, signature.as_deref(), self.signer.as_ref())?;
            ensure!(manifest.entries == found, "the backup does not match its manifest");
            return Ok(Contents { manifest, signature });
        }
        bail!("the backup was cut off: its manifest is missing")
    }

    /// Fails unless the archive ends here. Only the zeros with which other tools pad an archive may follow: no manifest covers
    /// anything else.
    async fn expect_end(self) -> anyhow::Result<()> {
        let Ok(mut unpacked) = self.tar.into_inner() else { bail!("the archive is still being read") };
        let mut rest = [0; 8192];
        loop {
            match unpacked.read(&mut rest).await.context("the backup is damaged")? {
                0 => break,
                read => ensure!(rest[..read].iter().all(|byte| *byte == 0), TRAILING_DATA),
            }
        }
        // Reads to the end of the encrypted data too: age's last chunk is marked, so this detects truncation.
        let mut packed = unpacked.into_inner();
        ensure!(packed.read(&mut rest).await.context("the backup is damaged")? == 0, TRAILING_DATA);
        Ok(())
    }
}

async fn next(entries: &mut Entries<Unpacked>) -> anyhow::Result<Option<(String, TarEntry<Archive<Unpacked>>)>> {
    let Some(entry) = entries.next().await else { return Ok(None) };
    let entry = entry.context("the backup is damaged")?;
    let name = String::from_utf8(entry.path_bytes()?.into_owned()).context("the backup is damaged")?;
    Ok(Some((name, entry)))
}

/// Reads the signature, the one entry that may follow the manifest.
async fn signature(entries: &mut Entries<Unpacked>) -> anyhow::Result<Option<Vec<u8>>> {
    let Some((name, entry)) = next(entries).await? else { return Ok(None) };
    ensure!(name == manifest::SIGNATURE, TRAILING_DATA);
    let mut signature = Vec::new();
    entry.take(SIGNATURE_BYTES as u64 + 1).read_to_end(&mut signature).await.context("the signature is damaged")?;
    ensure!(next(entries).await?.is_none(), TRAILING_DATA);
    Ok(Some(signature))
}

/// Whether the input ended too early. The tar reader has no error kind for that, so its message is searched.
fn is_truncated(error: &anyhow::Error) -> bool {
    error.chain().filter_map(|cause| cause.downcast_ref::<std::io::Error>()).any(|cause| {
        cause.kind() == std::io::ErrorKind::UnexpectedEof || cause.to_string().to_lowercase().contains("unexpected eof")
    })
}

async fn decrypt(input: Input, keys: &Keys) -> anyhow::Result<Input> {
    ensure!(!keys.is_empty(), "the backup is encrypted; name the file with its secret key: --identity FILE");
    let decryptor = Decryptor::new_async(input.compat()).await.context("the backup is damaged")?;
    let opened = decryptor.decrypt_async(keys.identities()).context("the secret key does not open this backup")?;
    Ok(Box::new(opened.compat()))
}

fn manifest(json: &[u8]) -> anyhow::Result<Manifest> {
    let format = serde_json::from_slice::<serde_json::Value>(json).ok().and_then(|json| json["format"].as_u64());
    let format = format.context("the manifest is damaged")?;
    ensure!(format == u64::from(manifest::FORMAT), "the backup has format {format}, which only a newer Collabry reads");
    serde_json::from_slice(json).context("the manifest is damaged")
}
