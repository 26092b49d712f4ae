//! A connection on which the test says what goes over it, and when.

use std::fmt::Write as _;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{User, multipart};

pub struct Raw(pub TcpStream);

impl Raw {
    /// Sends the head of a request with a body of some kind.
    pub async fn begin(user: &User<'_>, method: &str, path: &str, headers: &[(&str, &str)]) -> Self {
        let mut stream = TcpStream::connect(user.app.address).await.unwrap();
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {}\r\n", user.token);
        for (name, value) in headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        Self(stream)
    }

    /// Begins an upload of `name`, chunked, up to where the file's bytes go.
    pub async fn begin_upload(user: &User<'_>, path: &str, name: &str) -> Self {
        let headers = [("Content-Type", multipart::TYPE), ("Transfer-Encoding", "chunked")];
        let mut raw = Self::begin(user, "POST", path, &headers).await;
        raw.chunk(multipart::head("file", name).as_bytes()).await.unwrap();
        raw
    }

    pub async fn chunk(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.0.write_all(format!("{:x}\r\n", bytes.len()).as_bytes()).await?;
        self.0.write_all(bytes).await?;
        self.0.write_all(b"\r\n").await
    }

    /// Ends an upload as it should end, and reads the answer.
    pub async fn finish_upload(mut self) -> String {
        self.chunk(multipart::TAIL.as_bytes()).await.unwrap();
        self.0.write_all(b"0\r\n\r\n").await.unwrap();
        self.answer().await
    }

    /// The head of the answer.
    pub async fn answer(mut self) -> String {
        let mut received = Vec::new();
        while !received.windows(4).any(|window| window == b"\r\n\r\n") {
            if self.0.read_buf(&mut received).await.unwrap() == 0 {
                break;
            }
        }
        String::from_utf8_lossy(&received).into_owned()
    }
}
