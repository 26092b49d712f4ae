//! Form fields with their values. An empty field still separates the words beside it.

use std::rc::Rc;

use markup5ever_rcdom::Node;

use super::html_tree::{attribute, descendants, tag, text, text_node};
use crate::sources::builder::one_line;

/// Replaces fields by their values.
pub fn replace(root: &Rc<Node>) {
    for node in descendants(root) {
        let parent = tag(&node);
        for child in node.children.borrow_mut().iter_mut() {
            let said = match tag(child) {
                "input" | "select" | "textarea" if is_search(child) => Some(String::new()),
                "input" => Some(entered(child)),
                "textarea" => Some(one_line(&text(child))),
                "select" => Some(chosen(child, matches!(parent, "p" | "td" | "li" | "dd"))),
                _ => None,
            };
            if let Some(said) = said {
                *child = text_node(&format!(" {said} "));
            }
        }
    }
}

fn is_search(field: &Rc<Node>) -> bool {
    let names = ["name", "id", "class"].into_iter().filter_map(|name| attribute(field, name));
    names.into_iter().any(|name| name == "q" || name == "s" || name.to_lowercase().contains("search"))
}

/// The value of a text field.
fn entered(input: &Rc<Node>) -> String {
    let kind = attribute(input, "type").unwrap_or_default().to_ascii_lowercase();
    let is_of_text = matches!(
        kind.as_str(),
        "" | "text" | "number" | "date" | "time" | "month" | "week" | "datetime-local" | "email" | "tel" | "url"
    );
    let value = attribute(input, "value").filter(|_| is_of_text);
    value.map(|value| one_line(&value)).unwrap_or_default()
}

/// The chosen options; within running text a list shows its first where none is chosen.
fn chosen(list: &Rc<Node>, is_in_text: bool) -> String {
    let options: Vec<Rc<Node>> = descendants(list).filter(|node| tag(node) == "option").collect();
    let said = |option: &Rc<Node>| one_line(&text(option));
    let chosen: Vec<String> =
        options.iter().filter(|option| attribute(option, "selected").is_some()).map(said).collect();
    let is_prompt = |option: &Rc<Node>| {
        attribute(option, "disabled").is_some() || attribute(option, "value").as_deref() == Some("")
    };
    match options.first() {
        Some(first)
            if chosen.is_empty() && is_in_text && attribute(list, "multiple").is_none() && !is_prompt(first) =>
        {
            said(first)
        }
        _ => chosen.join(", "),
    }
}
