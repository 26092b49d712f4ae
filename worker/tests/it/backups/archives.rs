//! Archives taken apart and put together again, by the formats' own libraries.

use std::fmt::Write as _;
use std::io::Cursor;
use std::iter;
use std::path::Path;

use age::x25519::Recipient;
use age::{Decryptor, Encryptor, IdentityFile};
use async_compression::tokio::bufread::GzipDecoder;
use async_compression::tokio::write::GzipEncoder;
use collabry_shared::backups::SigningKey;
use futures::StreamExt as _;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio_tar::{Builder, Header};
use tokio_util::compat::{
    FuturesAsyncReadCompatExt as _, FuturesAsyncWriteCompatExt as _, TokioAsyncReadCompatExt as _,
    TokioAsyncWriteCompatExt as _,
};

const MANIFEST: &str = "manifest.json";

/// Names and contents, in their order.
pub struct Archive(pub Vec<(String, Vec<u8>)>);

impl Archive {
    pub async fn read(file: &Path, keys: &str) -> Self {
        let identities = IdentityFile::from_buffer(Cursor::new(keys)).unwrap().into_identities().unwrap();
        let file = tokio::fs::File::open(file).await.unwrap();
        let opened = Decryptor::new_async(file.compat()).await.unwrap();
        let opened = opened.decrypt_async(identities.iter().map(|one| one.as_ref() as &dyn age::Identity)).unwrap();
        let mut tar = tokio_tar::Archive::new(GzipDecoder::new(BufReader::new(opened.compat())));
        let (mut entries, mut found) = (tar.entries().unwrap(), Vec::new());
        while let Some(entry) = entries.next().await {
            let (mut entry, mut content) = (entry.unwrap(), Vec::new());
            entry.read_to_end(&mut content).await.unwrap();
            found.push((String::from_utf8(entry.path_bytes().unwrap().into_owned()).unwrap(), content));
        }
        Self(found)
    }

    /// Encrypted to a public key, as anybody can.
    pub async fn write(&self, file: &Path, recipient: &str) {
        let recipient: Recipient = recipient.parse().unwrap();
        let encryptor = Encryptor::with_recipients(iter::once(&recipient as &dyn age::Recipient)).unwrap();
        let file = tokio::fs::File::create(file).await.unwrap();
        let output = encryptor.wrap_async_output(file.compat_write()).await.unwrap();
        let mut tar = Builder::new(GzipEncoder::new(output.compat_write()));
        for (name, content) in &self.0 {
            let mut header = Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o600);
            tar.append_data(&mut header, name, content.as_slice()).await.unwrap();
        }
        tar.into_inner().await.unwrap().shutdown().await.unwrap();
    }

    pub fn position(&self, begin: &str) -> usize {
        self.0.iter().position(|(name, _)| name.starts_with(begin)).unwrap()
    }

    /// Changes the manifest.
    pub fn manifest(&mut self, change: impl FnOnce(&mut Value)) {
        let at = self.position(MANIFEST);
        let mut manifest = serde_json::from_slice(&self.0[at].1).unwrap();
        change(&mut manifest);
        self.0[at].1 = serde_json::to_vec_pretty(&manifest).unwrap();
    }

    /// Makes the manifest say what is there.
    pub fn correct_the_manifest(&mut self) {
        let hashes: Vec<_> = self.0.iter().map(|(_, content)| hash(content)).collect();
        self.manifest(|manifest| {
            for (entry, hash) in manifest["entries"].as_array_mut().unwrap().iter_mut().zip(hashes) {
                entry["sha256"] = hash.into();
            }
        });
    }

    /// As if nobody had signed it.
    pub fn strip(&mut self) {
        self.manifest(|manifest| drop(manifest.as_object_mut().unwrap().remove("signer")));
        self.0.truncate(self.position(MANIFEST) + 1);
    }

    /// Signs it with another key, as who has no better one.
    pub fn sign(&mut self, key: &str) {
        let key: SigningKey = key.parse().unwrap();
        self.manifest(|manifest| manifest["signer"] = key.signer().to_string().into());
        let at = self.position(MANIFEST);
        let signature = key.sign(&self.0[at].1);
        self.0[at + 1].1 = signature;
    }
}

fn hash(content: &[u8]) -> String {
    let mut hex = String::new();
    for byte in Sha256::digest(content) {
        write!(hex, "{byte:02x}").unwrap();
    }
    hex
}
