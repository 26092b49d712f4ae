//! What a page shows from within other elements: words of drawings, pages in a page, what is there instead of scripts
//! and plug-ins, dialogues that are open.

use std::rc::Rc;

use markup5ever_rcdom::{Node, NodeData};

use super::html_furniture::words;
use super::html_tree::{attribute, descendants, element, tag, text, text_node};
use crate::sources::builder::one_line;

/// A drawing with fewer letters and digits is an icon.
const MIN_WORDS_OF_DRAWING: usize = 3;

/// A description with fewer words is that of an icon.
const MIN_DESCRIPTION_WORDS: usize = 4;

/// A shorter text in place of a script only asks to enable it.
const MIN_INSTEAD_LETTERS: usize = 60;

/// Replaces the elements by their words. `parse` parses a page into a tree.
pub fn replace(root: &Rc<Node>, parse: impl Fn(&str) -> Option<Rc<Node>>) {
    // Nodes that are inserted here are not visited: nested pages are followed one level deep.
    for node in descendants(root).collect::<Vec<_>>() {
        let parent = tag(&node);
        for child in node.children.borrow_mut().iter_mut() {
            let instead = match tag(child) {
                "svg" => drawing(child, is_inline(parent)),
                "iframe" if !is_advert(child) => {
                    attribute(child, "srcdoc").and_then(|page| parse(&page)).map(|page| body(&page))
                }
                "noscript" => instead_of_script(child, &parse),
                "object" => (letters(child) > 0).then(|| element("div", child.children.take())),
                "dialog" if attribute(child, "open").is_some() => Some(element("div", child.children.take())),
                _ => None,
            };
            if let Some(instead) = instead {
                instead.parent.set(Some(Rc::downgrade(&node)));
                *child = instead;
            }
        }
    }
}

fn is_advert(frame: &Rc<Node>) -> bool {
    let names = ["id", "name", "class", "title"].into_iter().filter_map(|name| attribute(frame, name));
    let is_word = |word: &String| matches!(word.as_str(), "ad" | "ads" | "advert" | "advertisement" | "sponsored");
    names.into_iter().any(|name| words(&name).iter().any(is_word))
}

fn is_inline(tag: &str) -> bool {
    !matches!(tag, "figure" | "div" | "section" | "article" | "main" | "body" | "td" | "li" | "dd")
}

fn letters(node: &Rc<Node>) -> usize {
    text(node).chars().filter(|c| c.is_alphanumeric()).count()
}

fn body(page: &Rc<Node>) -> Rc<Node> {
    let body = descendants(page).find(|node| tag(node) == "body");
    element("div", body.map(|body| body.children.take()).unwrap_or_default())
}

/// Its content is text when scripts are enabled.
fn instead_of_script(node: &Rc<Node>, parse: impl Fn(&str) -> Option<Rc<Node>>) -> Option<Rc<Node>> {
    let instead = body(&parse(&text(node))?);
    let asks_for_script = text(&instead).to_lowercase().contains("javascript");
    (letters(&instead) >= MIN_INSTEAD_LETTERS && !asks_for_script).then_some(instead)
}

/// The title and the words of a drawing, one on each line.
fn drawing(svg: &Rc<Node>, is_inline: bool) -> Option<Rc<Node>> {
    let (mut described, mut lines) = (Vec::new(), Vec::new());
    described.extend(attribute(svg, "aria-label").map(|label| one_line(&label)));
    for node in descendants(svg) {
        match tag(&node) {
            "title" | "desc" => described.push(one_line(&text(&node))),
            "text" | "foreignObject" => lines.push(text_of_part(&node)),
            _ => {}
        }
    }
    lines.retain(|line| !line.is_empty());
    let is_icon =
        lines.iter().flat_map(|line| line.chars()).filter(|c| c.is_alphanumeric()).count() < MIN_WORDS_OF_DRAWING;
    if is_icon {
        lines.clear();
        described.retain(|words| words.split(' ').count() >= MIN_DESCRIPTION_WORDS);
    }
    described.append(&mut lines);
    described.dedup();
    described.retain(|line| !line.is_empty());
    if described.is_empty() {
        None
    } else if is_inline {
        Some(text_node(&format!(" {} ", described.join(", "))))
    } else {
        let lines = described.iter().flat_map(|line| [text_node(line), element("br", Vec::new())]);
        Some(element("p", lines.collect()))
    }
}

/// The words of a part of a drawing; parts with a position of their own are separate.
fn text_of_part(node: &Rc<Node>) -> String {
    let mut words = String::new();
    for part in descendants(node) {
        if let NodeData::Text { contents } = &part.data {
            words.push_str(&contents.borrow());
        } else if attribute(&part, "x").is_some()
            || attribute(&part, "dy").is_some()
            || matches!(tag(&part), "p" | "div")
        {
            words.push(' ');
        }
    }
    one_line(&words)
}
