//! Tables of web pages as rows, each value under its own column whatever is merged.

use std::rc::Rc;

use htmd::element_handler::Handlers;
use markup5ever_rcdom::Node;

use super::html_tree::{attribute, descendants, tag};
use crate::sources::builder::one_line;

/// No table has more columns; more of them are said in the first only.
const MAX_SPAN: usize = 60;
const MAX_SAID_AGAIN: usize = 4;

/// Longer text of a merged cell is not said again.
const MAX_TEXT_SAID_AGAIN: usize = 200;

/// A cell with blocks and so much text is part of a page's layout.
const MAX_CELL_BYTES: usize = 1_000;

/// A cell that reaches into rows to come: how many, and its text.
#[derive(Clone, Default)]
struct Down {
    rows: usize,
    text: String,
}

/// The table as Markdown, or what is in it when it only lays out the page.
pub fn text(handlers: &dyn Handlers, node: &Rc<Node>) -> String {
    if is_layout(node) {
        return layout(handlers, node);
    }
    let mut lines = Vec::new();
    let mut below: Vec<Down> = Vec::new();
    let mut has_names = false;
    let caption = node.children.borrow().iter().find(|child| tag(child) == "caption").cloned();
    let caption = caption.map(|caption| one_line(&handlers.walk_children(&caption).content)).unwrap_or_default();
    for row in rows(node) {
        let cells = cells(&row);
        let names = !cells.is_empty() && cells.iter().all(|cell| tag(cell) == "th");
        let line = grid_row(handlers, &cells, &mut below);
        if line.iter().all(String::is_empty) {
            continue;
        }
        let columns = line.len();
        lines.push(format!("| {} |", line.join(" | ")));
        if names && !has_names && lines.len() == 1 && columns > 1 {
            has_names = true;
            lines.push(format!("|{}", " --- |".repeat(columns)));
        }
    }
    let caption = if caption.is_empty() { caption } else { format!("{caption}\n\n") };
    format!("\n\n{caption}{}\n\n", lines.join("\n"))
}

fn grid_row(handlers: &dyn Handlers, cells: &[Rc<Node>], below: &mut Vec<Down>) -> Vec<String> {
    let mut line: Vec<String> = Vec::new();
    for cell in cells {
        carry(&mut line, below);
        let text = one_line(&handlers.walk_children(cell).content).replace(" | ", " / ");
        let span = number(cell, "colspan").clamp(1, MAX_SPAN);
        let rows = match number(cell, "rowspan") {
            // To the end of the table.
            0 if attribute(cell, "rowspan").is_some() => usize::MAX,
            rows => rows.max(1),
        };
        let again =
            if span > MAX_SAID_AGAIN || text.len() > MAX_TEXT_SAID_AGAIN || cells.len() == 1 { "" } else { &text };
        for place in 0..span {
            let said = if place == 0 { text.as_str() } else { again };
            if rows > 1 {
                below.resize(below.len().max(line.len() + 1), Down::default());
                let text = if said.len() > MAX_TEXT_SAID_AGAIN { String::new() } else { said.to_owned() };
                below[line.len()] = Down { rows: rows - 1, text };
            }
            line.push(said.to_owned());
        }
    }
    carry(&mut line, below);
    line
}

/// Fills in the cells of rows above that reach down to here.
fn carry(line: &mut Vec<String>, below: &mut [Down]) {
    while let Some(down) = below.get_mut(line.len()).filter(|down| down.rows > 0) {
        down.rows -= 1;
        line.push(down.text.clone());
    }
}

fn number(cell: &Rc<Node>, name: &str) -> usize {
    attribute(cell, name).and_then(|value| value.trim().parse().ok()).unwrap_or_default()
}

/// Cells of pages that are laid out in a table are blocks, one after the other.
fn layout(handlers: &dyn Handlers, table: &Rc<Node>) -> String {
    let mut text = String::new();
    for row in rows(table) {
        for cell in cells(&row) {
            let content = handlers.walk_children(&cell).content;
            if !content.trim().is_empty() {
                text.push_str("\n\n");
                text.push_str(content.trim_matches('\n'));
            }
        }
    }
    format!("{text}\n\n")
}

fn is_layout(table: &Rc<Node>) -> bool {
    let rows = rows(table);
    let widest = rows.iter().map(|row| cells(row).len()).max().unwrap_or_default();
    let holds_page = |node: Rc<Node>| match tag(&node) {
        "table" | "h1" | "h2" | "article" | "main" | "form" => true,
        "td" | "th" => {
            let is_long = super::html_tree::text(&node).len() > MAX_CELL_BYTES;
            is_long && descendants(&node).any(|inner| matches!(tag(&inner), "p" | "div" | "ul" | "ol" | "h3" | "h4"))
        }
        _ => false,
    };
    widest < 2 || descendants(table).skip(1).any(holds_page)
}

/// The table's own rows, not those of tables inside.
fn rows(table: &Rc<Node>) -> Vec<Rc<Node>> {
    let mut rows = Vec::new();
    for child in table.children.borrow().iter() {
        match tag(child) {
            "tr" => rows.push(Rc::clone(child)),
            "thead" | "tbody" | "tfoot" => {
                rows.extend(child.children.borrow().iter().filter(|child| tag(child) == "tr").cloned());
            }
            _ => {}
        }
    }
    rows
}

fn cells(row: &Rc<Node>) -> Vec<Rc<Node>> {
    row.children.borrow().iter().filter(|cell| matches!(tag(cell), "td" | "th")).cloned().collect()
}
