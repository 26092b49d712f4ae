//! Word documents: paragraphs with their numbers, headings by style, tables, formulas, notes, charts, headers and footers.

use std::collections::{BTreeSet, HashMap};

use collabry_shared::sources::FailureCode;
use quick_xml::events::BytesStart;

use super::archive::{Archive, Relationship};
use super::docx_math::Math;
use super::docx_numbering::{Label, Numbering};
use super::docx_styles::{Styles, outline_level};
use super::docx_table::{Stand, Table};
use super::symbols::symbol;
use super::xml::{self, Node};
use super::{Input, drawing};
use crate::sources::builder::DocumentBuilder;
use crate::sources::document::Document;

pub fn read(input: &Input<'_>) -> Result<Document, FailureCode> {
    let mut archive = Archive::open(input.path)?;
    let part = archive.main_part("word/document.xml")?;
    let body = archive.required(&part)?;
    let styles = archive.text("word/styles.xml")?.map_or_else(|| Ok(Styles::default()), |xml| Styles::parse(&xml))?;
    let numbering = archive.text("word/numbering.xml")?;
    let numbering = numbering.map_or_else(|| Ok(Numbering::default()), |xml| Numbering::parse(&xml))?;
    let links = archive.relationships(&part)?;
    let drawings = drawings(&mut archive, &links)?;
    let mut builder = input.builder();
    if let Some(core) = archive.text("docProps/core.xml")? {
        builder.title(&xml::text_of(&core, "title")?.unwrap_or_default());
    }
    let mut reader = BodyReader::new(&styles, numbering, drawings, &mut builder);
    reader.read(&body)?;
    reader.put_drawings()?;
    for notes in ["word/footnotes.xml", "word/endnotes.xml"] {
        if let Some(notes) = archive.text(notes)? {
            reader.read(&notes)?;
        }
    }
    read_margins(&mut archive, &links, &mut builder)?;
    archive.note_omitted(&part, &mut builder)?;
    builder.finish()
}

/// What the charts and diagrams say, by the ids of their links.
fn drawings(
    archive: &mut Archive,
    links: &HashMap<String, Relationship>,
) -> Result<HashMap<String, String>, FailureCode> {
    let mut drawings = HashMap::new();
    for (id, link) in links {
        if let Some(text) = drawing::linked(archive, link)? {
            drawings.insert(id.clone(), text);
        }
    }
    Ok(drawings)
}

/// Headers and footers, each text once: they are on many pages, and often on several kinds of them.
fn read_margins(
    archive: &mut Archive,
    links: &HashMap<String, Relationship>,
    builder: &mut DocumentBuilder,
) -> Result<(), FailureCode> {
    let parts: BTreeSet<(bool, &str)> = links
        .values()
        .filter(|link| matches!(link.kind.as_str(), "header" | "footer"))
        .map(|link| (link.kind == "footer", link.target.as_str()))
        .collect();
    let mut said = BTreeSet::new();
    for (_, part) in parts {
        let Some(xml) = archive.text(part)? else {
            continue;
        };
        for line in drawing::paragraphs(&xml)?.lines() {
            // What is nothing but a page's number changes from page to page; a field may have failed.
            if !line.starts_with("Error!")
                && line.chars().filter(|c| c.is_alphabetic()).count() > 1
                && said.insert(line.to_owned())
            {
                builder.block(line)?;
            }
        }
    }
    Ok(())
}

/// A paragraph being read. They nest: a text box is anchored inside one.
#[derive(Debug, Default)]
struct Paragraph {
    text: String,
    style: Option<String>,
    outline: Option<u8>,
    /// The list that it is numbered in; number 0 takes it out of its style's list.
    list: Option<String>,
    depth: Option<usize>,
}

/// A field of a form: a box to tick, or a choice.
#[derive(Debug, Default)]
struct Field {
    is_box: bool,
    is_checked: Option<bool>,
    default: bool,
    entries: Vec<String>,
    chosen: usize,
}

