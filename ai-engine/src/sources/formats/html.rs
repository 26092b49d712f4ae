//! Web pages: their main content as Markdown.

use std::sync::{Arc, Mutex, PoisonError};

use collabry_shared::sources::{FailureCode, Unread};
use encoding_rs::Encoding;
use htmd::element_handler::{HandlerResult, Handlers};
use htmd::options::{BulletListMarker, HeadingStyle, Options};
use htmd::{Element, HtmlToMarkdown};

use super::{Input, markdown, text};
use crate::sources::builder::one_line;
use crate::sources::document::Document;

/// What surrounds the content of a page.
const SURROUNDINGS: &[&str] = &[
    "script", "style", "noscript", "template", "object", "svg", "canvas", "nav", "aside", "footer", "button", "select",
    "input", "textarea", "dialog",
];

/// A page that has so many times more text with its forms than without is one form: layout, not something to fill in.
const FORM_SHARE: usize = 2;

/// The content that a page marks as its main part must be at least this share of the whole to be believed.
const MIN_MAIN_SHARE: usize = 10;

pub fn read(input: &Input<'_>) -> Result<Document, FailureCode> {
    let html = text::decoded_as(input, declared_encoding)?;
    let page = Page::of(&html)?;
    let mut document = text::verbatim(page.markdown, input.max_text_bytes)?;
    document.headings = markdown::headings(&document.text);
    let first_heading = document.headings.first().map(|heading| heading.text.clone());
    document.title = page.title.or(first_heading);
    for _ in 0..page.frames {
        document.omit(Unread::Frames, None);
    }
    Ok(document)
}

struct Page {
    title: Option<String>,
    markdown: String,
    /// Pages shown within this one.
    frames: u32,
}

/// What the converter comes across on its way.
#[derive(Default)]
struct Seen {
    title: Option<String>,
    main: Vec<String>,
    articles: Vec<String>,
    frames: u32,
}

impl Page {
    fn of(html: &str) -> Result<Self, FailureCode> {
        let page = Self::convert(html, &["form"])?;
        if !html.to_ascii_lowercase().contains("<form") {
            return Ok(page);
        }
        let with_forms = Self::convert(html, &[])?;
        let is_layout = with_forms.markdown.len() > page.markdown.len().saturating_mul(FORM_SHARE);
        Ok(if is_layout { with_forms } else { page })
    }

    fn convert(html: &str, also_left_out: &[&'static str]) -> Result<Self, FailureCode> {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let note = |keep: fn(&mut Seen, &str)| {
            let seen = Arc::clone(&seen);
            move |handlers: &dyn Handlers, element: Element<'_>| {
                let content = handlers.walk_children(element.node).content;
                keep(&mut seen.lock().unwrap_or_else(PoisonError::into_inner), &content);
                Some(HandlerResult::from(format!("\n\n{content}\n\n")))
            }
        };
        let title = {
            let seen = Arc::clone(&seen);
            move |handlers: &dyn Handlers, element: Element<'_>| {
                let content = one_line(&handlers.walk_children(element.node).content);
                let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                if seen.title.is_none() && !content.is_empty() {
                    seen.title = Some(content);
                }
                None
            }
        };
        let converter = HtmlToMarkdown::builder()
            .options(Options {
                heading_style: HeadingStyle::Atx,
                bullet_list_marker: BulletListMarker::Dash,
                ul_bullet_spacing: 1,
                ol_number_spacing: 1,
                ..Options::default()
            })
            .skip_tags([SURROUNDINGS, also_left_out].concat())
            .add_handler(vec!["title"], title)
            .add_handler(vec!["main"], note(|seen, content| seen.main.push(content.to_owned())))
            .add_handler(vec!["article"], note(|seen, content| seen.articles.push(content.to_owned())))
            .add_handler(vec!["iframe", "frame"], {
                let seen = Arc::clone(&seen);
                move |_: &dyn Handlers, element: Element<'_>| {
                    let address = element.attrs.iter().find(|attr| &*attr.name.local == "src");
                    if address.is_some_and(|address| !address.value.is_empty() && !address.value.starts_with("about:"))
                    {
                        seen.lock().unwrap_or_else(PoisonError::into_inner).frames += 1;
                    }
                    None
                }
            })
            // Addresses of links and pictures are noise to a search; their words are not.
            .add_handler(vec!["a"], |handlers: &dyn Handlers, element: Element<'_>| {
                Some(handlers.walk_children(element.node))
            })
            .add_handler(vec!["img"], |_: &dyn Handlers, element: Element<'_>| {
                let alt = element.attrs.iter().find(|attr| &*attr.name.local == "alt")?;
                Some(HandlerResult::from(one_line(&alt.value)))
            })
            .build();
        let whole = converter.convert(html).map_err(|_| FailureCode::Damaged)?;
        let seen = std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(Self { title: seen.title.clone(), frames: seen.frames, markdown: tidy(&seen.content(whole)) })
    }
}

