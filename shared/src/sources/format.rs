//! What kind of file something is.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{FailureCode, padding, wide};

/// What a file is, told by its content first and its name second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    Pdf,
    Docx,
    Pptx,
    Xlsx,
    Csv,
    Html,
    Markdown,
    Text,
    /// A web page that has not been fetched yet.
    Web,
}

/// The content is of no kind that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", code.message())]
pub struct UnknownFormat {
    pub code: FailureCode,
}

/// So many bytes from the start of a file are enough for [`Format::sniff`].
pub const SNIFF_BYTES: usize = 8192;

/// Signatures of files that are never documents, but often carry a document's name.
const FOREIGN: &[&[u8]] = &[
    b"\x89PNG\r\n",
    b"\xFF\xD8\xFF",
    b"GIF8",
    b"MZ",
    b"\x7FELF",
    b"\x1F\x8B",
    b"BZh",
    b"\xFD7zXZ",
    b"7z\xBC\xAF",
    b"Rar!",
    b"RIFF",
    b"OggS",
    b"ID3",
    b"II*\0",
    b"MM\0*",
    b"\xCA\xFE\xBA\xBE",
    b"\xCF\xFA\xED\xFE",
    b"SQLite format 3\0",
];

const OLE: &[u8] = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";

impl Format {
    /// The name that the API uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Docx => "docx",
            Self::Pptx => "pptx",
            Self::Xlsx => "xlsx",
            Self::Csv => "csv",
            Self::Html => "html",
            Self::Markdown => "markdown",
            Self::Text => "text",
            Self::Web => "web",
        }
    }

    /// The format of a file that begins with `head` (up to [`SNIFF_BYTES`]) and is called `name`. Zip containers are
    /// told apart here by what the head shows and by the name; only opening them tells for sure.
    pub fn sniff(head: &[u8], name: &str) -> Result<Self, UnknownFormat> {
        let named = Named::of(name);
        let decoded = wide_text(head);
        let text = decoded.as_ref().map_or(head, |text| text.as_bytes()).trim_ascii_start();
        if text.is_empty() {
            Err(UnknownFormat { code: FailureCode::Empty })
        } else if find(&head[..head.len().min(1024)], b"%PDF-") {
            Ok(Self::Pdf)
        } else if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
            named.zip(head)
        } else if head.starts_with(OLE) {
            Err(UnknownFormat { code: named.ole(head) })
        } else if text.starts_with(b"{\\rtf") {
            Err(UnknownFormat { code: FailureCode::LegacyOffice })
        } else if FOREIGN.iter().any(|magic| head.starts_with(magic)) || decoded.is_none() && !looks_like_text(head) {
            Err(UnknownFormat { code: named.binary() })
        } else {
            named.text(text)
        }
    }
}

/// What a file's name claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named {
    Format(Format),
    Other,
}

impl Named {
    fn of(name: &str) -> Self {
        let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
        Self::Format(match extension.as_deref() {
            Some("pdf") => Format::Pdf,
            Some("docx" | "docm" | "dotx") => Format::Docx,
            Some("pptx" | "pptm" | "ppsx") => Format::Pptx,
            Some("xlsx" | "xlsm") => Format::Xlsx,
            Some("csv" | "tsv") => Format::Csv,
            Some("html" | "htm" | "xhtml") => Format::Html,
            Some("md" | "markdown" | "mdx") => Format::Markdown,
            Some("txt" | "text" | "log") => Format::Text,
            _ => return Self::Other,
        })
    }

    /// The parts named in the first local headers show the kind; else the name decides.
    fn zip(self, head: &[u8]) -> Result<Format, UnknownFormat> {
        let seen = [(&b"word/"[..], Format::Docx), (b"ppt/", Format::Pptx), (b"xl/", Format::Xlsx)];
        if let Some((_, format)) = seen.into_iter().find(|(folder, _)| find(head, folder)) {
            return Ok(format);
        }
        match self {
            Self::Format(format @ (Format::Docx | Format::Pptx | Format::Xlsx)) => Ok(format),
            _ => Err(UnknownFormat { code: self.binary() }),
        }
    }

    /// Office wraps password-protected files in the container of its old formats.
    fn ole(self, head: &[u8]) -> FailureCode {
        let wrapped = find(head, &utf16_le("EncryptedPackage"));
        if wrapped || matches!(self, Self::Format(Format::Docx | Format::Pptx | Format::Xlsx)) {
            FailureCode::Encrypted
        } else {
            FailureCode::LegacyOffice
        }
    }

    fn binary(self) -> FailureCode {
        match self {
            Self::Format(Format::Csv | Format::Html | Format::Markdown | Format::Text) => FailureCode::NotText,
            Self::Format(_) => FailureCode::Mislabelled,
            Self::Other => FailureCode::UnsupportedFormat,
        }
    }

