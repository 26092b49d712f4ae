//! The body of a Word document, from its XML to blocks, items and tables.

use std::collections::HashMap;

use collabry_shared::sources::FailureCode;
use quick_xml::events::BytesStart;

use super::comments::Comment;
use super::docx_commented::Commented;
use super::docx_field::{self as field, Field};
use super::docx_math::Math;
use super::docx_numbering::{Label, Numbering};
use super::docx_styles::{Styles, outline_level};
use super::docx_table::{Stand, Table};
use super::drawing;
use super::scripts::{apart, typed_fractions};
use super::symbols::symbol;
use super::xml::{self, Node};
use crate::sources::builder::DocumentBuilder;

/// A paragraph being read. They nest: a text box is anchored inside one.
#[derive(Debug, Default)]
struct Paragraph {
    text: String,
    style: Option<String>,
    outline: Option<u8>,
    /// The list that it is numbered in; number 0 takes it out of its style's list.
    list: Option<String>,
    depth: Option<usize>,
    /// Where a fraction ends that what follows must stand apart from.
    apart_at: Option<usize>,
}

pub struct BodyReader<'a> {
    styles: &'a Styles,
    numbering: Numbering,
    /// Charts and diagrams that did not come up yet.
    drawings: HashMap<String, String>,
    /// Those that did, to be put after the paragraph.
    found: Vec<String>,
    commented: Commented,
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
    pub fn new(
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
            commented: Commented::default(),
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

    pub fn read(&mut self, xml: &str) -> Result<(), FailureCode> {
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
            "commentRangeStart" => self.commented.begin(xml::attribute(element, "id")),
            "commentRangeEnd" => self.commented.end(xml::attribute(element, "id").as_deref()),
            "docPr" => self.found.extend(drawing::description(element)),
            "altChunk" => {
                let text = xml::attribute(element, "id").and_then(|id| self.drawings.remove(&id));
                self.found.extend(text);
            }
            "chart" | "relIds" => {
                let link =
                    ["id", "dm"].into_iter().find_map(|name| self.drawings.remove(&xml::attribute(element, name)?));
                self.found.extend(link);
            }
            _ => {}
        }
        field::open(&mut self.field, tag, element);
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

    fn close(&mut self, tag: &str) -> Result<(), FailureCode> {
        if let Some(formula) = self.math.close(tag)
            && let Some(paragraph) = self.paragraphs.last_mut()
        {
            let ends_apart = formula.add_to(&mut paragraph.text);
            paragraph.apart_at = ends_apart.then_some(paragraph.text.len());
        }
        match (tag, self.tables.last_mut()) {
            ("t", _) => self.in_text = false,
            ("ffData", _) => {
                if let Some(text) = self.field.take().and_then(Field::into_text) {
                    self.push(&text);
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
            ("altChunk", _) if self.paragraphs.is_empty() => {
                for text in std::mem::take(&mut self.found) {
                    self.put(&text)?;
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
        self.commented.push(text);
        if let Some(paragraph) = self.paragraphs.last_mut() {
            if paragraph.apart_at.take() == Some(paragraph.text.len()) {
                paragraph.text.push_str(apart(&paragraph.text, text));
            }
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
        let text = typed_fractions(paragraph.text.trim());
        let text = text.as_ref();
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

    /// What people said about the text, with the words that they said it about.
    pub fn put_comments(&mut self, comments: Vec<Comment>) -> Result<(), FailureCode> {
        for mut comment in comments {
            comment.about = self.commented.words(&comment.id);
            self.builder.block(&comment.line())?;
        }
        Ok(())
    }

    /// Charts and diagrams that no paragraph shows.
    pub fn put_drawings(&mut self) -> Result<(), FailureCode> {
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
