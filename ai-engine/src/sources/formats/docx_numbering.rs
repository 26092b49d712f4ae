//! Computes the numbers of paragraphs, which are not part of their text: `Article 2`, `d)`, `(ii)`.

use std::collections::HashMap;

use collabry_shared::sources::FailureCode;

use super::docx_styles::Styles;
use super::list_numbers::formatted;
use super::xml::{self, Node};

const MAX_LEVELS: usize = 9;

/// How paragraphs of one depth are numbered.
#[derive(Debug, Clone, Default)]
struct Level {
    start: i64,
    format: String,
    /// `%1` is replaced by the number of the outermost depth.
    text: Option<String>,
    style: Option<String>,
    all_decimal: bool,
    /// This number restarts after a number of that depth; 0 means it never restarts.
    restart: Option<usize>,
}

/// The definition of a list, which several lists may share.
#[derive(Debug, Clone, Default)]
struct Definition {
    levels: Vec<Level>,
    /// Defined by a style, or by the list of that style.
    style: Option<String>,
    of_style: Option<String>,
}

#[derive(Debug, Clone, Default)]
struct List {
    definition: String,
    starts: HashMap<usize, i64>,
    levels: HashMap<usize, Level>,
}

/// The lists of a document with their current numbers.
#[derive(Debug, Clone, Default)]
pub struct Numbering {
    definitions: HashMap<String, Definition>,
    lists: HashMap<String, List>,
    /// Numbers by definition: lists with the same definition continue each other.
    numbers: HashMap<String, [Option<i64>; MAX_LEVELS]>,
    begun: std::collections::HashSet<(String, usize)>,
}

/// The label before a paragraph.
#[derive(Debug, PartialEq)]
pub enum Label {
    Bullet,
    Number(String),
    /// Numbered without a visible label.
    None,
}

impl Numbering {
    pub fn parse(xml: &str) -> Result<Self, FailureCode> {
        let mut numbering = Self::default();
        let mut definition: Option<(String, Definition)> = None;
        let mut list: Option<(String, List)> = None;
        let mut level: Option<(usize, Level)> = None;
        let mut overridden = 0;
        xml::walk(xml, |node| {
            let value = |element| xml::attribute(element, "val");
            match node {
                Node::Open("abstractNum", element) => {
                    definition = xml::attribute(element, "abstractNumId").map(|id| (id, Definition::default()));
                }
                Node::Open("num", element) => list = xml::attribute(element, "numId").map(|id| (id, List::default())),
                Node::Open("abstractNumId", element) => {
                    if let Some((_, list)) = &mut list {
                        list.definition = value(element).unwrap_or_default();
                    }
                }
                Node::Open("styleLink", element) => {
                    if let Some((_, definition)) = &mut definition {
                        definition.style = value(element);
                    }
                }
                Node::Open("numStyleLink", element) => {
                    if let Some((_, definition)) = &mut definition {
                        definition.of_style = value(element);
                    }
                }
                Node::Open("lvlOverride", element) => overridden = depth(xml::attribute(element, "ilvl")),
                Node::Open("startOverride", element) => {
                    if let Some((_, list)) = &mut list {
                        list.starts.insert(overridden, number(value(element)));
                    }
                }
                Node::Open("lvl", element) => {
                    level = Some((depth(xml::attribute(element, "ilvl")), Level { start: 0, ..Level::default() }));
                }
                Node::Open(tag, element) => {
                    if let Some((_, level)) = &mut level {
                        match tag {
                            "start" => level.start = number(value(element)),
                            "numFmt" => level.format = value(element).unwrap_or_default(),
                            "lvlText" => level.text = value(element),
                            "pStyle" => level.style = value(element),
                            "isLgl" => {
                                level.all_decimal =
                                    value(element).is_none_or(|value| !matches!(value.as_str(), "0" | "false"));
                            }
                            "lvlRestart" => level.restart = value(element).and_then(|value| value.parse().ok()),
                            _ => {}
                        }
                    }
                }
                Node::Close("lvl") => {
                    if let Some((depth, level)) = level.take() {
                        match (&mut list, &mut definition) {
                            (Some((_, list)), _) => drop(list.levels.insert(depth, level)),
                            (None, Some((_, definition))) => {
                                let levels = &mut definition.levels;
                                levels.resize(levels.len().max(depth + 1), Level::default());
                                levels[depth] = level;
                            }
                            (None, None) => {}
                        }
                    }
                }
                Node::Close("abstractNum") => numbering.definitions.extend(definition.take()),
                Node::Close("num") => numbering.lists.extend(list.take()),
                _ => {}
            }
            Ok(())
        })?;
        Ok(numbering)
    }

