//! PDF: text by page, lines joined into paragraphs.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use collabry_shared::sources::{FailureCode, Unread};

use super::{Input, pdf_layout, pdf_tools};
use crate::sources::document::Document;

/// The end mark may be followed by a little rubbish, as after a download.
const TAIL_BYTES: u64 = 64 * 1024;

pub fn read(input: &Input<'_>) -> Result<Document, FailureCode> {
    let info = pdf_tools::info(input.path)?;
    if info.pages == 0 || !has_end(input.path).map_err(|_| FailureCode::FileMissing)? {
        return Err(FailureCode::Damaged);
    }
    let page_count = usize::try_from(info.pages).map_err(|_| FailureCode::TooManyPages)?;
    input.check_pages(page_count)?;
    let output = pdf_tools::text(input.path, input.max_text_bytes as u64)?;
    if output.lacks_language {
        // Part of it may have been read, and nobody would see which.
        return Err(FailureCode::PdfLanguageMissing);
    }
    if output.text.trim().is_empty() {
        return Err(if output.faulty { FailureCode::Damaged } else { FailureCode::NoText });
    }
    let mut builder = input.builder();
    builder.title(&info.title.unwrap_or_default());
    let mut pages = pdf_layout::pages(&output.text);
    pages.resize(page_count, Vec::new());
    // As the program gave them: what the layout drops of a page was read.
    let mut given = output.text.split('\u{c}').map(str::trim);
    for page in pages {
        builder.page();
        if given.next().is_none_or(str::is_empty) {
            builder.omit(Unread::PagesWithoutText);
        }
        for paragraph in page {
            builder.block(&paragraph)?;
        }
    }
    builder.finish()
}

/// A file that was cut off may still show its first pages; to take those for the whole would be worse than an error.
fn has_end(path: &Path) -> std::io::Result<bool> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    Ok(tail.windows(5).any(|window| window == b"%%EOF"))
}