    fn text(self, trimmed: &[u8]) -> Result<Format, UnknownFormat> {
        match self {
            Self::Format(Format::Markdown) => Ok(Format::Markdown),
            Self::Format(Format::Csv) => Ok(Format::Csv),
            Self::Format(Format::Html) => Ok(Format::Html),
            _ if is_html(trimmed) => Ok(Format::Html),
            Self::Format(Format::Text) | Self::Other => Ok(Format::Text),
            Self::Format(_) => Err(UnknownFormat { code: FailureCode::Mislabelled }),
        }
    }
}

fn is_html(trimmed: &[u8]) -> bool {
    let start = trimmed.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(trimmed);
    let start = start[..start.len().min(512)].to_ascii_lowercase();
    let opens = |text: &[u8]| text.starts_with(b"<!doctype html") || text.starts_with(b"<html");
    opens(start.trim_ascii_start()) || (start.starts_with(b"<?xml") && find(&start, b"<html"))
}

/// What is written with two or four bytes a character.
fn wide_text(head: &[u8]) -> Option<String> {
    wide::marked(head)
        .or_else(|| if head.len() < SNIFF_BYTES { wide::decoded(head) } else { wide::decoded_start(head) })
}

/// Text has no NUL and hardly any other control character.
fn looks_like_text(head: &[u8]) -> bool {
    let head = padding::without(head);
    let strange = head.iter().filter(|byte| is_strange_control(**byte)).count();
    !head.contains(&0) && strange * 50 <= head.len()
}

fn is_strange_control(byte: u8) -> bool {
    byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0C | 0x1B) || byte == 0x7F
}

fn find(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

fn utf16_le(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::{FailureCode, Format, utf16_le};

    fn code(head: &[u8], name: &str) -> FailureCode {
        Format::sniff(head, name).unwrap_err().code
    }

    #[test]
    fn content_goes_before_the_name() {
        assert_eq!(Format::sniff(b"%PDF-1.7\n", "notes.txt"), Ok(Format::Pdf));
        assert_eq!(Format::sniff(b"\n\n%PDF-1.7\n", "paper"), Ok(Format::Pdf));
        assert_eq!(Format::sniff(b"\xEF\xBB\xBF <!DOCTYPE html><title>x", "page.txt"), Ok(Format::Html));
        assert_eq!(Format::sniff(b"<?xml version='1.0'?><html>", "page"), Ok(Format::Html));
        assert_eq!(Format::sniff(b"PK\x03\x04....word/document.xml", "report.pptx"), Ok(Format::Docx));
    }

    #[test]
    fn the_name_decides_between_kinds_of_text_and_of_zip() {
        assert_eq!(Format::sniff(b"# Title", "README.md"), Ok(Format::Markdown));
        assert_eq!(Format::sniff(b"<html>", "README.md"), Ok(Format::Markdown));
        assert_eq!(Format::sniff(b"a,b\n1,2", "t.CSV"), Ok(Format::Csv));
        assert_eq!(Format::sniff(b"fn main() {}", "main.rs"), Ok(Format::Text));
        assert_eq!(Format::sniff(&utf16_le("\u{feff}hello"), "a.txt"), Ok(Format::Text));
        assert_eq!(Format::sniff(&utf16_le("hello there"), "a.txt"), Ok(Format::Text));
        assert_eq!(Format::sniff(&utf16_le("<!doctype html><p>x"), "page"), Ok(Format::Html));
        assert_eq!(Format::sniff(&utf16_le("\u{feff}<html>"), "page"), Ok(Format::Html));
        assert_eq!(Format::sniff(b"caf\xE9", "a.txt"), Ok(Format::Text));
        assert_eq!(Format::sniff(b"A DOS text.\r\n\x1A", "a.txt"), Ok(Format::Text));
        assert_eq!(Format::sniff(&[b"a log\n".as_slice(), &[0; 99]].concat(), "a.log"), Ok(Format::Text));
        assert_eq!(Format::sniff(b"PK\x03\x04", "t.xlsx"), Ok(Format::Xlsx));
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        assert_eq!(code(b"", "a.txt"), FailureCode::Empty);
        assert_eq!(code(b" \r\n\t", "a.txt"), FailureCode::Empty);
        assert_eq!(code(b"\x89PNG\r\n\x1a\n", "scan.pdf"), FailureCode::Mislabelled);
        assert_eq!(code(b"hello", "letter.docx"), FailureCode::Mislabelled);
        assert_eq!(code(b"MZ\x90\0", "notes.txt"), FailureCode::NotText);
        assert_eq!(code(b"abc\0def", "notes.md"), FailureCode::NotText);
        assert_eq!(code(b"\x89PNG\r\n\x1a\n", "photo.png"), FailureCode::UnsupportedFormat);
        assert_eq!(code(b"PK\x03\x04", "files.zip"), FailureCode::UnsupportedFormat);
        assert_eq!(code(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "old.doc"), FailureCode::LegacyOffice);
        assert_eq!(code(b"{\\rtf1 hello}", "old.doc"), FailureCode::LegacyOffice);
        assert_eq!(code(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "secret.docx"), FailureCode::Encrypted);
    }
}
