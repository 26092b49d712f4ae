//! Asides and footers that belong to the content of a page: warnings, definitions, endnotes and attributions.

use std::collections::HashSet;
use std::rc::Rc;

use markup5ever_rcdom::Node;

use super::html_furniture::{is_named_furniture, words};
use super::html_tree::{attribute, descendants, parent, tag, text};

/// Marks of notes are as short as `[12]`.
const MAX_MARK_CHARS: usize = 5;

/// A shorter aside without a name is a slogan.
const MIN_PROSE_CHARS: usize = 60;

const NAMES: &[&str] = &[
    "admonition",
    "alert",
    "attention",
    "callout",
    "caution",
    "danger",
    "definition",
    "example",
    "footnote",
    "footnotes",
    "endnotes",
    "hint",
    "important",
    "info",
    "note",
    "notes",
    "notice",
    "remark",
    "tip",
    "warning",
];

/// The targets of the note marks of a page.
pub struct Notes(HashSet<String>);

impl Notes {
    pub fn of(root: &Rc<Node>) -> Self {
        let is_mark = |link: &Rc<Node>| tag(link) == "a" && is_mark(link);
        let target = |link: Rc<Node>| Some(attribute(&link, "href")?.strip_prefix('#')?.to_owned());
        Self(descendants(root).filter(is_mark).filter_map(target).filter(|id| !id.is_empty()).collect())
    }

    /// Whether an aside or a footer belongs to the text.
    pub fn are_in(&self, node: &Rc<Node>) -> bool {
        match tag(node) {
            "footer" => is_below_quotation(node) || self.holds_target(node),
            "aside" => {
                !is_hidden(node)
                    && !is_named_furniture(node)
                    && (is_named(node) || self.holds_target(node) || is_prose(node))
            }
            _ => false,
        }
    }

    fn holds_target(&self, node: &Rc<Node>) -> bool {
        let is_note = |node: &Rc<Node>| {
            matches!(tag(node), "li" | "p" | "dd" | "dt" | "div" | "section" | "aside" | "tr" | "td" | "span" | "a")
        };
        descendants(node).filter(is_note).any(|node| attribute(&node, "id").is_some_and(|id| self.0.contains(&id)))
    }
}

/// `[12]`, `*`, or any short superscript; a link to a menu may be short too.
fn is_mark(link: &Rc<Node>) -> bool {
    let label = text(link);
    let label = label.trim();
    let is_raised = || {
        parent(link).is_some_and(|parent| tag(&parent) == "sup") || descendants(link).any(|node| tag(&node) == "sup")
    };
    let is_sign =
        |c: char| c.is_ascii_digit() || matches!(c, '[' | ']' | '(' | ')' | '*' | '†' | '‡' | '§' | '¹' | '²' | '³');
    (1..=MAX_MARK_CHARS).contains(&label.chars().count()) && (label.chars().all(is_sign) || is_raised())
}

fn is_below_quotation(footer: &Rc<Node>) -> bool {
    parent(footer).is_some_and(|parent| matches!(tag(&parent), "blockquote" | "figure"))
}

/// Content that scripts show at some point.
fn is_hidden(node: &Rc<Node>) -> bool {
    let style = attribute(node, "style").unwrap_or_default().replace(' ', "");
    attribute(node, "hidden").is_some() || style.contains("display:none")
}

fn is_named(aside: &Rc<Node>) -> bool {
    let names = ["class", "role", "epub:type"].into_iter().filter_map(|name| attribute(aside, name));
    names
        .into_iter()
        .any(|names| names.split_whitespace().any(|name| words(name).iter().any(|word| NAMES.contains(&word.as_str()))))
}

/// Sentences without links.
fn is_prose(aside: &Rc<Node>) -> bool {
    let words = text(aside);
    let words = words.trim();
    let is_long = words.chars().count() >= MIN_PROSE_CHARS && words.ends_with(['.', '!', '?', '。', '”', '"']);
    is_long
        && !descendants(aside).any(|node| matches!(tag(&node), "a" | "img" | "button" | "form" | "input" | "iframe"))
}
