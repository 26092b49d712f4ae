//! Numbered lists of a page, with the numbers that a browser shows.

use std::rc::Rc;

use htmd::element_handler::Handlers;
use markup5ever_rcdom::Node;

use super::html_tree::{attribute, tag};
use super::list_numbers::formatted;

/// The list as Markdown.
pub fn text(handlers: &dyn Handlers, list: &Rc<Node>, is_within_item: bool) -> String {
    let number = |node: &Rc<Node>, name| attribute(node, name).and_then(|value| value.trim().parse::<i64>().ok());
    let items: Vec<Rc<Node>> = list.children.borrow().iter().cloned().collect();
    let count = i64::try_from(items.iter().filter(|item| tag(item) == "li").count()).unwrap_or(i64::MAX);
    let step: i64 = if attribute(list, "reversed").is_some() { -1 } else { 1 };
    let mut next = number(list, "start").unwrap_or(if step < 0 { count } else { 1 });
    let format = format(attribute(list, "type").as_deref());
    let mut text = String::new();
    for item in &items {
        if tag(item) != "li" {
            text.push_str(&handlers.handle(item).map(|result| result.content).unwrap_or_default());
            continue;
        }
        let own = number(item, "value").unwrap_or(next);
        next = own.saturating_add(step);
        let label = format!("{}. ", formatted(own, format));
        let content = handlers.walk_children(item).content;
        let is_block = content.starts_with("\n\n");
        let content = content.trim_matches(|c: char| c == '\n' || c == ' ');
        let indented = content.replace('\n', &format!("\n{}", " ".repeat(label.chars().count())));
        text.push_str(if is_block && !text.is_empty() { "\n\n" } else { "\n" });
        text.push_str(&label);
        text.push_str(&indented);
    }
    let text = text.trim_matches('\n');
    match (text.is_empty(), is_within_item) {
        (true, _) => String::new(),
        (false, true) => format!("\n{text}\n"),
        (false, false) => format!("\n\n{text}\n\n"),
    }
}

fn format(kind: Option<&str>) -> &'static str {
    match kind {
        Some("a") => "lowerLetter",
        Some("A") => "upperLetter",
        Some("i") => "lowerRoman",
        Some("I") => "upperRoman",
        _ => "decimal",
    }
}
