//! The body of a Word document, from its XML to blocks, items and tables.

mod paragraphs;
mod skipped;

use std::collections::HashMap;

use collabry_shared::sources::FailureCode;
use quick_xml::events::BytesStart;

use self::paragraphs::Paragraph;
use super::comments::Comment;
use super::docx_commented::Commented;
use super::docx_controls::Controls;
use super::docx_field::{self as field, Field};
use super::docx_fields::Fields;
use super::docx_math::{Formula, Math};
use super::docx_notes::Notes;
use super::docx_numbering::Numbering;
use super::docx_styles::Styles;
use super::docx_table::{CELL_SEPARATOR, Stand, Table};
use super::drawing;
use super::scripts::{apart, struck};
use super::symbols::{self, symbol};
use super::xml::{self, Node};
use crate::sources::builder::DocumentBuilder;

/// The element that the reader is in.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Inside {
    Nothing,
    Text,
    /// Of a field.
    Code,
    /// Of a paragraph; properties of its end are among them.
    Properties,
}

pub struct BodyReader<'a> {
    styles: &'a Styles,
    numbering: Numbering,
    /// Charts and diagrams that have not come up yet.
    drawings: HashMap<String, String>,
    /// Charts and diagrams to be put after the current paragraph.
    found: Vec<String>,
    commented: Commented,
    builder: &'a mut DocumentBuilder,
    paragraphs: Vec<Paragraph>,
    /// A paragraph that continues in the next one.
    begun: Option<Paragraph>,
    tables: Vec<Table>,
    math: Math,
    field: Option<Field>,
    fields: Fields,
    controls: Controls,
    notes: Notes,
    stand: Stand,
    font: String,
    is_hidden: bool,
    is_struck: bool,
    inside: Inside,
    is_beside_body: bool,
    /// The depth within an element whose content is skipped.
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
            begun: None,
            tables: Vec::new(),
            math: Math::default(),
            field: None,
            fields: Fields::default(),
            controls: Controls::default(),
            notes: Notes::default(),
            stand: Stand::On,
            font: String::new(),
            is_hidden: false,
            is_struck: false,
            inside: Inside::Nothing,
            is_beside_body: false,
            skipping: 0,
        }
    }

    /// For headers and comments: their pictures are logos, and the prompts of their controls are left out.
    pub fn beside_body(mut self) -> Self {
        self.is_beside_body = true;
        self
    }

    pub fn read(&mut self, xml: &str) -> Result<(), FailureCode> {
        xml::walk(xml, |node| match node {
            Node::Open(tag, element) if self.skipping > 0 || self.is_skipped(tag, element) => {
                self.skip(tag, element);
                self.skipping += 1;
                Ok(())
            }
            Node::Close(_) if self.skipping > 0 => {
                self.skipping -= 1;
                Ok(())
            }
            Node::Open(tag, element) => {
                if tag == "tbl" {
                    self.end_begun()?;
                }
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
        self.controls.open(tag, element);
        match tag {
            "p" => {
                let begun = self.begun.take().unwrap_or_default();
                let (text, apart_at) = (begun.text, begun.apart_at);
                self.paragraphs.push(Paragraph { text, apart_at, ..Paragraph::default() });
            }
            "pPr" => self.inside = Inside::Properties,
            "comment" => self.builder.page(),
            "r" => {
                self.stand = Stand::On;
                self.font.clear();
                let style = self.paragraphs.last().and_then(|paragraph| paragraph.style.as_deref());
                self.is_hidden = style.is_some_and(|style| self.styles.is_hidden(style));
                self.is_struck = false;
            }
            "vanish" if self.inside != Inside::Properties => self.is_hidden = is_on(),
            "strike" | "dstrike" => self.is_struck = is_on(),
            "instrText" => self.inside = Inside::Code,
            "fldChar" => {
                let kind = xml::attribute(element, "fldCharType").unwrap_or_default();
                let formula = self.fields.mark(&kind);
                self.put_formula(formula.as_ref());
            }
            "fldSimple" => {
                self.fields.mark("begin");
                self.fields.code(&xml::attribute(element, "instr").unwrap_or_default());
                self.fields.mark("separate");
            }
            "footnoteReference" | "endnoteReference" if self.is_hidden => self.notes.leave_out(tag, element),
            "footnoteReference" | "endnoteReference" => {
                let mark = xml::attribute(element, "id").map(|id| self.notes.mark(tag, &id));
                if let Some(paragraph) = self.paragraphs.last_mut() {
                    paragraph.text.push_str(&mark.unwrap_or_default());
                }
            }
            "footnote" | "endnote" => self.notes.begin(tag, xml::attribute(element, "id")),
            "t" => self.inside = Inside::Text,
            // Tabs among the properties define tab stops.
            "tab" | "ptab" if self.inside != Inside::Properties => self.push("\t"),
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
            "textpath" => self.push(&xml::attribute(element, "string").unwrap_or_default()),
            "docPr" if !self.is_beside_body => self.found.extend(drawing::description(element)),
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
        if self.inside == Inside::Properties
            && let Some(paragraph) = self.paragraphs.last_mut()
        {
            paragraph.property(tag, element);
        }
    }

    fn close(&mut self, tag: &str) -> Result<(), FailureCode> {
        let formula = self.math.close(tag);
        self.put_formula(formula.as_ref());
        if matches!(tag, "tc" | "txbxContent" | "body" | "footnote" | "endnote" | "comment" | "hdr" | "ftr") {
            self.end_begun()?;
        }
        match (tag, self.tables.last_mut()) {
            ("t" | "instrText" | "pPr", _) => self.inside = Inside::Nothing,
            ("sdt", _) => self.controls.close(),
            ("fldSimple", _) => {
                let formula = self.fields.mark("end");
                self.put_formula(formula.as_ref());
            }
            ("ffData", _) => {
                if let Some(text) = self.field.take().and_then(Field::into_text)
                    && self.is_seen()
                    && self.fields.show_by_itself(&text)
                {
                    self.write(&text);
                }
            }
            ("p", _) => {
                if let Some(paragraph) = self.paragraphs.pop() {
                    self.end(paragraph)?;
                }
                if self.paragraphs.is_empty() {
                    self.fields.end_codes();
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
        if let (Some(formula), Some(paragraph)) = (formula, self.paragraphs.last_mut())
            && self.fields.show(formula.text())
        {
            let ends_apart = formula.add_to(&mut paragraph.text);
            paragraph.apart_at = ends_apart.then_some(paragraph.text.len());
        }
    }

    fn push(&mut self, text: &str) {
        if self.is_seen() && self.fields.show(text) {
            self.write(text);
        }
    }

    fn is_seen(&self) -> bool {
        let is_prompt =
            if self.is_beside_body { self.controls.is_prompt() } else { self.controls.is_standard_prompt() };
        !self.is_hidden && !is_prompt
    }

    fn write(&mut self, text: &str) {
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

    /// The comments, each with the words that it is about.
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

/// The rows of a table inside a cell, which are not rows of the outer table.
fn within_cell(rows: &str) -> String {
    rows.replace(CELL_SEPARATOR, " / ").replace('\n', "; ")
}
