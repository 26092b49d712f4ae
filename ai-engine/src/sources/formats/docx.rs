//! Word documents: paragraphs with their numbers, headings by style, tables, formulas, notes, charts,
//! comments, headers and footers.

use collabry_shared::sources::FailureCode;

use super::archive::Archive;
use super::docx_body::BodyReader;
use super::docx_numbering::Numbering;
use super::docx_parts::PartReader;
use super::docx_styles::Styles;
use super::{Input, docx_links, xml};
use crate::sources::document::Document;

pub fn read(input: &Input<'_>) -> Result<Document, FailureCode> {
    let mut archive = Archive::open(input.path)?;
    let part = archive.main_part("word/document.xml")?;
    let body = archive.required(&part)?;
    let styles = archive.text("word/styles.xml")?.map_or_else(|| Ok(Styles::default()), |xml| Styles::parse(&xml))?;
    let numbering = archive.text("word/numbering.xml")?;
    let numbering = numbering.map_or_else(|| Ok(Numbering::default()), |xml| Numbering::parse(&xml))?;
    let links = archive.relationships(&part)?;
    let drawings = docx_links::drawings(&mut archive, &links)?;
    let mut builder = input.builder();
    if let Some(core) = archive.text("docProps/core.xml")? {
        builder.title(&xml::text_of(&core, "title")?.unwrap_or_default());
    }
    let parts = PartReader { styles: &styles, numbering: numbering.clone(), max_text_bytes: input.max_text_bytes };
    let mut reader = BodyReader::new(&styles, numbering, drawings, &mut builder);
    reader.read(&body)?;
    reader.put_drawings()?;
    for notes in ["word/footnotes.xml", "word/endnotes.xml"] {
        if let Some(notes) = archive.text(notes)? {
            reader.read(&notes)?;
        }
    }
    reader.put_comments(docx_links::comments(&mut archive, &links, &parts)?)?;
    docx_links::read_margins(&mut archive, &links, &parts, &mut builder)?;
    archive.note_omitted(&part, &mut builder)?;
    builder.finish()
}
