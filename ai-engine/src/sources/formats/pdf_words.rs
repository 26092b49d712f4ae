//! Words that the end of a line divided, whole again.

use std::collections::HashSet;

/// The words of the document, to tell a word that was divided from one that has a hyphen.
pub struct Words<'a>(HashSet<&'a str>);

impl<'a> Words<'a> {
    pub fn of(texts: impl Iterator<Item = &'a str>) -> Self {
        let ends = |c: char| !c.is_alphanumeric() && c != '-';
        Self(
            texts.flat_map(|text| text.split(ends)).filter(|word| word.contains('-') && !word.ends_with('-')).collect(),
        )
    }

    /// Appends the next line of the same paragraph.
    pub fn join(&self, open: &mut String, line: &str) {
        if self.is_divided(open, line) {
            open.pop();
        } else if !(open.ends_with('-') && line.starts_with(char::is_alphanumeric)) {
            open.push(' ');
        }
        open.push_str(line);
    }

    fn is_divided(&self, open: &str, line: &str) -> bool {
        let Some(before) = open.strip_suffix('-') else {
            return false;
        };
        let stem = before.rsplit(|c: char| !c.is_alphanumeric() && c != '-').next().unwrap_or_default();
        let rest = line.split(|c: char| !c.is_alphanumeric() && c != '-').next().unwrap_or_default();
        let divides = stem.ends_with(char::is_alphabetic) && rest.starts_with(char::is_lowercase);
        divides && !self.0.contains(format!("{stem}-{rest}").as_str())
    }
}
