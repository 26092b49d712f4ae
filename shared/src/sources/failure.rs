//! Everything that can be wrong with a source: a stable code for machines and one sentence that says what to do.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::IngestFailure;

/// Why a source cannot be taken in. The codes are part of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureCode {
    // The file
    Empty,
    NoText,
    NotText,
    Encrypted,
    Damaged,
    Mislabelled,
    LegacyOffice,
    UnsupportedFormat,
    TooManyPages,
    TooMuchText,
    ZipBomb,
    FileMissing,
    // Reading it
    ExtractMemory,
    ExtractTimeout,
    ExtractCrashed,
    PdfToolsMissing,
    PdfLanguageMissing,
    /// A PDF whose pages are made by the form's own program (XFA).
    DynamicForm,
    // The address
    UrlNotAllowed,
    UrlUnreachable,
    /// The HTTP status of the answer.
    UrlStatus(u16),
    UrlTooLarge,
    UrlTimeout,
    UrlContentType,
    UrlTooManyRedirects,
    // The rest of ingestion
    TooManyPassages,
    PassagesSpent,
    EmbeddingFailed,
    IngestCrashed,
}

impl FailureCode {
    /// Stable, for machines.
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::NoText => "no_text",
            Self::NotText => "not_text",
            Self::Encrypted => "encrypted",
            Self::Damaged => "damaged",
            Self::Mislabelled => "mislabelled",
            Self::LegacyOffice => "legacy_office",
            Self::UnsupportedFormat => "unsupported_format",
            Self::TooManyPages => "too_many_pages",
            Self::TooMuchText => "too_much_text",
            Self::ZipBomb => "zip_bomb",
            Self::FileMissing => "file_missing",
            Self::ExtractMemory => "extract_memory",
            Self::ExtractTimeout => "extract_timeout",
            Self::ExtractCrashed => "extract_crashed",
            Self::PdfToolsMissing => "pdf_tools_missing",
            Self::PdfLanguageMissing => "pdf_language_missing",
            Self::DynamicForm => "dynamic_form",
            Self::UrlNotAllowed => "url_not_allowed",
            Self::UrlUnreachable => "url_unreachable",
            Self::UrlStatus(_) => "url_status",
            Self::UrlTooLarge => "url_too_large",
            Self::UrlTimeout => "url_timeout",
            Self::UrlContentType => "url_content_type",
            Self::UrlTooManyRedirects => "url_too_many_redirects",
            Self::TooManyPassages => "too_many_passages",
            Self::PassagesSpent => "passages_spent",
            Self::EmbeddingFailed => "embedding_failed",
            Self::IngestCrashed => "ingest_crashed",
        }
    }

    /// For people: what is wrong and what to do.
    pub fn message(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Empty => "This file is empty. Check it and upload it again.",
            Self::NoText => {
                "No text found. If this is a scan, run OCR on it and upload it again; Collabry doesn't do OCR."
            }
            Self::NotText => "This isn't a text file. If it is a document, save it as PDF or DOCX and upload that.",
            Self::Encrypted => {
                "This file is encrypted, with a password or for certain readers only. Remove the protection and upload it again."
            }
            Self::Damaged => "This file is damaged or incomplete. Open and re-save it, then upload it again.",
            Self::Mislabelled => {
                "This file's content doesn't match its extension. Rename it, or save it in the format that the extension \
                 stands for."
            }
            Self::LegacyOffice => "This is an old Office format. Save it as DOCX, PPTX or XLSX and upload that.",
            Self::UnsupportedFormat => {
                "This file type isn't supported. Upload PDF, DOCX, PPTX, XLSX, CSV, HTML, Markdown or plain text."
            }
            Self::TooManyPages => "This document has too many pages. Split it into smaller parts.",
            Self::TooMuchText => "This document has too much text. Split it into smaller parts.",
            Self::ZipBomb => {
                "This file unpacks to far more than its size and was not opened. Re-save it with less content, then upload \
                 it again."
            }
            Self::FileMissing => "The stored file is missing. Upload it again.",
            Self::ExtractMemory => "This file takes too much memory to process. Split it into smaller parts.",
            Self::ExtractTimeout => "This file takes too long to process. Split it into smaller parts.",
            Self::ExtractCrashed => {
                "This file couldn't be read: its reader stopped unexpectedly. Re-save it, or save it as PDF, and upload it \
                 again."
            }
            Self::PdfToolsMissing => {
                "PDFs can't be read here yet. Ask whoever runs this server to install poppler-utils, then try again."
            }
            Self::PdfLanguageMissing => {
                "The text of this PDF can't be decoded here yet. Ask whoever runs this server to install poppler-data \
                 (character maps for Chinese, Japanese and Korean), then try again."
            }
            Self::DynamicForm => {
                "This PDF is a form that only Adobe's programs can show. Open it there, print it to a PDF file and upload \
                 that."
            }
            Self::UrlNotAllowed => {
                "This address isn't allowed. Use a public http or https address without a user name or special port."
            }
            Self::UrlUnreachable => "This address can't be reached. Check it in a browser and try again.",
            Self::UrlStatus(status) => {
                return Cow::Owned(format!(
                    "This address answers with status {status} instead of a page. Check that it opens without signing in, \
                     and try again."
                ));
            }
            Self::UrlTooLarge => "This page is too large. Upload the part that you need as a file.",
            Self::UrlTimeout => "This site is responding too slowly. Try again later, or upload the page as a file.",
            Self::UrlContentType => {
                "This page's content type isn't supported. Use a web page, PDF, Office document or text."
            }
            Self::UrlTooManyRedirects => "This address redirects too often. Use the address where it ends up.",
            Self::TooManyPassages => {
                "This document has too much text for one source. Split it and upload the parts that you need."
            }
            Self::PassagesSpent => {
                "You have added as much text as one person can within an hour. Try this source again later."
            }
            Self::EmbeddingFailed => "The text couldn't be made searchable. Try again later.",
            Self::IngestCrashed => "This file couldn't be processed. Try another format.",
        })
    }

    /// The failure as it is stored with the source; `step` is where it happened.
    pub fn at(self, step: &str) -> IngestFailure {
        IngestFailure { at: step.to_owned(), code: self.code().to_owned(), message: self.message().into_owned() }
    }
}
