//! The content of a sheet besides its cells: charts, diagrams, text boxes, comments, header and footer.

use std::collections::HashMap;

use collabry_shared::sources::FailureCode;

use super::archive::Archive;
use super::comments::{self, Comment};
use super::drawing;
use super::xlsx_charted::Formats;
use super::xml::{self, Node};
use crate::sources::builder::one_line;

/// Header and footer are at the end of a sheet. A larger sheet is not read again for them.
const MAX_SHEET_BYTES: u64 = 16 * 1024 * 1024;

/// The parts of the sheets by their names.
pub fn sheet_parts(archive: &mut Archive, workbook: &str) -> Result<HashMap<String, String>, FailureCode> {
    let links = archive.relationships(workbook)?;
    let mut parts = HashMap::new();
    xml::walk(&archive.required(workbook)?, |node| {
        if let Node::Open("sheet", element) = node
            && let (Some(name), Some(id)) = (xml::attribute(element, "name"), xml::attribute(element, "id"))
            && let Some(link) = links.get(&id)
        {
            parts.insert(name, link.target.clone());
        }
        Ok(())
    })?;
    Ok(parts)
}

/// The texts of a sheet, one block each.
pub fn texts(archive: &mut Archive, sheet: &str, formats: &Formats) -> Result<Vec<String>, FailureCode> {
    let mut texts = Vec::new();
    let mut links: Vec<_> = archive.relationships(sheet)?.into_iter().collect();
    links.sort_by(|one, other| one.0.cmp(&other.0));
    let has_threads = links.iter().any(|(_, link)| link.kind == "threadedComment");
    for (_, link) in &links {
        match link.kind.as_str() {
            "drawing" => {
                texts.push(drawing::paragraphs(&archive.text(&link.target)?.unwrap_or_default()).unwrap_or_default());
                let mut drawn: Vec<_> = archive.relationships(&link.target)?.into_iter().collect();
                drawn.sort_by(|one, other| one.0.cmp(&other.0));
                for (_, link) in &drawn {
                    texts.extend(drawing::linked_with(archive, link, formats)?);
                }
            }
            "comments" | "threadedComment" => {
                let xml = archive.text(&link.target)?.unwrap_or_default();
                let people = match link.kind.as_str() {
                    "comments" => comments::people(&xml)?,
                    _ => comments::people(&archive.text("xl/persons/person.xml")?.unwrap_or_default())?,
                };
                let mut comments = comments::comments(&xml, &people)?;
                comments.retain(|comment| !comment.is_copy || !has_threads);
                texts.extend(comments.iter().map(Comment::line));
            }
            _ => {}
        }
    }
    if archive.size(sheet) <= MAX_SHEET_BYTES {
        texts.extend(margins(&archive.text(sheet)?.unwrap_or_default())?);
    }
    texts.retain(|text| !text.is_empty());
    Ok(texts)
}

/// Header and footer, each text once; page numbers and dates change.
fn margins(xml: &str) -> Result<Vec<String>, FailureCode> {
    let mut margins: Vec<String> = Vec::new();
    let mut open: Option<String> = None;
    xml::walk(xml, |node| {
        match node {
            Node::Open("oddHeader" | "oddFooter" | "evenHeader" | "evenFooter" | "firstHeader" | "firstFooter", _) => {
                open = Some(String::new());
            }
            Node::Text(text) => {
                if let Some(open) = &mut open {
                    open.push_str(text);
                }
            }
            Node::Close("oddHeader" | "oddFooter" | "evenHeader" | "evenFooter" | "firstHeader" | "firstFooter") => {
                let text = margin(&open.take().unwrap_or_default());
                let is_worded = text.chars().filter(|c| c.is_alphabetic()).count() > 4;
                if is_worded && !margins.contains(&text) {
                    margins.push(text);
                }
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(margins)
}

/// The text without its codes: `&C` starts the middle, `&"Arial,Bold"` is a font, `&12` a size, `&P` the page number.
fn margin(coded: &str) -> String {
    let mut text = String::new();
    let mut chars = coded.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '&' {
            text.push(c);
            continue;
        }
        match chars.next() {
            Some('&') => text.push('&'),
            Some('"') => chars.by_ref().take_while(|c| *c != '"').for_each(drop),
            Some('L' | 'C' | 'R') => text.push(' '),
            Some('K') => {
                for _ in 0..6 {
                    chars.next_if(char::is_ascii_hexdigit);
                }
            }
            Some(c) if c.is_ascii_digit() => while chars.next_if(char::is_ascii_digit).is_some() {},
            _ => {}
        }
    }
    one_line(&text)
}

#[cfg(test)]
mod tests {
    use super::margin;

    #[test]
    fn codes_of_headers_are_left_out() {
        assert_eq!(margin("&L&\"Arial,Bold\"&12Plan &A&CR&&D &KFF0000Ltd&RPage &P of &N"), "Plan R&D Ltd Page of");
    }
}
