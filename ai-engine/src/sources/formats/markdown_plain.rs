//! Markdown without what only programs read: tags become the text they mark up, links carry their own addresses, and a
//! heading is one line. A passage from the middle of a file is then read as its page would be.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use pulldown_cmark::{CowStr, Event, LinkType, Parser, Tag, TagEnd};

use super::html_tags::{self, tag_name};
use super::scripts::{lower, raise};
use super::{html, markdown};

/// Longer addresses are data, and stay in their definitions.
const MAX_ADDRESS_BYTES: usize = 300;

const MAX_UNKNOWN_NAMES: usize = 100;

/// How far below the start of a table its end is searched for.
const MAX_TABLE_BYTES: usize = 256 * 1024;
const TABLE_END: &str = "</table>";

/// A small text may grow by this many bytes of addresses, a larger one to twice its size.
const MIN_ROOM: usize = 64 * 1024;

/// The replacement of a range of the text.
struct Edit {
    range: Range<usize>,
    text: String,
}

pub fn plain(markdown: &str) -> String {
    let markdown = without_grounding(markdown);
    let mut edits = Edits {
        markdown: &markdown,
        list: Vec::new(),
        defined: HashSet::new(),
        unknown: HashMap::new(),
        room: markdown.len().max(MIN_ROOM),
        unclosed: false,
        raised: None,
    };
    let mut parser = Parser::new_ext(&markdown, markdown::OPTIONS).into_offset_iter();
    let mut depth = 0_usize;
    for (event, range) in parser.by_ref() {
        match event {
            // Lines of HTML inside have the marks of the blocks around them.
            Event::Start(Tag::List(_) | Tag::BlockQuote(_)) => depth += 1,
            Event::End(TagEnd::List(_) | TagEnd::BlockQuote(_)) => depth = depth.saturating_sub(1),
            Event::Start(Tag::HtmlBlock) if depth == 0 => edits.block(range),
            Event::InlineHtml(tag) => edits.inline(&tag, range),
            Event::Start(Tag::Heading { level, .. }) => edits.heading(level as usize, range),
            Event::Start(Tag::Link { link_type, dest_url, id, .. } | Tag::Image { link_type, dest_url, id, .. }) => {
                edits.link(link_type, &dest_url, &id, range);
            }
            _ => {}
        }
    }
    let definitions = parser.reference_definitions().iter();
    let spans =
        definitions.filter(|(label, _)| edits.defined.contains(&label.to_lowercase())).map(|(_, def)| def.span.clone());
    let spans: Vec<Range<usize>> = spans.collect();
    edits.list.extend(spans.into_iter().map(|range| Edit { range, text: String::new() }));
    edits.applied()
}

struct Edits<'a> {
    markdown: &'a str,
    list: Vec<Edit>,
    /// Labels of links that carry their addresses now.
    defined: HashSet<String>,
    /// Whether names that HTML does not know have closing tags.
    unknown: HashMap<String, bool>,
    /// Whether there was a table without an end.
    unclosed: bool,
    /// How many bytes of addresses may still be repeated.
    room: usize,
    /// Where raised or lowered text began: the tag, and what is in it.
    raised: Option<(Range<usize>, bool)>,
}

