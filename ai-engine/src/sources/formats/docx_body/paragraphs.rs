//! Paragraphs of a Word document, from their text to blocks, items and headings.

use collabry_shared::sources::FailureCode;
use quick_xml::events::BytesStart;

use super::BodyReader;
use crate::sources::formats::docx_numbering::Label;
use crate::sources::formats::docx_styles::outline_level;
use crate::sources::formats::scripts::typed_fractions;
use crate::sources::formats::xml;

/// A paragraph that is being read. Paragraphs can be nested: a text box is anchored inside one.
#[derive(Debug, Default)]
pub(super) struct Paragraph {
    pub(super) text: String,
    pub(super) style: Option<String>,
    pub(super) outline: Option<u8>,
    /// The list in which it is numbered; number 0 removes it from its style's list.
    pub(super) list: Option<String>,
    pub(super) depth: Option<usize>,
    /// The end of a fraction from which the following text must be separated.
    pub(super) apart_at: Option<usize>,
    /// It continues in the next paragraph: its end was deleted, or it is a drop cap.
    pub(super) goes_on: bool,
    /// Its end is hidden.
    pub(super) is_end_hidden: bool,
}

impl Paragraph {
    pub(super) fn property(&mut self, tag: &str, element: &BytesStart<'_>) {
        let value = || xml::attribute(element, "val");
        match tag {
            "pStyle" => self.style = value(),
            "outlineLvl" => self.outline = outline_level(value().as_deref()),
            "numId" => self.list = value(),
            "ilvl" => self.depth = value().and_then(|depth| depth.parse().ok()),
            "framePr" => self.goes_on |= xml::attribute(element, "dropCap").is_some_and(|how| how != "none"),
            "vanish" => self.is_end_hidden = value().is_none_or(|on| !matches!(on.as_str(), "0" | "false" | "off")),
            _ => {}
        }
    }
}

impl BodyReader<'_> {
    /// Ends a paragraph; one that continues waits for the next.
    pub(super) fn end(&mut self, mut paragraph: Paragraph) -> Result<(), FailureCode> {
        let is_empty = paragraph.text.trim().is_empty();
        let is_hidden = || paragraph.style.as_deref().is_some_and(|style| self.styles.is_hidden(style));
        if paragraph.goes_on {
            paragraph.text.truncate(if is_empty { 0 } else { paragraph.text.len() });
            self.begun = Some(paragraph);
            return Ok(());
        }
        // It is invisible, and has no number in its list.
        if is_empty && (paragraph.is_end_hidden || is_hidden()) {
            return Ok(());
        }
        self.finish(&paragraph)
    }

    /// There is nothing in which a paragraph could continue.
    pub(super) fn end_begun(&mut self) -> Result<(), FailureCode> {
        match self.begun.take() {
            Some(paragraph) if !paragraph.text.is_empty() => self.finish(&paragraph),
            _ => Ok(()),
        }
    }

    fn finish(&mut self, paragraph: &Paragraph) -> Result<(), FailureCode> {
        let text = typed_fractions(paragraph.text.trim());
        let text = text.as_ref();
        let style = paragraph.style.as_deref();
        let (label, depth) = self.label(paragraph);
        if text.is_empty() {
            // In a cell only the number is visible.
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

    /// The label before the paragraph, and its depth in the list.
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
        // A list without a definition has bullets.
        let label = self.numbering.next(list, depth, self.styles).unwrap_or(Label::Bullet);
        (Some(label), depth)
    }
}
