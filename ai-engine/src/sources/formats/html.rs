//! Web pages: their main content as Markdown.

use std::rc::Rc;

use collabry_shared::sources::{FailureCode, Unread};
use encoding_rs::Encoding;
use htmd::element_handler::{HandlerResult, Handlers};
use htmd::options::{BulletListMarker, HeadingStyle, Options};
use htmd::{Element, HtmlToMarkdown};

use markup5ever_rcdom::Node;

use super::html_tree::{self, Amounts, attribute, descendants, tag};
use super::{Input, html_furniture, html_lists, html_roles, html_table, html_text, markdown, scripts, text};
use crate::sources::builder::one_line;
use crate::sources::document::Document;

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

impl Page {
    fn of(html: &str) -> Result<Self, FailureCode> {
        let converter = converter();
        let tree = converter.html_to_tree(html).map_err(|_| FailureCode::Damaged)?;
        html_tree::flatten(&tree);
        let nodes = || descendants(&tree);
        let title = nodes().find(|node| tag(node) == "title").map(|title| one_line(&html_tree::text(&title)));
        let frames = u32::try_from(nodes().filter(is_frame).count()).unwrap_or(u32::MAX);
        html_roles::replace(&tree);
        html_furniture::remove_elements(&tree, &Amounts::of(&tree));
        html_text::replace(&tree);
        let amounts = Amounts::of(&tree);
        let content = content(&tree, &amounts);
        html_furniture::remove_blocks(&content, &amounts);
        let markdown = converter.tree_to_markdown(&content);
        Ok(Self { title: title.filter(|title| !title.is_empty()), markdown: tidy(&markdown), frames })
    }
}

/// HTML inside of another document as Markdown.
pub fn fragment(html: &str) -> String {
    let converter = converter();
    let Ok(tree) = converter.html_to_tree(html) else {
        return html.to_owned();
    };
    html_tree::flatten(&tree);
    html_roles::replace(&tree);
    html_tree::prune(&tree, |node| matches!(tag(node), "script" | "style" | "template" | "svg" | "rt" | "rp" | "rtc"));
    html_text::replace(&tree);
    tidy(&converter.tree_to_markdown(&tree))
}

fn converter() -> HtmlToMarkdown {
    HtmlToMarkdown::builder()
        .options(Options {
            heading_style: HeadingStyle::Atx,
            bullet_list_marker: BulletListMarker::Dash,
            ul_bullet_spacing: 1,
            ol_number_spacing: 1,
            ..Options::default()
        })
        .add_handler(vec!["title"], |_: &dyn Handlers, _: Element<'_>| None)
        .add_handler(vec!["table"], |handlers: &dyn Handlers, element: Element<'_>| {
            Some(HandlerResult::from(html_table::text(handlers, element.node)))
        })
        .add_handler(vec!["ol"], |handlers: &dyn Handlers, element: Element<'_>| {
            let is_within_item = html_tree::parent(element.node).is_some_and(|parent| tag(&parent) == "li");
            let list = html_lists::text(handlers, element.node, is_within_item);
            (!list.is_empty()).then(|| HandlerResult::from(list))
        })
        .add_handler(vec!["s", "strike"], |handlers: &dyn Handlers, element: Element<'_>| {
            let text = handlers.walk_children(element.node).content;
            let inner = text.trim();
            let is_line = !inner.is_empty() && !inner.contains('\n');
            Some(HandlerResult::from(if is_line { text.replacen(inner, &format!("~~{inner}~~"), 1) } else { text }))
        })
        // Deleted text is not part of what the page says now.
        .add_handler(vec!["del"], |_: &dyn Handlers, _: Element<'_>| None)
        // Addresses of links and pictures are noise to a search; their words are not.
        .add_handler(vec!["a"], |handlers: &dyn Handlers, element: Element<'_>| {
            Some(handlers.walk_children(element.node))
        })
        .add_handler(vec!["img"], |_: &dyn Handlers, element: Element<'_>| {
            let alt = element.attrs.iter().find(|attr| &*attr.name.local == "alt")?;
            Some(HandlerResult::from(one_line(&alt.value)))
        })
        .build()
}

fn is_frame(node: &Rc<Node>) -> bool {
    matches!(tag(node), "iframe" | "frame")
        && attribute(node, "src").is_some_and(|address| !address.is_empty() && !address.starts_with("about:"))
}

/// The part of the page that holds its content: what it says itself, if that can be believed.
fn content(tree: &Rc<Node>, amounts: &Amounts) -> Rc<Node> {
    let letters = |node: &Rc<Node>| amounts.get(node).letters;
    let all = letters(tree);
    let enough = |node: &Rc<Node>| letters(node) > 0 && letters(node) * MIN_MAIN_SHARE >= all;
    let is_main = |node: &Rc<Node>| tag(node) == "main" || attribute(node, "role").as_deref() == Some("main");
    if let Some(main) = descendants(tree).filter(is_main).max_by_key(letters).filter(enough) {
        return main;
    }
    // Several articles are a list of teasers, or a thread: then the whole page is its content.
    let articles: Vec<Rc<Node>> = descendants(tree).filter(|node| tag(node) == "article").collect();
    let longest = articles.iter().max_by_key(|article| letters(article));
    let rest = |longest: &Rc<Node>| articles.iter().map(letters).sum::<usize>() - letters(longest);
    let is_alone = |longest: &&Rc<Node>| rest(longest) * 3 < letters(longest);
    longest.filter(is_alone).filter(|article| enough(article)).cloned().unwrap_or_else(|| Rc::clone(tree))
}

/// No more than one blank line in a row, and no white space at line ends.
fn tidy(markdown: &str) -> String {
    let mut tidied = String::with_capacity(markdown.len());
    let mut blank = 0;
    for line in scripts::typed_fractions(markdown.trim()).lines() {
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
    fn comments_are_left_out_though_they_are_longer_than_the_article() {
        let (article, said) = ("The bridge is open again. ".repeat(30), "I never liked that bridge. ".repeat(60));
        let page = format!("<body><h1>Bridge</h1><p>{article}</p><div id=comments><p>{said}</p></div></body>");
        let markdown = Page::of(&page).unwrap().markdown;
        assert!(markdown.contains("open again") && !markdown.contains("never liked"), "{markdown}");
        let thread = format!("<body><h1>Bridge</h1><p>Opened.</p><div id=comments><p>{said}</p></div></body>");
        assert!(Page::of(&thread).unwrap().markdown.contains("never liked"));
    }

    #[test]
    fn the_declared_encoding_is_read() {
        assert_eq!(declared_encoding(b"<meta charset=\"windows-1251\">"), Some(encoding_rs::WINDOWS_1251));
        assert_eq!(declared_encoding(b"<META content='text/html; Charset=koi8-r'>"), Some(encoding_rs::KOI8_R));
        assert_eq!(declared_encoding(b"<p>charset</p>"), None);
    }
}
