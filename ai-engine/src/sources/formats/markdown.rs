//! Markdown: the text of the file without what only programs read, with its headings.

use collabry_shared::sources::FailureCode;
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::{Input, markdown_plain, text};
use crate::sources::builder::one_line;
use crate::sources::document::{Document, Heading};

/// The Markdown extensions beyond `CommonMark`.
pub const OPTIONS: Options =
    Options::ENABLE_TABLES.union(Options::ENABLE_YAML_STYLE_METADATA_BLOCKS).union(Options::ENABLE_MATH);

pub fn read(input: &Input<'_>) -> Result<Document, FailureCode> {
    let mut document = text::verbatim(markdown_plain::plain(&text::decoded(input)?), input.max_text_bytes)?;
    document.headings = headings(&document.text);
    let first = || document.headings.iter().find(|heading| heading.level == 1).map(|heading| heading.text.clone());
    document.title = declared_title(&document.text).or_else(first);
    Ok(document)
}

/// The title in the front matter.
fn declared_title(markdown: &str) -> Option<String> {
    let mut lines = markdown.lines();
    if lines.next()?.trim_end() != "---" {
        return None;
    }
    let mut matter = Vec::new();
    for line in lines {
        if matches!(line.trim_end(), "---" | "...") {
            let title = matter.into_iter().find_map(|line: &str| line.strip_prefix("title:"))?;
            let title = one_line(title.trim().trim_matches(['"', '\'']));
            // A YAML indicator of a title on the following lines.
            return Some(title).filter(|title| !title.is_empty() && !title.starts_with(['|', '>']));
        }
        matter.push(line);
    }
    None
}

/// The headings of a Markdown text, without lookalikes in code and front matter.
pub fn headings(markdown: &str) -> Vec<Heading> {
    let mut headings = Vec::new();
    let mut open: Option<Heading> = None;
    for (event, range) in Parser::new_ext(markdown, OPTIONS).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                let start = markdown[..range.start].rfind('\n').map_or(0, |end| end + 1);
                open = Some(Heading { start, level: number(level), text: String::new() });
            }
            Event::End(TagEnd::Heading(_)) => {
                if let Some(mut heading) = open.take() {
                    heading.text = one_line(&heading.text);
                    headings.push(heading);
                }
            }
            Event::Text(text) | Event::Code(text) | Event::InlineMath(text) => {
                if let Some(heading) = &mut open {
                    heading.text.push_str(&text);
                }
            }
            Event::SoftBreak | Event::HardBreak => {
                if let Some(heading) = &mut open {
                    heading.text.push(' ');
                }
            }
            _ => {}
        }
    }
    headings.retain(|heading| !heading.text.is_empty());
    headings
}

fn number(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_title_may_be_in_the_front_matter() {
        let title = |text: &str| declared_title(text).unwrap_or_default();
        assert_eq!(title("---\nauthor: x\ntitle: \"On Bridges\"\n---\n\n# Intro\n"), "On Bridges");
        assert_eq!(title("---\ntitle: >\n  On\n---\n"), "");
        assert_eq!(title("---\ntitle: Open\n\n# Intro\n"), "");
        assert_eq!(title("# Intro\n\n---\ntitle: x\n---\n"), "");
    }

    #[test]
    fn headings_are_found_outside_code_and_front_matter() {
        let text = "---\ntitle: x\n---\n\n# One *bold*\n\n```\n# no\n```\n\nTwo\n===\n\n> ## Quoted\n\n    # code\n";
        let found: Vec<_> = headings(text).into_iter().map(|h| (h.level, h.text, h.start)).collect();
        let at = |needle: &str| text.find(needle).unwrap();
        assert_eq!(
            found,
            [
                (1, "One bold".to_owned(), at("# One")),
                (1, "Two".to_owned(), at("Two")),
                (2, "Quoted".to_owned(), at("> ## Quoted"))
            ]
        );
    }
}
