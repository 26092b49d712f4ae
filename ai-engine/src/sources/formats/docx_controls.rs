//! Content controls of Word documents, and whether they still show their placeholder text.

use quick_xml::events::BytesStart;

use super::xml;

/// The names of Word's own placeholder texts, which are the same in all languages.
const STANDARD: &str = "DefaultPlaceholder";

#[derive(Debug, Default)]
struct Control {
    is_empty: bool,
    /// The author of the document wrote the prompt that an empty control shows.
    has_own_prompt: bool,
}

/// The controls that are open, outermost first.
#[derive(Debug, Default)]
pub struct Controls(Vec<Control>);

impl Controls {
    pub fn open(&mut self, tag: &str, element: &BytesStart<'_>) {
        let value = || xml::attribute(element, "val");
        match (tag, self.0.last_mut()) {
            ("sdt", _) => self.0.push(Control::default()),
            ("showingPlcHdr", Some(control)) => {
                control.is_empty = value().is_none_or(|value| !matches!(value.as_str(), "0" | "false" | "off"));
            }
            ("docPart", Some(control)) => {
                control.has_own_prompt = value().is_some_and(|name| !name.starts_with(STANDARD));
            }
            _ => {}
        }
    }

    pub fn close(&mut self) {
        self.0.pop();
    }

    /// Whether text here is `Click or tap here to enter text.`
    pub fn is_standard_prompt(&self) -> bool {
        self.0.iter().any(|control| control.is_empty && !control.has_own_prompt)
    }

    /// Whether the text is the placeholder that Word shows in an empty control.
    pub fn is_prompt(&self) -> bool {
        self.0.iter().any(|control| control.is_empty)
    }
}
