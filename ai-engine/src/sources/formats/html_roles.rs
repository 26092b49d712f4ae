//! Recognizes elements whose tags do not tell their role: tables made of blocks, buttons that are headings, checkboxes.

use std::collections::HashMap;
use std::rc::Rc;

use markup5ever_rcdom::{Node, NodeData};

use super::html_tree::{attribute, descendants, each, parent, renamed, tag, text, text_node};

/// Longer texts are not headings.
const MAX_QUESTION_CHARS: usize = 200;

/// Class names by which accordions mark what unfolds an answer.
const QUESTIONS: &[&str] = &[
    "accordion-button",
    "accordion-header",
    "accordion-title",
    "accordion-trigger",
    "accordion__button",
    "accordion__title",
    "faq-question",
    "faq-title",
    "faq__question",
];

/// Replaces elements by those whose role they have.
pub fn replace(root: &Rc<Node>) {
    let levels = levels_of_questions(root);
    each(root, |node| {
        for child in node.children.borrow_mut().iter_mut() {
            if let Some((_, level)) = levels.get(&Rc::as_ptr(child)) {
                renamed(child, &format!("h{level}"), node);
            }
        }
    });
    let is_table = |node: &Rc<Node>| role(node).is_some_and(|role| matches!(role.as_str(), "table" | "grid"));
    for table in descendants(root).filter(|node| is_table(node) && tag(node) != "table") {
        each(&table, |node| {
            for child in node.children.borrow_mut().iter_mut() {
                if let Some(name) = role(child).and_then(|role| part_of_table(&role)).filter(|name| tag(child) != *name)
                {
                    renamed(child, name, node);
                }
            }
        });
    }
    each(root, |node| {
        let mut children = node.children.borrow_mut();
        for place in 0..children.len() {
            let child = &children[place];
            if is_table(child) && tag(child) != "table" && has_rows(child) {
                renamed(&mut children[place], "table", node);
            } else if let Some(is_ticked) = ticked(child)
                && is_labelled(tag(node), children.get(place + 1))
            {
                children[place] = text_node(if is_ticked { "☒ " } else { "☐ " });
            }
        }
    });
}

fn role(node: &Rc<Node>) -> Option<String> {
    attribute(node, "role").map(|role| role.trim().to_ascii_lowercase())
}

fn part_of_table(role: &str) -> Option<&'static str> {
    Some(match role {
        "rowgroup" => "tbody",
        "row" => "tr",
        "columnheader" | "rowheader" => "th",
        "cell" | "gridcell" => "td",
        _ => return None,
    })
}

fn has_rows(table: &Rc<Node>) -> bool {
    let in_groups = |child: &Rc<Node>| tag(child) == "tbody" || tag(child) == "tr";
    table.children.borrow().iter().any(in_groups)
}

/// Questions that unfold their answers, each a level below the heading that comes before it in the text.
fn levels_of_questions(root: &Rc<Node>) -> HashMap<*const Node, (Rc<Node>, u8)> {
    let mut level = 1;
    let mut levels = HashMap::new();
    for node in descendants(root) {
        if let Some(own) = heading_level(&node) {
            level = own;
        } else if is_question(&node) && !parent(&node).is_some_and(|parent| is_in_heading(&parent)) {
            // Kept alive, so that no new node gets its address.
            levels.insert(Rc::as_ptr(&node), (Rc::clone(&node), (level + 1).min(6)));
        }
    }
    levels
}

fn heading_level(node: &Node) -> Option<u8> {
    tag(node).strip_prefix('h')?.parse().ok().filter(|level| (1..=6).contains(level))
}

fn is_in_heading(node: &Rc<Node>) -> bool {
    let mut next = Some(Rc::clone(node));
    while let Some(node) = next {
        if heading_level(&node).is_some() || matches!(tag(&node), "summary" | "dt") {
            return true;
        }
        next = parent(&node);
    }
    false
}

fn is_question(node: &Rc<Node>) -> bool {
    let is_plain =
        !descendants(node).any(|inner| heading_level(&inner).is_some() || matches!(tag(&inner), "button" | "p"));
    let is_alone = is_plain || tag(node) == "button";
    let classes = attribute(node, "class").unwrap_or_default();
    let is_named = classes.split_whitespace().any(|class| QUESTIONS.contains(&class));
    let unfolds = attribute(node, "aria-expanded").is_some() || role(node).as_deref() == Some("button");
    let is_button = matches!(tag(node), "button" | "div" | "span" | "a") && unfolds;
    if !is_named && !is_button || !is_alone {
        return false;
    }
    let label = text(node);
    let label = label.trim();
    let asks = label.ends_with(['?', '？', '؟']);
    (is_named || asks) && !label.is_empty() && label.chars().count() <= MAX_QUESTION_CHARS
}

/// Whether a checkbox is ticked; `None`: it is not a checkbox.
fn ticked(node: &Rc<Node>) -> Option<bool> {
    if tag(node) == "input" {
        let kind = attribute(node, "type")?.to_ascii_lowercase();
        return matches!(kind.as_str(), "checkbox" | "radio").then(|| attribute(node, "checked").is_some());
    }
    let is_box = matches!(role(node).as_deref(), Some("checkbox" | "radio")) && text(node).trim().is_empty();
    is_box.then(|| attribute(node, "aria-checked").as_deref() == Some("true"))
}

/// Checkboxes that only open menus have no words beside them.
fn is_labelled(parent: &str, next: Option<&Rc<Node>>) -> bool {
    let says = |node: &Rc<Node>| match &node.data {
        NodeData::Text { contents } => !contents.borrow().trim().is_empty(),
        _ => matches!(tag(node), "span" | "b" | "strong" | "em" | "i") && !text(node).trim().is_empty(),
    };
    matches!(parent, "td" | "th") || matches!(parent, "p" | "li" | "label" | "dd" | "dt") && next.is_some_and(says)
}
