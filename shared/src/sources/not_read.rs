//! What ingestion could not read of a document, so that no source claims more than was read.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The most pages that are named; further ones are only counted.
pub const MAX_NAMED_PAGES: usize = 100;

/// The kinds of content that are not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unread {
    PagesWithoutText,
    Pictures,
    Charts,
    Diagrams,
    EmbeddedFiles,
    HeadersAndFooters,
    Frames,
    /// A kind from a newer version.
    #[serde(other)]
    Other,
}

/// One kind of content of a version that was not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotRead {
    pub what: Unread,
    pub count: u32,
    /// Where, for the first hundred; empty when the format has no pages.
    #[serde(default)]
    #[schema(required = true)]
    pub pages: Vec<u32>,
    /// For people.
    pub message: String,
}

impl NotRead {
    /// `page_count` is that of the whole document, if it has pages.
    pub fn new(what: Unread, count: u32, mut pages: Vec<u32>, page_count: Option<u32>) -> Self {
        pages.truncate(MAX_NAMED_PAGES);
        Self { what, count, pages, message: sentence(what, count, page_count) }
    }
}

fn sentence(what: Unread, count: u32, page_count: Option<u32>) -> String {
    let (one, many) = match what {
        Unread::PagesWithoutText => {
            let verb = if count == 1 { "has" } else { "have" };
            let of = page_count.map_or_else(|| format!("{count} pages"), |pages| format!("{count} of {pages} pages"));
            return format!("{of} {verb} no readable text; run OCR on them if they are scans.");
        }
        Unread::Pictures => ("picture was", "pictures were"),
        Unread::Charts => ("chart was", "charts were"),
        Unread::Diagrams => ("diagram was", "diagrams were"),
        Unread::EmbeddedFiles => ("embedded file was", "embedded files were"),
        Unread::HeadersAndFooters => ("header or footer was", "headers and footers were"),
        Unread::Frames => ("frame of another page was", "frames of other pages were"),
        Unread::Other => ("part was", "parts were"),
    };
    format!("{count} {} not read.", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_count() {
        let message = |what, count, pages| NotRead::new(what, count, Vec::new(), pages).message;
        let ocr = "no readable text; run OCR on them if they are scans.";
        assert_eq!(message(Unread::PagesWithoutText, 3, Some(12)), format!("3 of 12 pages have {ocr}"));
        assert_eq!(message(Unread::PagesWithoutText, 1, Some(12)), format!("1 of 12 pages has {ocr}"));
        assert_eq!(message(Unread::Charts, 1, None), "1 chart was not read.");
        assert_eq!(message(Unread::HeadersAndFooters, 2, None), "2 headers and footers were not read.");
    }

    #[test]
    fn what_a_newer_version_names_is_something() {
        assert_eq!(serde_json::from_str::<Unread>("\"holograms\"").unwrap(), Unread::Other);
    }
}
