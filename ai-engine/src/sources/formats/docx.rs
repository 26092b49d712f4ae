//! Word documents: paragraphs, headings by style, lists, tables, notes.

use collabry_shared::sources::FailureCode;
use quick_xml::events::BytesStart;

use super::Input;
use super::archive::Archive;
use super::docx_styles::{Styles, outline_level};
use super::xml::{self, Node};
use crate::sources::builder::{DocumentBuilder, one_line};
use crate::sources::document::Document;

pub fn read(input: &Input<'_>) -> Result<Document, FailureCode> {
    let mut archive = Archive::open(input.path)?;
    let part = archive.main_part("word/document.xml")?;
    let body = archive.required(&part)?;
    let styles = archive.text("word/styles.xml")?.map_or_else(|| Ok(Styles::default()), |xml| Styles::parse(&xml))?;
    let mut builder = input.builder();
    if let Some(core) = archive.text("docProps/core.xml")? {
        builder.title(&xml::text_of(&core, "title")?.unwrap_or_default());
    }
    let mut reader = BodyReader::new(&styles, &mut builder);
    reader.read(&body)?;
    for notes in ["word/footnotes.xml", "word/endnotes.xml"] {
        if let Some(notes) = archive.text(notes)? {
            reader.read(&notes)?;
        }
    }
    archive.note_omitted(&part, &mut builder)?;
    builder.finish()
}

/// A paragraph being read. They nest: a text box is anchored inside one.
#[derive(Debug, Default)]
struct Paragraph {
    text: String,
    style: Option<String>,
    outline: Option<u8>,
    list_depth: Option<usize>,
}

/// A table being read. They nest too.
#[derive(Debug, Default)]
struct Table {
    rows: Vec<String>,
    row: Vec<String>,
    cell: String,
}

struct BodyReader<'a> {
    styles: &'a Styles,
    builder: &'a mut DocumentBuilder,
    paragraphs: Vec<Paragraph>,
    tables: Vec<Table>,
    in_text: bool,
    /// How deep in an element whose content is not for reading.
    skipping: usize,
}

impl<'a> BodyReader<'a> {
    fn new(styles: &'a Styles, builder: &'a mut DocumentBuilder) -> Self {
        Self { styles, builder, paragraphs: Vec::new(), tables: Vec::new(), in_text: false, skipping: 0 }
    }

    fn read(&mut self, xml: &str) -> Result<(), FailureCode> {
        xml::walk(xml, |node| match node {
            Node::Open(tag, _) if self.skipping > 0 || is_skipped(tag) => {
                self.skipping += 1;
                Ok(())
            }
            Node::Close(_) if self.skipping > 0 => {
                self.skipping -= 1;
                Ok(())
            }
            Node::Open(tag, element) => {
                self.open(tag, element);
                Ok(())
            }
            Node::Text(text) => {
                if self.in_text && self.skipping == 0 {
                    self.push(text);
                }
                Ok(())
            }
            Node::Close(tag) => self.close(tag),
        })
    }

    fn open(&mut self, tag: &str, element: &BytesStart<'_>) {
        match tag {
            "p" => self.paragraphs.push(Paragraph::default()),
            "t" => self.in_text = true,
            "tab" => self.push("\t"),
            "br" | "cr" => self.push("\n"),
            "noBreakHyphen" => self.push("-"),
            "tbl" => self.tables.push(Table::default()),
            _ => {}
        }
        let Some(paragraph) = self.paragraphs.last_mut() else {
            return;
        };
        let value = || xml::attribute(element, "val");
        match tag {
            "pStyle" => paragraph.style = value(),
            "outlineLvl" => paragraph.outline = outline_level(value().as_deref()),
            "numPr" => paragraph.list_depth = Some(0),
            // Number 0 takes a paragraph out of its style's list.
            "numId" if value().as_deref() == Some("0") => paragraph.list_depth = None,
            "ilvl" => paragraph.list_depth = value().and_then(|depth| depth.parse().ok()),
            _ => {}
        }
    }

    fn close(&mut self, tag: &str) -> Result<(), FailureCode> {
        match (tag, self.tables.last_mut()) {
            ("t", _) => self.in_text = false,
            ("p", _) => {
                if let Some(paragraph) = self.paragraphs.pop() {
                    self.finish(&paragraph)?;
                }
            }
            ("tc", Some(table)) => table.row.push(one_line(&std::mem::take(&mut table.cell))),
            ("tr", Some(table)) => {
                let row = std::mem::take(&mut table.row);
                if row.iter().any(|cell| !cell.is_empty()) {
                    table.rows.push(row.join(" | "));
                }
            }
            ("tbl", Some(_)) => {
                let rows = self.tables.pop().map(|table| table.rows.join("\n")).unwrap_or_default();
                self.put(&rows)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn push(&mut self, text: &str) {
        if let Some(paragraph) = self.paragraphs.last_mut() {
            paragraph.text.push_str(text);
        }
    }

    fn finish(&mut self, paragraph: &Paragraph) -> Result<(), FailureCode> {
        let text = paragraph.text.trim();
        let style = paragraph.style.as_deref();
        if text.is_empty() || !self.tables.is_empty() {
            return self.put(text);
        }
        if let Some(level) = paragraph.outline.or_else(|| self.styles.level(style?)) {
            if style.is_some_and(|style| self.styles.is_title(style)) {
                self.builder.title(text);
            }
            return self.builder.heading(level, text);
        }
        match paragraph.list_depth {
            Some(depth) => self.builder.item(&format!("{}- {text}", "  ".repeat(depth.min(9)))),
            None => self.builder.block(text),
        }
    }

    /// A block goes into the cell that is open, or into the document.
    fn put(&mut self, text: &str) -> Result<(), FailureCode> {
        let Some(table) = self.tables.last_mut() else {
            return self.builder.block(text);
        };
        table.cell.push(' ');
        table.cell.push_str(text);
        Ok(())
    }
}

/// The second form of a drawing that older programs read, and text that was moved away; tracked deletions use elements
/// of their own.
fn is_skipped(tag: &str) -> bool {
    matches!(tag, "Fallback" | "moveFrom")
}
