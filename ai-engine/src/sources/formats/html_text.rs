//! Superscripts, subscripts and formulas of a page as plain text.

use std::rc::Rc;

use markup5ever_rcdom::{Node, NodeData};

use super::html_tree::{attribute, descendants, tag, text, text_node};
use super::scripts::{apart, based, divided, grouped, index, lower, power, raise};
use crate::sources::builder::one_line;

/// Deeper formulas lose their structure.
const MAX_DEPTH: usize = 60;

/// Replaces formulas, superscripts and subscripts by text.
pub fn replace(root: &Rc<Node>) {
    for node in descendants(root) {
        let mut before = String::new();
        let mut children = node.children.borrow_mut();
        for child in children.iter_mut() {
            let changed = match tag(child) {
                "sup" => Some(raised(child, &before, raise)),
                "sub" => Some(raised(child, &before, lower)),
                "math" => Some(format!(" {} ", formula(child, 0).trim())),
                _ => None,
            };
            if let Some(changed) = changed {
                *child = text_node(&changed);
            }
            if let NodeData::Text { contents } = &child.data {
                before = contents.borrow().to_string();
            } else {
                before = text(child);
            }
        }
    }
}

fn raised(node: &Rc<Node>, before: &str, apply: fn(&str, &str) -> String) -> String {
    let text = one_line(&text(node));
    // A note mark, `[3]`, is distinct already.
    if text.starts_with(['[', '(']) { text } else { apply(&text, before) }
}

fn formula(node: &Rc<Node>, depth: usize) -> String {
    if depth > MAX_DEPTH {
        return one_line(&text(node));
    }
    let children: Vec<Rc<Node>> = node.children.borrow().iter().filter(|child| !is_blank(child)).cloned().collect();
    let part =
        |place: usize| children.get(place).map(|child| formula(child, depth + 1).trim().to_owned()).unwrap_or_default();
    let all = || children.iter().map(|child| formula(child, depth + 1)).collect::<Vec<_>>();
    match tag(node) {
        "mfrac" => divided(&part(0), &part(1)),
        "msup" | "mover" => format!("{}{}", based(&part(0)), power(&part(1), &part(0))),
        "msub" | "munder" => format!("{}{}", based(&part(0)), index(&part(1), &part(0))),
        "msubsup" | "munderover" => {
            let base = part(0);
            format!("{}{}{}", based(&base), index(&part(1), &base), power(&part(2), &base))
        }
        "msqrt" => format!("√{}", grouped(row(&children, depth).trim())),
        "mroot" => format!("{}√{}", power(&part(1), "x"), grouped(&part(0))),
        "mtable" => format!("[{}]", all().join("; ")),
        "mtr" => all().join(", "),
        "mfenced" => {
            let open = attribute(node, "open").unwrap_or_else(|| "(".to_owned());
            let close = attribute(node, "close").unwrap_or_else(|| ")".to_owned());
            format!("{open}{}{close}", all().join(", "))
        }
        "semantics" => part(0),
        "annotation" | "annotation-xml" => String::new(),
        "mo" => {
            let sign = one_line(&text(node));
            if matches!(sign.as_str(), "=" | "<" | ">" | "≤" | "≥" | "≠" | "≈" | "→") {
                format!(" {sign} ")
            } else {
                sign
            }
        }
        "" => match &node.data {
            NodeData::Text { contents } => one_line(&contents.borrow()),
            _ => String::new(),
        },
        _ => row(&children, depth),
    }
}

/// Joins adjacent parts, and keeps a number apart from the fraction that follows it.
fn row(parts: &[Rc<Node>], depth: usize) -> String {
    let (mut text, mut ends_apart) = (String::new(), false);
    for part in parts {
        let next = formula(part, depth + 1);
        let is_apart = matches!(tag(part), "mfrac" | "mroot" | "msqrt" | "mmultiscripts");
        if is_apart || ends_apart {
            text.push_str(apart(&text, &next));
        }
        text.push_str(&next);
        ends_apart = is_apart;
    }
    text
}

fn is_blank(node: &Rc<Node>) -> bool {
    match &node.data {
        NodeData::Text { contents } => contents.borrow().trim().is_empty(),
        NodeData::Element { .. } => false,
        _ => true,
    }
}
