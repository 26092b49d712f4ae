//! Tables of web pages as rows, with each value in its own column even if cells are merged.

use std::rc::Rc;

use htmd::element_handler::Handlers;
use markup5ever_rcdom::Node;

use super::html_tree::{attribute, descendants, renamed, tag, text_node};
use crate::sources::builder::one_line;

/// No table has more columns; a cell that spans more is written in the first one only.
const MAX_SPAN: usize = 60;
const MAX_SAID_AGAIN: usize = 4;

/// Longer text of a merged cell is not repeated.
const MAX_TEXT_SAID_AGAIN: usize = 200;

/// A cell with blocks and this much text is part of the page's layout.
const MAX_CELL_BYTES: usize = 1_000;

/// Repeating merged cells may add this many bytes to a table, or this many times its text.
const MIN_ROOM: usize = 600;
const MAX_GROWTH: usize = 8;

/// A table that is longer and inside a cell is part of the page's layout.
const MAX_INNER_TABLE_BYTES: usize = 400;

/// A cell that spans rows: the number of rows to come, and its text.
#[derive(Clone, Default)]
struct Down {
    rows: usize,
    text: String,
}

/// The table as Markdown, or its content if it only lays out the page.
pub fn text(handlers: &dyn Handlers, node: &Rc<Node>) -> String {
    if is_layout(node) {
        return layout(handlers, node);
    }
    let mut lines = Vec::new();
    let mut grid = Grid::of(node);
    let mut has_names = false;
    let caption = node.children.borrow().iter().find(|child| tag(child) == "caption").cloned();
    let caption = caption.map(|caption| one_line(&handlers.walk_children(&caption).content)).unwrap_or_default();
    for row in rows(node) {
        let cells = cells(&row);
        let names = !cells.is_empty() && cells.iter().all(|cell| tag(cell) == "th");
        let line = grid.row(handlers, &cells);
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

/// The rows of a table including the cells that span into them.
struct Grid {
    below: Vec<Down>,
    /// The bytes of merged cells that may still be repeated.
    room: usize,
}

impl Grid {
    fn of(table: &Rc<Node>) -> Self {
        Self { below: Vec::new(), room: MIN_ROOM + super::html_tree::text(table).len() * MAX_GROWTH }
    }

    fn row(&mut self, handlers: &dyn Handlers, cells: &[Rc<Node>]) -> Vec<String> {
        let mut line: Vec<String> = Vec::new();
        for cell in cells {
            self.carry(&mut line);
            let text = cell_text(handlers, cell).replace(" | ", " / ");
            let span = number(cell, "colspan").clamp(1, MAX_SPAN);
            let rows = match number(cell, "rowspan") {
                // It spans to the end of the table.
                0 if attribute(cell, "rowspan").is_some() => usize::MAX,
                rows => rows.max(1),
            };
            let again =
                if span > MAX_SAID_AGAIN || text.len() > MAX_TEXT_SAID_AGAIN || cells.len() == 1 { "" } else { &text };
            for place in 0..span {
                let said = if place == 0 { text.as_str() } else { again };
                if place > 0 && !self.has_room(said) {
                    break;
                }
                if rows > 1 {
                    self.below.resize(self.below.len().max(line.len() + 1), Down::default());
                    let text = if said.len() > MAX_TEXT_SAID_AGAIN { String::new() } else { said.to_owned() };
                    self.below[line.len()] = Down { rows: rows - 1, text };
                }
                line.push(said.to_owned());
            }
        }
        self.carry(&mut line);
        line
    }

    /// Fills in the cells of rows above that span this row.
    fn carry(&mut self, line: &mut Vec<String>) {
        while let Some(down) = self.below.get_mut(line.len()).filter(|down| down.rows > 0) {
            down.rows -= 1;
            let text = down.text.clone();
            if !self.has_room(&text) {
                self.below.clear();
                return;
            }
            line.push(text);
        }
    }

    /// Whether a cell may be repeated; if so, its bytes are deducted.
    fn has_room(&mut self, text: &str) -> bool {
        let bytes = text.len() + " | ".len();
        let has_room = self.room >= bytes;
        self.room = self.room.saturating_sub(bytes);
        has_room
    }
}

/// A cell on one line: headings without their marks, and nested tables row by row.
fn cell_text(handlers: &dyn Handlers, cell: &Rc<Node>) -> String {
    for node in descendants(cell).collect::<Vec<_>>() {
        for child in node.children.borrow_mut().iter_mut() {
            match tag(child) {
                "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => renamed(child, "span", &node),
                "table" => {
                    let row = |row: &Rc<Node>| {
                        let words = |cell: &Rc<Node>| one_line(&handlers.walk_children(cell).content);
                        cells(row).iter().map(words).filter(|words| !words.is_empty()).collect::<Vec<_>>().join(" ")
                    };
                    let rows: Vec<String> = rows(child).iter().map(row).filter(|row| !row.is_empty()).collect();
                    *child = text_node(&format!(" {} ", rows.join("; ")));
                }
                _ => {}
            }
        }
    }
    one_line(&handlers.walk_children(cell).content)
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
    let own: Vec<Rc<Node>> = rows.iter().flat_map(cells).collect();
    let widest = rows.iter().map(|row| cells(row).len()).max().unwrap_or_default();
    let has_names = widest > 1 && rows.len() > 1 && own.iter().any(|cell| tag(cell) == "th");
    // A heading that names a column or a row belongs to the table.
    let is_name = |cell: &Rc<Node>| has_names && tag(cell) == "th";
    let is_small = |inner: &Rc<Node>| has_names && super::html_tree::text(inner).len() <= MAX_INNER_TABLE_BYTES;
    let holds_page = |node: &Rc<Node>| match tag(node) {
        "table" => !is_small(node),
        "h1" | "h2" | "article" | "main" | "form" => true,
        "td" | "th" => {
            let is_long = super::html_tree::text(node).len() > MAX_CELL_BYTES;
            is_long && descendants(node).any(|inner| matches!(tag(&inner), "p" | "div" | "ul" | "ol" | "h3" | "h4"))
        }
        _ => false,
    };
    let names_hold_page = |node: &Rc<Node>| !matches!(tag(node), "h1" | "h2") && holds_page(node);
    widest < 2
        || own.iter().any(|cell| {
            descendants(cell).any(|node| if is_name(cell) { names_hold_page(&node) } else { holds_page(&node) })
        })
}

/// The table's own rows, without those of nested tables. The foot may come before the body.
fn rows(table: &Rc<Node>) -> Vec<Rc<Node>> {
    let (mut rows, mut foot) = (Vec::new(), Vec::new());
    for child in table.children.borrow().iter() {
        match tag(child) {
            "tr" => rows.push(Rc::clone(child)),
            group @ ("thead" | "tbody" | "tfoot") => {
                let part = if group == "tfoot" { &mut foot } else { &mut rows };
                part.extend(child.children.borrow().iter().filter(|child| tag(child) == "tr").cloned());
            }
            _ => {}
        }
    }
    rows.append(&mut foot);
    rows
}

fn cells(row: &Rc<Node>) -> Vec<Rc<Node>> {
    row.children.borrow().iter().filter(|cell| matches!(tag(cell), "td" | "th")).cloned().collect()
}
