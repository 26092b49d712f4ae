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
            Self::Empty => "The file is empty; check it and upload it again.",
            Self::NoText => {
                "No text was found. If these are scanned pages or pictures, run text recognition (OCR) on them first: it \
                 is not done here."
            }
            Self::NotText => "This is not a text file; if it is a document, save it as PDF or DOCX and upload that.",
            Self::Encrypted => {
                "The file is encrypted, with a password or for certain readers only; remove the protection and upload it again."
            }
            Self::Damaged => "The file is damaged or incomplete; open it in its program, save it again and upload it.",
            Self::Mislabelled => {
                "The file's content is not what its name says; give it its right ending, or save it in the format that \
                 the ending names."
            }
            Self::LegacyOffice => "This is an old Office format; save it as DOCX, PPTX or XLSX and upload that.",
            Self::UnsupportedFormat => {
                "This kind of file cannot be read; upload PDF, DOCX, PPTX, XLSX, CSV, HTML, Markdown or plain text."
            }
            Self::TooManyPages => "The document has more pages than are allowed; split it and upload the parts.",
            Self::TooMuchText => "The document has more text than is allowed; split it and upload the parts.",
            Self::ZipBomb => {
                "The file unpacks to far more than its size and was not opened; save it again in its program, with \
                 smaller content."
            }
            Self::FileMissing => "The stored file is gone; upload it again.",
            Self::ExtractMemory => "Reading the file needs more memory than is allowed; split it and upload the parts.",
            Self::ExtractTimeout => "Reading the file takes longer than is allowed; split it and upload the parts.",
            Self::ExtractCrashed => {
                "The file could not be read: its reader stopped unexpectedly. Save it again in its program, or as PDF, \
                 and upload it again."
            }
            Self::PdfToolsMissing => {
                "PDFs cannot be read here yet: the operator has to install poppler-utils; then try again."
            }
            Self::PdfLanguageMissing => {
                "Text of this PDF cannot be decoded here yet: the operator has to install poppler-data (character maps \
                 for Chinese, Japanese and Korean); then try again."
            }
            Self::DynamicForm => {
                "This PDF is a form that only Adobe's programs can show; open it there, print it to a PDF file and upload \
                 that."
            }
            Self::UrlNotAllowed => {
                "This address is not allowed; use a public http or https address without a user name or special port."
            }
            Self::UrlUnreachable => "The address cannot be reached; check it in a browser and try again.",
            Self::UrlStatus(status) => {
                return Cow::Owned(format!(
                    "The address answers with status {status} instead of a page; check that it opens without signing in, \
                     and try again."
                ));
            }
            Self::UrlTooLarge => "The page is larger than is allowed; add a smaller part of it as a file.",
            Self::UrlTimeout => "The address answers too slowly; try again later, or upload the page as a file.",
            Self::UrlContentType => {
                "The address holds something that cannot be read; use a web page, PDF, Office document or text."
            }
            Self::UrlTooManyRedirects => "The address redirects too often; use the address where it ends up.",
            Self::TooManyPassages => {
                "The document makes more passages than one source may have; split it and upload the parts that you need."
            }
            Self::PassagesSpent => {
                "You have added as much text as one person may within an hour; try this source again later."
            }
            Self::EmbeddingFailed => "The text could not be made searchable; try again later.",
            Self::IngestCrashed => {
                "Reading this file ended the program each time; try again, or upload it in another format."
            }
        })
    }

    /// The failure as it is stored with the source; `step` is where it happened.
    pub fn at(self, step: &str) -> IngestFailure {
        IngestFailure { at: step.to_owned(), code: self.code().to_owned(), message: self.message().into_owned() }
    }
}