impl Edits<'_> {
    fn block(&mut self, mut range: Range<usize>) {
        if self.list.last().is_some_and(|last| last.range.end > range.start) {
            return;
        }
        let html = &self.markdown[range.clone()];
        // A table with blank lines in it is several blocks.
        if html.matches("<table").count() > html.matches("</table").count() && !self.unclosed {
            let rest = &self.markdown[range.end..];
            match rest[..rest.floor_char_boundary(MAX_TABLE_BYTES)].find(TABLE_END) {
                Some(at) => range.end += at + TABLE_END.len(),
                None => self.unclosed = true,
            }
        }
        let html = &self.markdown[range.clone()];
        let unknown = tag_name(html.trim_start()).is_some_and(|name| !self.is_tag(name));
        if !unknown {
            self.list.push(Edit { text: format!("{}\n", html::fragment(html)), range });
        }
    }

    fn inline(&mut self, tag: &str, range: Range<usize>) {
        let is_comment = tag.starts_with("<!--");
        let name = tag_name(tag).unwrap_or_default();
        if !is_comment && !self.is_tag(name) {
            return;
        }
        let name = name.to_ascii_lowercase();
        let text = match name.as_str() {
            "br" => " ".to_owned(),
            "del" | "s" | "strike" => "~~".to_owned(),
            "img" => html::fragment(tag),
            "sup" | "sub" if tag.starts_with("</") => {
                if let Some((opened, above)) = self.raised.take() {
                    let (before, inner) = (&self.markdown[..opened.start], &self.markdown[opened.end..range.start]);
                    let text = if above { raise(inner, before) } else { lower(inner, before) };
                    while self.list.pop_if(|edit| edit.range.start >= opened.start).is_some() {}
                    self.list.push(Edit { range: opened.start..range.end, text });
                    return;
                }
                String::new()
            }
            "sup" | "sub" => {
                self.raised = Some((range.clone(), name == "sup"));
                String::new()
            }
            _ => String::new(),
        };
        self.list.push(Edit { range, text });
    }

    /// `Title` over `=====` becomes `# Title`: the line below is no text.
    fn heading(&mut self, level: usize, range: Range<usize>) {
        let source = self.markdown[range.clone()].trim_end();
        let Some((title, underline)) = source.split_once('\n') else {
            return;
        };
        let is_underline = underline.trim().chars().all(|c| c == '=') || underline.trim().chars().all(|c| c == '-');
        if is_underline {
            self.list.push(Edit { range: range.start..range.start, text: format!("{} ", "#".repeat(level)) });
            self.list.push(Edit { range: range.start + title.len()..range.start + source.len(), text: String::new() });
        }
    }

    /// `[text][label]` becomes `[text](address)`: the label's definition may be pages away.
    fn link(&mut self, kind: LinkType, address: &CowStr<'_>, label: &CowStr<'_>, range: Range<usize>) {
        if address.len() > MAX_ADDRESS_BYTES.min(self.room) || address.contains(['(', ')', ' ', '<']) {
            return;
        }
        let source = &self.markdown[range.clone()];
        let start = match kind {
            LinkType::Reference => source.rfind("][").map(|at| at + 1),
            LinkType::Collapsed => source.len().checked_sub(2),
            LinkType::Shortcut => Some(source.len()),
            _ => None,
        };
        if let Some(start) = start {
            self.room -= address.len();
            self.list.push(Edit { range: range.start + start..range.end, text: format!("({address})") });
            self.defined.insert(label.to_lowercase());
        }
    }

    /// Names that HTML does not know are tags if they have closing tags.
    fn is_tag(&mut self, name: &str) -> bool {
        if name.is_empty() || html_tags::is_known(name) {
            return !name.is_empty();
        }
        if let Some(is_closed) = self.unknown.get(name) {
            return *is_closed;
        }
        // Searches for each name once, and for no more names than people make up.
        let is_closed = self.unknown.len() < MAX_UNKNOWN_NAMES && self.markdown.contains(&format!("</{name}>"));
        self.unknown.insert(name.to_owned(), is_closed);
        is_closed
    }

    fn applied(mut self) -> String {
        self.list.sort_by_key(|edit| (edit.range.start, edit.range.end));
        let mut text = String::with_capacity(self.markdown.len());
        let mut end = 0;
        for Edit { range, text: instead } in self.list {
            if range.start >= end {
                text.push_str(&self.markdown[end..range.start]);
                text.push_str(&instead);
                end = range.end;
            }
        }
        text.push_str(&self.markdown[end..]);
        text
    }
}

/// Models that read pictures of pages write where on the page each part was: `<|ref|>text<|/ref|><|det|>[[1, 2, 3,
/// 4]]<|/det|>`.
fn without_grounding(markdown: &str) -> String {
    const OPEN: &str = "<|ref|>";
    const CLOSE: &str = "<|/det|>";
    let mut text = String::with_capacity(markdown.len());
    let mut rest = markdown;
    while let Some((before, after)) = rest.split_once(OPEN) {
        let line = after.split('\n').next().unwrap_or_default();
        text.push_str(before);
        rest = if let Some(at) = line.find(CLOSE) {
            &after[at + CLOSE.len()..]
        } else {
            text.push_str(OPEN);
            after
        };
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn tags_become_what_they_mark_up() {
        let text = plain(
            "Ducks:\n\n<table>\n<tr><th>Duck</th><th>Home</th></tr>\n\n<tr><td>Huey</td><td>Duckburg</td></tr>\n</table>\n\n\
             <!-- hidden -->\n<p>One <b>paragraph</b>.</p>\n\nIt weighs 10<sup>6</sup> kg<br>or so, a `<br>` and a Vec<String>.\n",
        );
        assert!(text.contains("Ducks:\n\n| Duck | Home |\n| --- | --- |\n| Huey | Duckburg |\n"), "{text}");
        assert!(text.contains("One **paragraph**.\n\nIt weighs 10⁶ kg or so, a `<br>` and a Vec<String>."), "{text}");
        assert_eq!(plain("The fee is <del>50</del> <ins>70</ins> euros.\n"), "The fee is ~~50~~ 70 euros.\n");
        assert!(!text.contains("hidden") && !text.contains("<table"), "{text}");
    }

    #[test]
    fn links_carry_their_addresses() {
        let text = "See [the *report*][r] and [Mills], not [x][none].\n\n[r]: https://a.example/r \"Report\"\n[mills]: /mills\n[unused]: /u\n";
        let expected =
            "See [the *report*](https://a.example/r) and [Mills](/mills), not [x][none].\n\n\n\n[unused]: /u\n";
        assert_eq!(plain(text), expected);
    }

    #[test]
    fn headings_are_one_line() {
        assert_eq!(plain("A *title*\n=======\n\nText\n\nPart\n---\n"), "# A *title*\n\nText\n\n## Part\n");
        assert_eq!(plain("# One\n\n| a |\n| --- |\n"), "# One\n\n| a |\n| --- |\n");
    }

    #[test]
    fn places_on_a_page_are_no_text() {
        assert_eq!(plain("<|ref|>title<|/ref|><|det|>[[1, 2]]<|/det|>\n# Rivers\n"), "\n# Rivers\n");
    }
}
