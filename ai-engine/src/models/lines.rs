//! Splits bytes into lines, with bounded memory.
//!
//! This is not `tokio_util::codec::LinesCodec`: server-sent events may end a line with CR alone, a byte that is no
//! UTF-8 must not end the answer, and a byte order mark has to go. `AnyDelimiterCodec` would see a blank line inside CR
//! LF, which ends an event.

use super::AnswerError;

/// A whole answer may arrive as one line. A peer that never ends its line must not fill the memory.
const MAX_LINE_BYTES: usize = 4 * 1024 * 1024;

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Collects chunks, which may be cut anywhere, also inside a character, and returns whole lines. They end with LF, CR
/// LF or CR.
#[derive(Debug, Default)]
pub(super) struct Lines {
    buffer: Vec<u8>,
    /// The start of the current line.
    start: usize,
    /// Bytes before this offset contain no further line ending.
    scanned: usize,
    /// The last line ended with CR, so an LF that follows belongs to it.
    after_cr: bool,
    started: bool,
}

impl Lines {
    pub fn push(&mut self, chunk: &[u8]) {
        self.buffer.drain(..self.start);
        self.scanned -= self.start;
        self.start = 0;
        self.buffer.extend_from_slice(chunk);
    }

    /// The next whole line without its ending; `None`: push more.
    pub fn next_line(&mut self) -> Result<Option<String>, AnswerError> {
        if self.after_cr && self.start < self.buffer.len() {
            self.after_cr = false;
            self.start += usize::from(self.buffer[self.start] == b'\n');
            self.scanned = self.scanned.max(self.start);
        }
        let Some(length) = self.buffer[self.scanned..].iter().position(|byte| matches!(byte, b'\n' | b'\r')) else {
            self.scanned = self.buffer.len();
            if self.buffer.len() - self.start > MAX_LINE_BYTES {
                return Err(AnswerError::Garbled { detail: "an oversized line" });
            }
            return Ok(None);
        };
        let end = self.scanned + length;
        self.after_cr = self.buffer[end] == b'\r';
        let line = self.text(end);
        self.start = end + 1;
        self.scanned = self.start;
        Ok(Some(line))
    }

    /// The bytes after the last line ending.
    pub fn rest(&mut self) -> String {
        let rest = self.text(self.buffer.len());
        self.start = self.buffer.len();
        self.scanned = self.start;
        rest
    }

    /// Invalid UTF-8 becomes U+FFFD: it costs a character, not the answer.
    fn text(&mut self, end: usize) -> String {
        let line = &self.buffer[self.start..end];
        let marked = !std::mem::replace(&mut self.started, true);
        let line = if marked { line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line) } else { line };
        String::from_utf8_lossy(line).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::{Lines, MAX_LINE_BYTES};

    fn all(text: &str, size: usize) -> (Vec<String>, String) {
        let (mut lines, mut found) = (Lines::default(), Vec::new());
        for chunk in text.as_bytes().chunks(size) {
            lines.push(chunk);
            while let Some(line) = lines.next_line().unwrap() {
                found.push(line);
            }
        }
        (found, lines.rest())
    }

    #[test]
    fn lines_survive_any_cut() {
        let text = "\u{feff}data: grün\r\n\ndata: 日本語\r\rid: 1\nrest";
        for size in 1..text.len() {
            let (found, rest) = all(text, size);
            assert_eq!(found, ["data: grün", "", "data: 日本語", "", "id: 1"], "chunks of {size}");
            assert_eq!(rest, "rest");
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
    fn bytes_that_are_no_text_cost_a_character() {
        let mut lines = Lines::default();
        lines.push(b"a\xffb\n");
        assert_eq!(lines.next_line().unwrap().as_deref(), Some("a\u{fffd}b"));
    }
}
