//! A reader that knows what went through it.

use std::fmt::Write as _;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, ReadBuf};

use crate::backups::manifest::Entry;

pub struct Hashing<R> {
    inner: R,
    hash: Sha256,
    bytes: u64,
}

impl<R> Hashing<R> {
    pub fn new(inner: R) -> Self {
        Self { inner, hash: Sha256::new(), bytes: 0 }
    }

    /// What was read, under a name.
    pub fn entry(self, name: impl Into<String>) -> Entry {
        let mut sha256 = String::new();
        for byte in self.hash.finalize() {
            // Writing into a string does not fail.
            let _ = write!(sha256, "{byte:02x}");
        }
        Entry { name: name.into(), bytes: self.bytes, sha256 }
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Hashing<R> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        let read = &buf.filled()[before..];
        self.hash.update(read);
        self.bytes += read.len() as u64;
        Poll::Ready(Ok(()))
    }
}
