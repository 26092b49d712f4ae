//! Entries, one after the other, held against the manifest.

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
use super::hashing::Hashing;
use crate::backups::manifest::{self, Manifest};
use crate::backups::origin::Origin;

/// What every file that age encrypted begins with.
const AGE: &[u8] = b"age-encryption.org/";

/// What every gzip file begins with.
const GZIP: &[u8] = &[0x1f, 0x8b];

const FOLLOWED: &str = "something follows the manifest of the backup";

type Input = Box<dyn AsyncRead + Send + Unpin>;

/// Where the entries go.
#[async_trait]
pub trait Take: Send {
    /// Takes an entry, all of it.
    async fn take(&mut self, name: &str, content: &mut (dyn AsyncRead + Send + Unpin)) -> anyhow::Result<()>;
}

/// What an archive turned out to hold.
#[derive(Debug)]
pub struct Contents {
    pub manifest: Manifest,
    pub origin: Origin,
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
    /// An archive that the signer among `keys` must have made, if there is one.
    pub async fn open(input: impl AsyncRead + Send + Unpin + 'static, keys: &Keys) -> anyhow::Result<Self> {
        let mut begin = Vec::new();
        let mut input: Input = Box::new(input);
        (&mut input).take(AGE.len() as u64).read_to_end(&mut begin).await?;
        let encrypted = begin == AGE;
        ensure!(encrypted || begin.starts_with(GZIP), "this is not a backup");
        let input: Input = Box::new(Cursor::new(begin).chain(input));
        let input = if encrypted { decrypted(input, keys).await? } else { input };
        Ok(Self { tar: Archive::new(GzipDecoder::new(BufReader::new(input))), signer: keys.signer.clone() })
    }

    /// Hands every entry over, and then compares all of them with the manifest, whose signature it checks before that.
    pub async fn read(mut self, to: &mut dyn Take) -> anyhow::Result<Contents> {
        let read = async {
            let contents = self.entries(to).await?;
            self.end().await?;
            Ok(contents)
        };
        read.await.map_err(|error: anyhow::Error| {
            if cut_off(&error) { error.context("the backup was cut off: its end is missing") } else { error }
        })
    }

    async fn entries(&mut self, to: &mut dyn Take) -> anyhow::Result<Contents> {
        let mut found = Vec::new();
        let mut entries = self.tar.entries()?;
        while let Some((name, entry)) = next(&mut entries).await? {
            if name != manifest::NAME {
                let mut content = Hashing::new(entry);
                to.take(&name, &mut content).await.with_context(|| format!("reading {name}"))?;
                found.push(content.entry(name));
                continue;
            }
            let mut json = Vec::new();
            { entry }.read_to_end(&mut json).await.context("the manifest is damaged")?;
            let manifest = manifest(&json)?;
            let signature = signature(&mut entries).await?;
            let origin = Origin::check(&manifest, &json, signature.as_deref(), self.signer.as_ref())?;
            ensure!(manifest.entries == found, "the backup does not hold what its manifest says");
            return Ok(Contents { manifest, origin });
        }
        bail!("the backup was cut off: its manifest is missing")
    }

    /// Nothing but the zeros that fill up an archive of other tools may follow: what follows is in no manifest.
    async fn end(self) -> anyhow::Result<()> {
        let Ok(mut unpacked) = self.tar.into_inner() else { bail!("the archive is still being read") };
        let mut rest = [0; 8192];
        loop {
            match unpacked.read(&mut rest).await.context("the backup is damaged")? {
                0 => break,
                read => ensure!(rest[..read].iter().all(|byte| *byte == 0), FOLLOWED),
            }
        }
        // To the end of what is encrypted too, whose last piece says that it is the last.
        let mut packed = unpacked.into_inner();
        ensure!(packed.read(&mut rest).await.context("the backup is damaged")? == 0, FOLLOWED);
        Ok(())
    }
}

async fn next(entries: &mut Entries<Unpacked>) -> anyhow::Result<Option<(String, TarEntry<Archive<Unpacked>>)>> {
    let Some(entry) = entries.next().await else { return Ok(None) };
    let entry = entry.context("the backup is damaged")?;
    let name = String::from_utf8(entry.path_bytes()?.into_owned()).context("the backup is damaged")?;
    Ok(Some((name, entry)))
}

/// The one entry that may follow the manifest.
async fn signature(entries: &mut Entries<Unpacked>) -> anyhow::Result<Option<Vec<u8>>> {
    let Some((name, entry)) = next(entries).await? else { return Ok(None) };
    ensure!(name == manifest::SIGNATURE, FOLLOWED);
    let mut signature = Vec::new();
    entry.take(SIGNATURE_BYTES as u64 + 1).read_to_end(&mut signature).await.context("the signature is damaged")?;
    ensure!(next(entries).await?.is_none(), FOLLOWED);
    Ok(Some(signature))
}

/// Whether the input ended where more was announced. The archive's own reader has no kind for it.
fn cut_off(error: &anyhow::Error) -> bool {
    error.chain().filter_map(|cause| cause.downcast_ref::<std::io::Error>()).any(|cause| {
        cause.kind() == std::io::ErrorKind::UnexpectedEof || cause.to_string().to_lowercase().contains("unexpected eof")
    })
}

async fn decrypted(input: Input, keys: &Keys) -> anyhow::Result<Input> {
    ensure!(!keys.opens_nothing(), "the backup is encrypted; name the file with its secret key: --identity FILE");
    let decryptor = Decryptor::new_async(input.compat()).await.context("the backup is damaged")?;
    let opened = decryptor.decrypt_async(keys.identities()).context("the secret key does not fit this backup")?;
    Ok(Box::new(opened.compat()))
}

fn manifest(json: &[u8]) -> anyhow::Result<Manifest> {
    let format = serde_json::from_slice::<serde_json::Value>(json).ok().and_then(|json| json["format"].as_u64());
    let format = format.context("the manifest is damaged")?;
    ensure!(format == u64::from(manifest::FORMAT), "the backup has format {format}, which only a newer Collabry reads");
    serde_json::from_slice(json).context("the manifest is damaged")
}
