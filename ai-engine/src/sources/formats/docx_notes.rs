//! Marks that tell which footnote or endnote belongs where: `[1]` and `[i]`.

use super::list_numbers::formatted;

#[derive(Debug, Default)]
pub struct Notes {
    /// The ids of the notes in the order of their marks.
    footnotes: Vec<String>,
    endnotes: Vec<String>,
    /// What the next paragraph begins with.
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

    /// A note begins.
    pub fn begin(&mut self, tag: &str, id: Option<String>) {
        self.label = id.and_then(|id| self.mark_of(tag, &id));
    }

    /// What stands before a note's first words.
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
