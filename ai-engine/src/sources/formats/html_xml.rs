//! Prepares XHTML for an HTML parser, which would never close `<title/>` and `<script/>`, and reads CDATA as a comment.

use std::borrow::Cow;

/// How far from the start XHTML is recognized.
const HEAD_BYTES: usize = 2_048;

/// No tag is longer, except for inline pictures.
const MAX_TAG_BYTES: usize = 256 * 1024;

/// Elements that are always empty in HTML.
const VOID: &[&str] =
    &["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"];

/// The page with each empty element closed, if it is XHTML.
pub fn as_html(page: &str) -> Cow<'_, str> {
    let head = &page[..page.floor_char_boundary(HEAD_BYTES)];
    let is_xml = head.trim_start().starts_with("<?xml") || head.contains("http://www.w3.org/1999/xhtml");
    if !is_xml || !page.contains("/>") && !page.contains(CDATA) {
        Cow::Borrowed(page)
    } else {
        Cow::Owned(closed(page))
    }
}

const CDATA: &str = "<![CDATA[";

fn closed(page: &str) -> String {
    let mut html = String::with_capacity(page.len() + page.len() / 16);
    let mut rest = page;
    // Scripts and styles hide their CDATA marks in comments of their own.
    let mut is_raw = false;
    while let Some(at) = rest.find('<') {
        html.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = if rest.starts_with("<!--") {
            rest.find("-->").map_or(rest.len(), |end| end + 3)
        } else if let Some(inside) = rest.strip_prefix(CDATA).filter(|_| !is_raw) {
            let end = inside.find("]]>").unwrap_or(inside.len());
            html.push_str(&inside[..end].replace('&', "&amp;").replace('<', "&lt;"));
            rest = inside.get(end + 3..).unwrap_or_default();
            continue;
        } else {
            tag_length(rest)
        };
        let (tag, after) = rest.split_at(length);
        let name: String =
            tag[1..].chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, ':' | '-')).collect();
        match tag.strip_suffix("/>").filter(|open| !name.is_empty() && is_self_closing(open)) {
            Some(open) if !VOID.contains(&name.to_ascii_lowercase().as_str()) => {
                html.extend([open, "></", &name, ">"]);
            }
            _ => {
                is_raw = matches!(name.as_str(), "script" | "style");
                html.push_str(tag);
            }
        }
        rest = after;
    }
    html + rest
}

/// The length of a tag; `>` in the value of an attribute does not end it.
fn tag_length(tag: &str) -> usize {
    let mut quote = None;
    let is_tag = tag[1..].starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'));
    let within = if is_tag { &tag[..tag.floor_char_boundary(MAX_TAG_BYTES)] } else { "" };
    for (at, c) in within.char_indices() {
        match (quote, c) {
            (None, '>') => return at + 1,
            (None, '"' | '\'') if tag[..at].trim_end().ends_with('=') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            _ => {}
        }
    }
    // A `<` that does not open a tag.
    1
}

/// Whether the slash is not the end of a value without quotation marks, `href=/news/`.
fn is_self_closing(open: &str) -> bool {
    let last = open.split_whitespace().next_back().unwrap_or_default();
    open.ends_with(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')) || !last.contains('=')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_elements_are_closed() {
        let page = |body: &str| format!("<?xml version='1.0'?><html>{body}</html>");
        for (xml, html) in [
            ("<title/><script src=\"a.js\"/><br/>", "<title></title><script src=\"a.js\"></script><br/>"),
            ("<p title='a > b'/>", "<p title='a > b'></p>"),
            ("<a href=/news/>x</a>", "<a href=/news/>x</a>"),
            ("<!-- <p/> --> 1 < 2 <i/>", "<!-- <p/> --> 1 < 2 <i></i>"),
            ("<p><![CDATA[a < b]]></p><b/>", "<p>a &lt; b</p><b></b>"),
        ] {
            assert_eq!(as_html(&page(xml)), page(html));
        }
        assert_eq!(as_html("<p/>"), "<p/>");
    }
}
