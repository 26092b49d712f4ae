//! Finds the paragraph styles that are headings.

use std::collections::HashMap;

use collabry_shared::sources::FailureCode;

use super::xml::{self, Node};

/// A chain of styles that are based on each other may be circular.
const MAX_BASES: usize = 10;

#[derive(Debug, Default)]
pub struct Styles(HashMap<String, Style>);

#[derive(Debug, Default)]
struct Style {
    level: Option<u8>,
    is_title: bool,
    based_on: Option<String>,
    /// The list and the depth in which its paragraphs are numbered.
    list: Option<String>,
    list_level: Option<usize>,
    /// `superscript` or `subscript`.
    raised: Option<String>,
    is_hidden: Option<bool>,
}

impl Styles {
    pub fn parse(xml: &str) -> Result<Self, FailureCode> {
        let mut styles = HashMap::new();
        let mut open: Option<(String, Style)> = None;
        xml::walk(xml, |node| {
            match (node, &mut open) {
                (Node::Open("style", element), _) => {
                    open = xml::attribute(element, "styleId").map(|id| (id, Style::default()));
                }
                (Node::Open("name", element), Some((_, style))) => {
                    let name = xml::attribute(element, "val").unwrap_or_default().to_lowercase();
                    style.is_title = name == "title";
                    style.level = style.level.or_else(|| heading_level(&name));
                }
                (Node::Open("basedOn", element), Some((_, style))) => style.based_on = xml::attribute(element, "val"),
                (Node::Open("outlineLvl", element), Some((_, style))) => {
                    style.level = style.level.or_else(|| outline_level(xml::attribute(element, "val").as_deref()));
                }
                (Node::Open("numId", element), Some((_, style))) => style.list = xml::attribute(element, "val"),
                (Node::Open("ilvl", element), Some((_, style))) => {
                    style.list_level = xml::attribute(element, "val").and_then(|level| level.parse().ok());
                }
                (Node::Open("vertAlign", element), Some((_, style))) => style.raised = xml::attribute(element, "val"),
                (Node::Open("vanish", element), Some((_, style))) => {
                    let value = xml::attribute(element, "val");
                    style.is_hidden = Some(value.is_none_or(|value| !matches!(value.as_str(), "0" | "false" | "off")));
                }
                (Node::Close("style"), _) => styles.extend(open.take()),
                _ => {}
            }
            Ok(())
        })?;
        Ok(Self(styles))
    }

    /// The heading level of a style, 1 for the outermost.
    pub fn level(&self, id: &str) -> Option<u8> {
        let mut next = Some(id);
        for _ in 0..MAX_BASES {
            let Some(style) = next.and_then(|id| self.0.get(id)) else {
                break;
            };
            if style.is_title {
                return Some(1);
            }
            if style.level.is_some() {
                return style.level;
            }
            next = style.based_on.as_deref();
        }
        // Some writers use the well-known ids without defining them.
        if self.0.contains_key(id) { None } else { heading_level(&id.to_lowercase()) }
    }

    /// The list and the depth of a style, if they are given.
    pub fn list(&self, id: &str) -> Option<(&str, Option<usize>)> {
        let mut level = None;
        self.chain(id).find_map(|style| {
            level = level.or(style.list_level);
            Some((style.list.as_deref()?, level))
        })
    }

    /// The vertical position of a character style.
    pub fn raised(&self, id: &str) -> Option<&str> {
        self.chain(id).find_map(|style| style.raised.as_deref())
    }

    /// Whether text of the style is not shown.
    pub fn is_hidden(&self, id: &str) -> bool {
        self.chain(id).find_map(|style| style.is_hidden).unwrap_or_default()
    }

    /// The style and those that it is based on.
    fn chain(&self, id: &str) -> impl Iterator<Item = &Style> {
        std::iter::successors(self.0.get(id), |style| self.0.get(style.based_on.as_deref()?)).take(MAX_BASES)
    }

    /// Whether one style is the other, or based on it.
    pub fn is_based_on(&self, id: &str, base: &str) -> bool {
        id == base || self.chain(id).any(|style| style.based_on.as_deref() == Some(base))
    }

    pub fn is_title(&self, id: &str) -> bool {
        self.0.get(id).map_or(id == "Title", |style| style.is_title)
    }
}

/// `heading 2`, or `heading2` as an id.
fn heading_level(name: &str) -> Option<u8> {
    if name == "title" {
        return Some(1);
    }
    name.strip_prefix("heading")?.trim().parse().ok().filter(|level| (1..=9).contains(level))
}

/// Outline levels count from 0; 9 is body text.
pub fn outline_level(value: Option<&str>) -> Option<u8> {
    value?.parse::<u8>().ok().filter(|level| *level < 9).map(|level| level + 1)
}

#[cfg(test)]
mod tests {
    use super::Styles;

    #[test]
    fn headings_are_found_by_name_outline_and_base() {
        let styles = Styles::parse(
            r#"<w:styles xmlns:w="w">
              <w:style w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>
              <w:style w:styleId="Own"><w:name w:val="Own"/><w:basedOn w:val="berschrift1"/></w:style>
              <w:style w:styleId="Part"><w:name w:val="Part"/><w:pPr><w:outlineLvl w:val="2"/></w:pPr></w:style>
              <w:style w:styleId="A"><w:name w:val="a"/><w:basedOn w:val="B"/></w:style>
              <w:style w:styleId="B"><w:name w:val="b"/><w:basedOn w:val="A"/></w:style>
            </w:styles>"#,
        )
        .unwrap();
        let levels: Vec<_> =
            ["berschrift1", "Own", "Part", "A", "Heading3", "Normal"].map(|id| styles.level(id)).into();
        assert_eq!(levels, [Some(1), Some(1), Some(3), None, Some(3), None]);
    }
}