impl Seen {
    fn content(self, whole: String) -> String {
        let enough = |part: &String| part.trim().len() * MIN_MAIN_SHARE >= whole.len() && !part.trim().is_empty();
        let main = self.main.into_iter().max_by_key(String::len).filter(enough);
        // Several articles are a list of teasers, or a thread: then the whole page is its content.
        let article = (self.articles.len() == 1).then(|| self.articles.concat()).filter(enough);
        main.or(article).unwrap_or(whole)
    }
}

/// No more than one blank line in a row, and no white space at line ends.
fn tidy(markdown: &str) -> String {
    let mut tidied = String::with_capacity(markdown.len());
    let mut blank = 0;
    for line in markdown.trim().lines() {
        let line = line.trim_end();
        blank = if line.is_empty() { blank + 1 } else { 0 };
        if blank < 2 {
            tidied.push_str(line);
            tidied.push('\n');
        }
    }
    tidied.truncate(tidied.trim_end().len());
    tidied
}

/// The encoding in `<meta charset=…>` or `<meta … content="…; charset=…">`, which must stand near the start.
fn declared_encoding(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(4096)]).to_ascii_lowercase();
    let after = head.split("charset=").nth(1)?;
    let label: String = after
        .trim_start_matches(['"', '\'', ' '])
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c))
        .collect();
    Encoding::for_label(label.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_main_part_is_kept_and_the_rest_dropped() {
        let page = Page::of(
            "<!doctype html><head><title> A  page </title><style>p{}</style></head><body><nav><a href=/>Home</a></nav>\
             <div>Banner</div><main><h1>Rivers</h1><p>The <a href='https://x'>Rhine</a> is long.</p><script>1</script>\
             <aside>Advert</aside><ul><li>one</li><li>two</li></ul><table><tr><th>River</th><th>km</th></tr>\
             <tr><td>Rhine</td><td>1233</td></tr></table></main><footer>Imprint</footer></body>",
        )
        .unwrap();
        assert_eq!(page.title.as_deref(), Some("A page"));
        assert!(page.markdown.starts_with("# Rivers\n\nThe Rhine is long.\n\n- one\n- two"), "{}", page.markdown);
        assert!(page.markdown.contains("Rhine") && page.markdown.contains("1233"));
        for gone in ["Home", "Banner", "Advert", "Imprint", "https", "A page"] {
            assert!(!page.markdown.contains(gone), "{gone} in {}", page.markdown);
        }
    }

    #[test]
    fn a_page_that_is_one_form_is_read_and_a_form_in_a_page_is_not() {
        let page = Page::of(
            "<body><p>Counter 1</p><form><h1>Ferry timetable</h1><p>The ferry leaves Pier 3 at 7:40 on workdays.</p>\
             <input value=x><button>Go</button></form><iframe src=/map></iframe><iframe></iframe></body>",
        )
        .unwrap();
        assert!(page.markdown.contains("# Ferry timetable\n\nThe ferry leaves Pier 3"), "{}", page.markdown);
        assert!(!page.markdown.contains("Go"), "{}", page.markdown);
        assert_eq!(page.frames, 1);
        let text = "The walrus lives in the arctic. ".repeat(5);
        let page = Page::of(&format!("<body><p>{text}</p><form><label>Search</label><input></form></body>")).unwrap();
        assert!(!page.markdown.contains("Search"), "{}", page.markdown);
    }

    #[test]
    fn the_declared_encoding_is_read() {
        assert_eq!(declared_encoding(b"<meta charset=\"windows-1251\">"), Some(encoding_rs::WINDOWS_1251));
        assert_eq!(declared_encoding(b"<META content='text/html; Charset=koi8-r'>"), Some(encoding_rs::KOI8_R));
        assert_eq!(declared_encoding(b"<p>charset</p>"), None);
    }
}