struct BodyReader<'a> {
    styles: &'a Styles,
    numbering: Numbering,
    /// Charts and diagrams that did not come up yet.
    drawings: HashMap<String, String>,
    /// Those that did, to be put after the paragraph.
    found: Vec<String>,
    builder: &'a mut DocumentBuilder,
    paragraphs: Vec<Paragraph>,
    tables: Vec<Table>,
    math: Math,
    field: Option<Field>,
    stand: Stand,
    font: String,
    in_text: bool,
    /// How deep in an element whose content is not for reading.
    skipping: usize,
}

impl<'a> BodyReader<'a> {
    fn new(
        styles: &'a Styles,
        numbering: Numbering,
        drawings: HashMap<String, String>,
        builder: &'a mut DocumentBuilder,
    ) -> Self {
        Self {
            styles,
            numbering,
            drawings,
            found: Vec::new(),
            builder,
            paragraphs: Vec::new(),
            tables: Vec::new(),
            math: Math::default(),
            field: None,
            stand: Stand::On,
            font: String::new(),
            in_text: false,
            skipping: 0,
        }
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
        let value = || xml::attribute(element, "val");
        self.math.open(tag, element);
        match tag {
            "p" => self.paragraphs.push(Paragraph::default()),
            "r" => {
                self.stand = Stand::On;
                self.font.clear();
            }
            "t" => self.in_text = true,
            "tab" => self.push("\t"),
            "br" | "cr" => self.push("\n"),
            "noBreakHyphen" => self.push("-"),
            "tbl" => self.tables.push(Table::default()),
            "vertAlign" => self.stand = Stand::of(value().as_deref()),
            "rStyle" => {
                let raised = value().and_then(|style| self.styles.raised(&style).map(str::to_owned));
                self.stand = Stand::of(raised.as_deref());
            }
            "rFonts" => self.font = xml::attribute(element, "ascii").unwrap_or_default(),
            "sym" => {
                let code = xml::attribute(element, "char").and_then(|code| u32::from_str_radix(&code, 16).ok());
                let font = xml::attribute(element, "font").unwrap_or_default();
                if let Some(sign) = code.and_then(|code| symbol(&font, code)) {
                    self.push(sign.encode_utf8(&mut [0; 4]));
                }
            }
            "chart" | "relIds" => {
                let link =
                    ["id", "dm"].into_iter().find_map(|name| self.drawings.remove(&xml::attribute(element, name)?));
                self.found.extend(link);
            }
            _ => {}
        }
        self.open_field(tag, element);
        if let Some(table) = self.tables.last_mut() {
            let count = || value().and_then(|count| count.parse().ok());
            match tag {
                "gridSpan" => table.span(count()),
                "gridBefore" => table.skip(count()),
                "vMerge" => table.reaches_down(value().as_deref() == Some("restart")),
                _ => {}
            }
        }
        let Some(paragraph) = self.paragraphs.last_mut() else {
            return;
        };
        match tag {
            "pStyle" => paragraph.style = value(),
            "outlineLvl" => paragraph.outline = outline_level(value().as_deref()),
            "numId" => paragraph.list = value(),
            "ilvl" => paragraph.depth = value().and_then(|depth| depth.parse().ok()),
            _ => {}
        }
    }

    fn open_field(&mut self, tag: &str, element: &BytesStart<'_>) {
        let value = || xml::attribute(element, "val");
        let is_on = || value().is_none_or(|value| !matches!(value.as_str(), "0" | "false" | "off"));
        match (tag, &mut self.field) {
            ("ffData", _) => self.field = Some(Field::default()),
            ("checkBox", Some(field)) => field.is_box = true,
            ("checked", Some(field)) => field.is_checked = Some(is_on()),
            ("default", Some(field)) if field.is_box => field.default = is_on(),
            ("listEntry", Some(field)) => field.entries.extend(value()),
            ("result", Some(field)) => field.chosen = value().and_then(|place| place.parse().ok()).unwrap_or_default(),
            _ => {}
        }
    }

