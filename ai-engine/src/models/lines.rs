//! Bytes to lines, with bounded memory.

use super::AnswerError;

/// Far above any token's line; a peer that sends no line end cannot fill the memory.
const MAX_LINE_BYTES: usize = 256 * 1024;

/// Collects chunks that are cut anywhere, also inside a character, and gives back whole lines.
#[derive(Debug, Default)]
pub(super) struct Lines {
    buffer: Vec<u8>,
    /// Start of the line that is being collected.
    start: usize,
    /// Bytes before this place hold no further line end.
    scanned: usize,
}

impl Lines {
    pub fn push(&mut self, chunk: &[u8]) {
        self.buffer.drain(..self.start);
        self.scanned -= self.start;
        self.start = 0;
        self.buffer.extend_from_slice(chunk);
    }

    /// The next whole line without its end; `None`: push more.
    pub fn next_line(&mut self) -> Result<Option<String>, AnswerError> {
        let Some(length) = self.buffer[self.scanned..].iter().position(|byte| *byte == b'\n') else {
            self.scanned = self.buffer.len();
            if self.buffer.len() - self.start > MAX_LINE_BYTES {
                return Err(AnswerError::Garbled { detail: "a line without end" });
            }
            return Ok(None);
        };
        let end = self.scanned + length;
        let line = text(&self.buffer[self.start..end]);
        self.start = end + 1;
        self.scanned = self.start;
        line.map(Some)
    }

    /// What came after the last line end.
    pub fn rest(&mut self) -> Result<String, AnswerError> {
        let rest = text(&self.buffer[self.start..]);
        self.start = self.buffer.len();
        self.scanned = self.start;
        rest
    }
}

fn text(line: &[u8]) -> Result<String, AnswerError> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match std::str::from_utf8(line) {
        Ok(text) => Ok(text.to_owned()),
        Err(_) => Err(AnswerError::Garbled { detail: "text that is not UTF-8" }),
    }
}

#[cfg(test)]
mod tests {
    use super::{Lines, MAX_LINE_BYTES};

    #[test]
    fn lines_survive_any_cut() {
        let text = "data: grün\r\n\ndata: 日本語\nrest";
        for size in 1..text.len() {
            let (mut lines, mut found) = (Lines::default(), Vec::new());
            for chunk in text.as_bytes().chunks(size) {
                lines.push(chunk);
                while let Some(line) = lines.next_line().unwrap() {
                    found.push(line);
                }
            }
            assert_eq!(found, ["data: grün", "", "data: 日本語"], "chunks of {size}");
            assert_eq!(lines.rest().unwrap(), "rest");
            assert_eq!(lines.rest().unwrap(), "");
        }
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let mut lines = Lines::default();
        lines.push(&vec![b'x'; MAX_LINE_BYTES]);
        assert_eq!(lines.next_line().unwrap(), None);
        lines.push(b"x");
        assert!(lines.next_line().is_err());
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        let mut lines = Lines::default();
        lines.push(b"\xff\xfe\n");
        assert!(lines.next_line().is_err());
    }
}
