//! The marks of footnotes and endnotes: `[1]` and `[i]`.

use quick_xml::events::BytesStart;

use super::list_numbers::formatted;
use super::xml;

#[derive(Debug, Default)]
pub struct Notes {
    /// The ids of the notes in the order of their marks.
    footnotes: Vec<String>,
    endnotes: Vec<String>,
    /// Notes that only deleted or hidden text refers to.
    left_out: Vec<(String, String)>,
    /// The text at the start of the next paragraph.
    label: Option<String>,
}

impl Notes {
    /// The mark of a note where the text refers to it; `tag` is that of the reference.
    pub fn mark(&mut self, tag: &str, id: &str) -> String {
        let notes = self.of(tag);
        if !notes.iter().any(|known| known == id) {
            notes.push(id.to_owned());
        }
        self.mark_of(tag, id).unwrap_or_default()
    }

    /// Records that skipped text refers to a note.
    pub fn leave_out(&mut self, tag: &str, reference: &BytesStart<'_>) {
        self.left_out.extend(xml::attribute(reference, "id").map(|id| (tag.replace("Reference", ""), id)));
    }

    pub fn is_left_out(&self, tag: &str, note: &BytesStart<'_>) -> bool {
        let Some(id) = xml::attribute(note, "id") else {
            return false;
        };
        let marked = if tag.starts_with("foot") { &self.footnotes } else { &self.endnotes };
        !marked.contains(&id) && self.left_out.iter().any(|(kind, left_out)| kind == tag && *left_out == id)
    }

    /// Starts a note.
    pub fn begin(&mut self, tag: &str, id: Option<String>) {
        self.label = id.and_then(|id| self.mark_of(tag, &id));
    }

    /// The mark before a note's first words.
    pub fn label(&mut self) -> Option<String> {
        self.label.take()
    }

    fn of(&mut self, tag: &str) -> &mut Vec<String> {
        if tag.starts_with("foot") { &mut self.footnotes } else { &mut self.endnotes }
    }

    fn mark_of(&mut self, tag: &str, id: &str) -> Option<String> {
        let format = if tag.starts_with("foot") { "decimal" } else { "lowerRoman" };
        let place = self.of(tag).iter().position(|known| known == id)?;
        Some(format!("[{}]", formatted(i64::try_from(place + 1).ok()?, format)))
    }
}