    fn close(&mut self, tag: &str) -> Result<(), FailureCode> {
        if let Some(formula) = self.math.close(tag)
            && let Some(paragraph) = self.paragraphs.last_mut()
        {
            paragraph.text.push_str(&formula);
        }
        match (tag, self.tables.last_mut()) {
            ("t", _) => self.in_text = false,
            ("ffData", _) => {
                let field = self.field.take().unwrap_or_default();
                if field.is_box {
                    self.push(if field.is_checked.unwrap_or(field.default) { "☒" } else { "☐" });
                } else if let Some(entry) = field.entries.get(field.chosen) {
                    self.push(entry);
                }
            }
            ("p", _) => {
                if let Some(paragraph) = self.paragraphs.pop() {
                    self.finish(&paragraph)?;
                }
                if self.paragraphs.is_empty() {
                    for drawing in std::mem::take(&mut self.found) {
                        self.put(&drawing)?;
                    }
                }
            }
            ("tc", Some(table)) => table.end_cell(),
            ("tr", Some(table)) => table.end_row(),
            ("tbl", Some(_)) => {
                let rows = self.tables.pop().map(Table::into_text).unwrap_or_default();
                self.put(&rows)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn push(&mut self, text: &str) {
        if self.math.is_open() {
            return self.math.text(text);
        }
        if let Some(paragraph) = self.paragraphs.last_mut() {
            let text = self.stand.applied(text, &paragraph.text);
            if text.contains(|c| ('\u{e000}'..='\u{f8ff}').contains(&c)) {
                let known = |c| symbol(&self.font, u32::from(c)).or_else(|| super::symbols::private(c)).unwrap_or(c);
                paragraph.text.extend(text.chars().map(known));
            } else {
                paragraph.text.push_str(&text);
            }
        }
    }

    fn finish(&mut self, paragraph: &Paragraph) -> Result<(), FailureCode> {
        let text = paragraph.text.trim();
        let style = paragraph.style.as_deref();
        if text.is_empty() {
            return self.put(text);
        }
        let (label, depth) = self.label(paragraph);
        let numbered = match &label {
            Some(Label::Number(number)) => format!("{number} {text}"),
            _ => text.to_owned(),
        };
        if !self.tables.is_empty() {
            return self.put(&numbered);
        }
        if let Some(level) = paragraph.outline.or_else(|| self.styles.level(style?)) {
            if style.is_some_and(|style| self.styles.is_title(style)) {
                self.builder.title(text);
            }
            return self.builder.heading(level, &numbered);
        }
        let indent = "  ".repeat(depth.min(9));
        match label {
            Some(Label::Bullet) => self.builder.item(&format!("{indent}- {text}")),
            Some(Label::Number(_)) => self.builder.item(&format!("{indent}{numbered}")),
            Some(Label::None) | None => self.builder.block(text),
        }
    }

    /// What stands before the paragraph, and how deep it is in its list.
    fn label(&mut self, paragraph: &Paragraph) -> (Option<Label>, usize) {
        let of_style = paragraph.style.as_deref().and_then(|style| self.styles.list(style));
        let own = paragraph.list.as_deref();
        let Some(list) = own.or(of_style.map(|(list, _)| list)).filter(|list| *list != "0") else {
            return (None, 0);
        };
        let by_style = || {
            let style = paragraph.style.as_deref()?;
            let by_list = self.numbering.depth_of_style(list, style, self.styles);
            by_list.or_else(|| of_style.and_then(|(_, depth)| depth))
        };
        let depth = paragraph.depth.or_else(by_style).unwrap_or_default();
        // A list that is defined nowhere is one of bullets.
        let label = self.numbering.next(list, depth, self.styles).unwrap_or(Label::Bullet);
        (Some(label), depth)
    }

    /// A block goes into the cell that is open, or into the document.
    fn put(&mut self, text: &str) -> Result<(), FailureCode> {
        match self.tables.last_mut() {
            Some(table) => {
                table.push(text);
                Ok(())
            }
            None => self.builder.block(text),
        }
    }

    /// Charts and diagrams that no paragraph shows.
    fn put_drawings(&mut self) -> Result<(), FailureCode> {
        let mut rest: Vec<(String, String)> = std::mem::take(&mut self.drawings).into_iter().collect();
        rest.sort();
        rest.iter().try_for_each(|(_, text)| self.builder.block(text))
    }
}

/// The second form of a drawing that older programs read, text that was moved away, and readings beside characters;
/// tracked deletions use elements of their own.
fn is_skipped(tag: &str) -> bool {
    matches!(tag, "Fallback" | "moveFrom" | "rt")
}