    /// The depth of paragraphs of a style in a list that names the style.
    pub fn depth_of_style(&self, list: &str, style: &str, styles: &Styles) -> Option<usize> {
        let (_, definition) = self.definition(self.lists.get(list)?, styles)?;
        let is_its = |level: &Level| level.style.as_deref().is_some_and(|own| styles.is_based_on(style, own));
        definition.levels.iter().rposition(is_its)
    }

    /// The next label of a list at the given depth; `None`: there is no such list.
    pub fn next(&mut self, id: &str, depth: usize, styles: &Styles) -> Option<Label> {
        let depth = depth.min(MAX_LEVELS - 1);
        let list = self.lists.get(id)?.clone();
        let (key, definition) = self.definition(&list, styles)?;
        let levels: Vec<Level> = (0..MAX_LEVELS)
            .map(|depth| list.levels.get(&depth).or_else(|| definition.levels.get(depth)).cloned().unwrap_or_default())
            .collect();
        let start = |depth: usize| list.starts.get(&depth).copied().unwrap_or(levels[depth].start);
        let numbers = self.numbers.entry(key).or_default();
        let begins = list.starts.contains_key(&depth) && self.begun.insert((id.to_owned(), depth));
        numbers[depth] = Some(match numbers[depth] {
            Some(number) if !begins => number.saturating_add(1),
            _ => start(depth),
        });
        for (above, number) in numbers.iter_mut().enumerate().take(depth) {
            number.get_or_insert(start(above));
        }
        for below in depth + 1..MAX_LEVELS {
            if levels[below].restart.is_none_or(|restart| restart != 0 && depth < restart) {
                numbers[below] = None;
            }
        }
        Some(label(&levels, numbers, depth))
    }

    /// A list's definition, which may be that of a style's list.
    fn definition(&self, list: &List, styles: &Styles) -> Option<(String, Definition)> {
        let definition = self.definitions.get(&list.definition)?;
        if let Some(style) = &definition.of_style {
            let by_link = self.definitions.iter().find(|(_, other)| other.style.as_ref() == Some(style));
            let by_list = || {
                let list = self.lists.get(styles.list(style)?.0)?;
                self.definitions.get_key_value(&list.definition)
            };
            if let Some((key, linked)) = by_link.or_else(by_list) {
                return Some((key.clone(), linked.clone()));
            }
        }
        Some((list.definition.clone(), definition.clone()))
    }
}

fn depth(value: Option<String>) -> usize {
    value.and_then(|value| value.parse::<usize>().ok()).unwrap_or_default().min(MAX_LEVELS - 1)
}

fn number(value: Option<String>) -> i64 {
    value.and_then(|value| value.parse().ok()).unwrap_or_default()
}

fn label(levels: &[Level], numbers: &[Option<i64>; MAX_LEVELS], depth: usize) -> Label {
    let level = &levels[depth];
    if level.format == "bullet" {
        return Label::Bullet;
    }
    let pattern = level.text.clone().unwrap_or_else(|| format!("%{}.", depth + 1));
    let mut text = String::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        let place = chars.peek().and_then(|next| next.to_digit(10)).filter(|place| c == '%' && *place > 0);
        let Some(place) = place else {
            text.push(c);
            continue;
        };
        chars.next();
        let place = place as usize - 1;
        if let (Some(of), Some(number)) = (levels.get(place), numbers.get(place).copied().flatten()) {
            let format = if level.all_decimal && of.format != "decimalZero" { "decimal" } else { &of.format };
            text.push_str(&formatted(number, format));
        }
    }
    let text = text.trim();
    if text.is_empty() { Label::None } else { Label::Number(text.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_on_and_start_anew() {
        let xml = "<w:numbering xmlns:w='w'><w:abstractNum w:abstractNumId='0'>\
            <w:lvl w:ilvl='0'><w:start w:val='4'/><w:numFmt w:val='lowerLetter'/><w:lvlText w:val='%1)'/></w:lvl>\
            <w:lvl w:ilvl='1'><w:start w:val='1'/><w:numFmt w:val='lowerRoman'/><w:lvlText w:val='%1.%2'/></w:lvl>\
            <w:lvl w:ilvl='2'><w:numFmt w:val='bullet'/><w:lvlText w:val='x'/></w:lvl></w:abstractNum>\
            <w:num w:numId='7'><w:abstractNumId w:val='0'/></w:num></w:numbering>";
        let mut numbering = Numbering::parse(xml).unwrap();
        let styles = Styles::default();
        let labels: Vec<Label> = [0, 1, 1, 0, 1, 2].map(|depth| numbering.next("7", depth, &styles).unwrap()).into();
        let number = |text: &str| Label::Number(text.to_owned());
        assert_eq!(labels, [number("d)"), number("d.i"), number("d.ii"), number("e)"), number("e.i"), Label::Bullet]);
        assert_eq!(numbering.next("8", 0, &styles), None);
    }
}
