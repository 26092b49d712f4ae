//! The body of a Word document, from its XML to blocks, items and tables.

use std::collections::HashMap;

use collabry_shared::sources::FailureCode;
use quick_xml::events::BytesStart;

use super::comments::Comment;
use super::docx_commented::Commented;
use super::docx_eq::{self, Fields};
use super::docx_field::{self as field, Field};
use super::docx_math::{Formula, Math};
use super::docx_notes::Notes;
use super::docx_numbering::{Label, Numbering};
use super::docx_styles::{Styles, outline_level};
use super::docx_table::{BETWEEN_CELLS, Stand, Table};
use super::drawing;
use super::scripts::{apart, typed_fractions};
use super::symbols::{self, symbol};
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

/// What text the reader is in.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Inside {
    Nothing,
    Text,
    /// Of a field.
    Code,
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
    fields: Fields,
    notes: Notes,
    stand: Stand,
    font: String,
    is_hidden: bool,
    is_struck: bool,
    inside: Inside,
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
            fields: Fields::default(),
            notes: Notes::default(),
            stand: Stand::On,
            font: String::new(),
            is_hidden: false,
            is_struck: false,
            inside: Inside::Nothing,
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
                match self.inside {
                    Inside::Code if self.skipping == 0 => self.fields.code(text),
                    Inside::Text if self.skipping == 0 => self.push(text),
                    _ => {}
                }
                Ok(())
            }
            Node::Close(tag) => self.close(tag),
        })
    }

    fn open(&mut self, tag: &str, element: &BytesStart<'_>) {
        let value = || xml::attribute(element, "val");
        let is_on = || value().is_none_or(|value| !matches!(value.as_str(), "0" | "false" | "off"));
        self.math.open(tag, element);
        match tag {
            "p" => self.paragraphs.push(Paragraph::default()),
            "r" => {
                self.stand = Stand::On;
                self.font.clear();
                let style = self.paragraphs.last().and_then(|paragraph| paragraph.style.as_deref());
                self.is_hidden = style.is_some_and(|style| self.styles.is_hidden(style));
                self.is_struck = false;
            }
            "vanish" => self.is_hidden = is_on(),
            "strike" | "dstrike" => self.is_struck = is_on(),
            "instrText" => self.inside = Inside::Code,
            "fldChar" => {
                let kind = xml::attribute(element, "fldCharType").unwrap_or_default();
                let formula = self.fields.mark(&kind);
                self.put_formula(formula.as_ref());
            }
            "fldSimple" => {
                let code = xml::attribute(element, "instr").unwrap_or_default();
                self.put_formula(docx_eq::formula(&code).as_ref());
            }
            "footnoteReference" | "endnoteReference" => {
                let mark = xml::attribute(element, "id").map(|id| self.notes.mark(tag, &id));
                if let Some(paragraph) = self.paragraphs.last_mut().filter(|_| !self.is_hidden) {
                    paragraph.text.push_str(&mark.unwrap_or_default());
                }
            }
            "footnote" | "endnote" => self.notes.begin(tag, xml::attribute(element, "id")),
            "t" => self.inside = Inside::Text,
            "tab" => self.push("\t"),
            "br" | "cr" => self.push("\n"),
            "noBreakHyphen" => self.push("-"),
            "tbl" => self.tables.push(Table::default()),
            "vertAlign" => self.stand = Stand::of(value().as_deref()),
            "rStyle" => {
                let style = value().unwrap_or_default();
                self.stand = Stand::of(self.styles.raised(&style));
                self.is_hidden |= self.styles.is_hidden(&style);
            }
            "rFonts" => {
                let font = ["ascii", "hAnsi"].into_iter().find_map(|name| xml::attribute(element, name));
                self.font = font.unwrap_or_default();
            }
            "sym" => {
                let code = xml::attribute(element, "char").and_then(|code| u32::from_str_radix(&code, 16).ok());
                let font = xml::attribute(element, "font").unwrap_or_default();
                if let Some(sign) = code.and_then(|code| symbol(&font, code)) {
                    let font = std::mem::take(&mut self.font);
                    self.push(sign.encode_utf8(&mut [0; 4]));
                    self.font = font;
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
        let formula = self.math.close(tag);
        self.put_formula(formula.as_ref());
        match (tag, self.tables.last_mut()) {
            ("t" | "instrText", _) => self.inside = Inside::Nothing,
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
                self.put(&if self.tables.is_empty() { rows } else { within_cell(&rows) })?;
            }
            _ => {}
        }
        Ok(())
    }

    fn put_formula(&mut self, formula: Option<&Formula>) {
        if let (Some(formula), Some(paragraph)) = (formula, self.paragraphs.last_mut()) {
            let ends_apart = formula.add_to(&mut paragraph.text);
            paragraph.apart_at = ends_apart.then_some(paragraph.text.len());
        }
    }

    fn push(&mut self, text: &str) {
        if self.is_hidden {
            return;
        }
        self.fields.shown();
        let typed = symbols::typed(&self.font, text);
        let text = typed.as_deref().unwrap_or(text);
        if self.math.is_open() {
            return self.math.text(text);
        }
        self.commented.push(text);
        if let Some(paragraph) = self.paragraphs.last_mut() {
            if paragraph.apart_at.take() == Some(paragraph.text.len()) {
                paragraph.text.push_str(apart(&paragraph.text, text));
            }
            let text = self.stand.applied(text, &paragraph.text);
            let text = if self.is_struck { struck(&mut paragraph.text, text) } else { text };
            if text.contains(|c| ('\u{e000}'..='\u{f8ff}').contains(&c)) {
                let known = |c| symbol(&self.font, u32::from(c)).or_else(|| symbols::private(c)).unwrap_or(c);
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
        let (label, depth) = self.label(paragraph);
        if text.is_empty() {
            // In a cell the number is all that is seen.
            let number = match label {
                Some(Label::Number(number)) if !self.tables.is_empty() => number,
                _ => String::new(),
            };
            return self.put(&number);
        }
        let noted = self.notes.label().map(|label| format!("{label} {text}"));
        let text = noted.as_deref().unwrap_or(text);
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

/// The rows of a table inside of a cell, which are no rows of the table around it.
fn within_cell(rows: &str) -> String {
    rows.replace(BETWEEN_CELLS, " / ").replace('\n', "; ")
}

/// Text that was struck out, in the marks of Markdown; runs beside each other share them.
fn struck(before: &mut String, text: String) -> String {
    if text.trim().is_empty() {
        return text;
    }
    if before.ends_with("~~") {
        before.truncate(before.len() - 2);
        return format!("{text}~~");
    }
    let (start, end) = (text.len() - text.trim_start().len(), text.trim_end().len());
    format!("{}~~{}~~{}", &text[..start], &text[start..end], &text[end..])
}

/// The second form of a drawing that older programs read, text that was moved away, and readings beside characters;
/// tracked deletions use elements of their own.
fn is_skipped(tag: &str) -> bool {
    matches!(tag, "Fallback" | "moveFrom" | "rt")
}
