//! Writes entries into an archive that is compressed, and signed and encrypted where there are keys.

use std::io;
use std::iter;

use age::Encryptor;
use age::x25519::Recipient;
use anyhow::{Context as _, ensure};
use async_compression::tokio::write::GzipEncoder;
use collabry_shared::backups::SigningKey;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio_tar::{Builder, Header};
use tokio_util::compat::{FuturesAsyncWriteCompatExt as _, TokioAsyncWriteCompatExt as _};

use super::hashing::HashingReader;
use crate::backups::manifest::{self, Entry, Manifest};

/// The mode of each entry: only the user who extracts a backup can read it.
const OWNER_ONLY: u32 = 0o600;

type Output = Box<dyn AsyncWrite + Send + Unpin>;

pub struct ArchiveWriter {
    tar: Builder<GzipEncoder<Output>>,
    entries: Vec<Entry>,
}

impl ArchiveWriter {
    pub async fn new(
        output: impl AsyncWrite + Send + Unpin + 'static,
        recipient: Option<&Recipient>,
    ) -> io::Result<Self> {
        let output: Output = match recipient {
            None => Box::new(output),
            Some(recipient) => {
                let to = iter::once(recipient as &dyn age::Recipient);
                let encryptor = Encryptor::with_recipients(to).map_err(io::Error::other)?;
                Box::new(encryptor.wrap_async_output(output.compat_write()).await?.compat_write())
            }
        };
        Ok(Self { tar: Builder::new_non_terminated(GzipEncoder::new(output)), entries: Vec::new() })
    }

    /// Adds an entry of `bytes` bytes, which must be the size of `content`.
    pub async fn add(&mut self, name: String, bytes: u64, content: impl AsyncRead + Unpin) -> anyhow::Result<&Entry> {
        let mut content = HashingReader::new(content.take(bytes));
        self.append(&name, bytes, &mut content).await.with_context(|| format!("writing {name}"))?;
        let entry = content.entry(name);
        ensure!(entry.bytes == bytes, "{} has {} bytes instead of {bytes}", entry.name, entry.bytes);
        self.entries.push(entry);
        let Some(entry) = self.entries.last() else { unreachable!("one was added") };
        Ok(entry)
    }

    /// Adds the manifest and its signature, which complete the archive.
    pub async fn finish(mut self, manifest: Manifest, key: Option<&SigningKey>) -> anyhow::Result<Manifest> {
        let entries = std::mem::take(&mut self.entries);
        let manifest = Manifest { entries, signer: key.map(SigningKey::signer), ..manifest };
        let json = serde_json::to_vec_pretty(&manifest)?;
        self.append(manifest::NAME, json.len() as u64, json.as_slice()).await?;
        if let Some(key) = key {
            // After the manifest, where older programs no longer read.
            let signature = key.sign(&json);
            self.append(manifest::SIGNATURE, signature.len() as u64, signature.as_slice()).await?;
        }
        let mut output = self.tar.into_inner().await?;
        output.shutdown().await?;
        Ok(manifest)
    }

    async fn append(&mut self, name: &str, bytes: u64, content: impl AsyncRead + Unpin) -> io::Result<()> {
        let mut header = Header::new_gnu();
        header.set_size(bytes);
        header.set_mode(OWNER_ONLY);
        self.tar.append_data(&mut header, name, content).await
    }
}
