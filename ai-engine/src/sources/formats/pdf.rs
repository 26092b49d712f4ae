//! PDF: text by page, lines joined into paragraphs.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use collabry_shared::sources::{FailureCode, Unread};

use super::pdf_direction::is_right_to_left;
use super::pdf_page::{Line, Page};
use super::{Input, pdf_annotations, pdf_layout, pdf_ligatures, pdf_pictures, pdf_tools};
use crate::sources::document::Document;

/// The end marker may be followed by a little garbage, as after a download.
const TAIL_BYTES: u64 = 64 * 1024;

/// The notice of XFA forms is shorter, in any language.
const MAX_PLACEHOLDER_BYTES: usize = 3000;

/// Adobe's notice in its commoner languages, and the addresses that all of them name.
const PLACEHOLDER_SIGNS: &[&str] = &[
    "please wait",
    "pdf viewer may not",
    "adobe.com/go/reader",
    "adobe reader",
    "acrobat reader",
    "bitte warten",
    "veuillez patienter",
    "espere",
    "attendere",
];

pub fn read(input: &Input<'_>) -> Result<Document, FailureCode> {
    let info = pdf_tools::info(input.path)?;
    if info.pages == 0 || !has_end(input.path).map_err(|_| FailureCode::FileMissing)? {
        return Err(FailureCode::Damaged);
    }
    let page_count = usize::try_from(info.pages).map_err(|_| FailureCode::TooManyPages)?;
    input.check_pages(page_count)?;
    let max_bytes = input.max_text_bytes as u64;
    let mut output = pdf_tools::text(input.path, max_bytes)?;
    // What was read successfully is kept, even if the second pass fails.
    if runs_from_right_to_left(&output.pages)
        && let Some(rewritten) = pdf_ligatures::as_characters(input.path)
        && let Ok(again) = pdf_tools::text_of_bytes(rewritten, max_bytes)
        && again.pages.len() == output.pages.len()
    {
        output.pages = again.pages;
    }
    if output.lacks_language {
        // Only a part may have been read, and nobody would notice.
        return Err(FailureCode::PdfLanguageMissing);
    }
    if output.pages.iter().all(|page| page.blocks.is_empty()) {
        return Err(if output.faulty { FailureCode::Damaged } else { FailureCode::NoText });
    }
    if info.has_xfa && is_placeholder(&output.pages) {
        return Err(FailureCode::DynamicForm);
    }
    let mut builder = input.builder();
    builder.title(&info.title.unwrap_or_default());
    // The pages as poppler returned them: what the layout drops was still read.
    let mut has_text: Vec<bool> = output.pages.iter().map(|page| !page.blocks.is_empty()).collect();
    has_text.resize(page_count, false);
    let mut notes = pdf_annotations::add_to(input.path, info.has_form, &mut output.pages);
    notes.resize(page_count, Vec::new());
    let mut pages = pdf_layout::pages(output.pages);
    pages.resize(page_count, Vec::new());
    // If the search for them fails, the file is read all the same.
    let pictures = pdf_pictures::pages(&pdf_tools::pictures(input.path).unwrap_or_default());
    for (((page, notes), has_text), number) in pages.iter().zip(notes).zip(has_text).zip(1..) {
        builder.page();
        if has_text {
            pictures.iter().filter(|page| **page == number).for_each(|_| builder.omit(Unread::Pictures));
        } else {
            builder.omit(Unread::PagesWithoutText);
        }
        for paragraph in page {
            builder.block(paragraph)?;
        }
        for note in notes {
            builder.block(&note)?;
        }
    }
    let mut document = builder.finish()?;
    for _ in 0..pdf_tools::attachments(input.path).unwrap_or_default() {
        document.omit(Unread::EmbeddedFiles, None);
    }
    Ok(document)
}

fn runs_from_right_to_left(pages: &[Page]) -> bool {
    let mut words = pages.iter().flat_map(|page| page.blocks.iter().flatten()).flat_map(|line| &line.words);
    words.any(|word| word.text.contains(is_right_to_left))
}

/// The notice for programs that cannot render an XFA form: it is not the text of the document.
fn is_placeholder(pages: &[Page]) -> bool {
    let lines = pages.iter().flat_map(|page| page.blocks.iter().flatten());
    let text = lines.map(Line::text).collect::<Vec<_>>().join(" ").to_lowercase();
    let says = |sign: &&str| text.contains(*sign);
    text.len() < MAX_PLACEHOLDER_BYTES && PLACEHOLDER_SIGNS.iter().any(says)
}

/// A truncated file may still show its first pages; presenting them as the whole would be worse than an error.
fn has_end(path: &Path) -> std::io::Result<bool> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    Ok(tail.windows(5).any(|window| window == b"%%EOF"))
}
