//! The elements of a Word document that are skipped, and what they tell about the rest.

use quick_xml::events::BytesStart;

use super::{BodyReader, Inside};

impl BodyReader<'_> {
    /// The second form of a drawing that older programs read, what was deleted or moved away, how things were formatted
    /// before a change, readings beside characters, and notes that nothing refers to any more.
    pub(super) fn is_skipped(&self, tag: &str, element: &BytesStart<'_>) -> bool {
        match tag {
            "Fallback" | "del" | "moveFrom" | "rt" => true,
            "footnote" | "endnote" => self.notes.is_left_out(tag, element),
            _ => tag.ends_with("PrChange") || tag == "tblPrExChange",
        }
    }

    /// What skipped elements tell about those that are read.
    pub(super) fn skip(&mut self, tag: &str, element: &BytesStart<'_>) {
        match tag {
            "del" | "moveFrom" if self.inside == Inside::Properties => {
                if let Some(paragraph) = self.paragraphs.last_mut() {
                    paragraph.goes_on = true;
                }
            }
            "footnoteReference" | "endnoteReference" => self.notes.leave_out(tag, element),
            _ => {}
        }
    }
}
