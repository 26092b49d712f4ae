//! Form fields of Word documents.

use quick_xml::events::BytesStart;

use super::xml;

/// A checkbox or a drop-down list.
#[derive(Debug, Default)]
pub struct Field {
    is_box: bool,
    is_checked: Option<bool>,
    default: bool,
    entries: Vec<String>,
    chosen: usize,
}

/// Continues the open field; `ffData` opens one.
pub fn open(field: &mut Option<Field>, tag: &str, element: &BytesStart<'_>) {
    let value = || xml::attribute(element, "val");
    let is_on = || value().is_none_or(|value| !matches!(value.as_str(), "0" | "false" | "off"));
    match (tag, field) {
        ("ffData", field) => *field = Some(Field::default()),
        ("checkBox", Some(field)) => field.is_box = true,
        ("checked", Some(field)) => field.is_checked = Some(is_on()),
        ("default", Some(field)) if field.is_box => field.default = is_on(),
        ("listEntry", Some(field)) => field.entries.extend(value()),
        ("result", Some(field)) => field.chosen = value().and_then(|place| place.parse().ok()).unwrap_or_default(),
        _ => {}
    }
}

impl Field {
    /// The text that the field shows.
    pub fn into_text(mut self) -> Option<String> {
        if self.is_box {
            let is_ticked = self.is_checked.unwrap_or(self.default);
            return Some(if is_ticked { "☒" } else { "☐" }.to_owned());
        }
        (self.chosen < self.entries.len()).then(|| self.entries.swap_remove(self.chosen))
    }
}
