//! Web pages: their main content as Markdown.

use std::rc::Rc;

use collabry_shared::sources::{FailureCode, Unread};
use encoding_rs::Encoding;
use htmd::element_handler::{HandlerResult, Handlers};
use htmd::options::{BulletListMarker, HeadingStyle, Options};
use htmd::{Element, HtmlToMarkdown};

use markup5ever_rcdom::Node;

use super::html_tree::{self, Amounts, attribute, descendants, tag};
use super::{
    Input, html_content, html_embedded, html_fields, html_furniture, html_lists, html_roles, html_table, html_text,
    html_xml, markdown, scripts, text,
};
use crate::sources::builder::one_line;
use crate::sources::document::Document;

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
    /// Pages that are embedded in this one.
    frames: u32,
}

impl Page {
    fn of(html: &str) -> Result<Self, FailureCode> {
        let converter = converter();
        let tree = converter.html_to_tree(&html_xml::as_html(html)).map_err(|_| FailureCode::Damaged)?;
        let nodes = || descendants(&tree);
        let title = nodes().find(|node| tag(node) == "title").map(|title| one_line(&html_tree::text(&title)));
        let frames = u32::try_from(nodes().filter(is_frame).count()).unwrap_or(u32::MAX);
        html_embedded::replace(&tree, |page| converter.html_to_tree(page).ok());
        html_tree::flatten(&tree);
        html_roles::replace(&tree);
        html_fields::replace(&tree);
        html_furniture::remove_elements(&tree, &Amounts::of(&tree));
        html_text::replace(&tree);
        let amounts = Amounts::of(&tree);
        let content = html_content::of(&tree, &amounts);
        html_furniture::remove_blocks(&content, &amounts);
        let markdown = converter.tree_to_markdown(&content);
        Ok(Self { title: title.filter(|title| !title.is_empty()), markdown: tidy(&markdown), frames })
    }
}

/// Converts HTML inside another document to Markdown.
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
        // Deleted text is no longer part of the page.
        .add_handler(vec!["del"], |_: &dyn Handlers, _: Element<'_>| None)
        // The addresses of links and pictures are noise in a search; their words are not.
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
    let is_page = |address: String| {
        let path = address.split(['?', '#']).next().unwrap_or_default().to_lowercase();
        [".html", ".htm", ".pdf"].iter().any(|ending| path.ends_with(ending))
    };
    match tag(node) {
        "object" => return attribute(node, "data").is_some_and(is_page),
        "embed" => return attribute(node, "src").is_some_and(is_page),
        "iframe" | "frame" => {}
        _ => return false,
    }
    attribute(node, "srcdoc").is_none()
        && attribute(node, "src").is_some_and(|address| !address.is_empty() && !address.starts_with("about:"))
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

    const PROSE: &str = "<p>The harbour of Elster was opened again on Monday after three years of works, which cost four \
                         million euros in all, and the mayor spoke.</p>";

    fn read(body: &str) -> String {
        Page::of(&format!("<!doctype html><title>T</title><body>{body}</body>")).unwrap().markdown
    }

    #[test]
    fn a_small_article_is_not_the_page() {
        let rule = |number: u32| {
            format!("<h2>Rule {number}</h2><p>Rule {number} says that each boat pays {number}1 euros a night here.</p>")
        };
        let rules: String = (1..10).map(rule).collect();
        let page = read(&format!(
            "<h1>Rules</h1>{rules}<article><h3>Did you know?</h3><p>The harbour was built in 1912 by the town.</p></article>"
        ));
        assert!(page.contains("Rule 9 says") && page.contains("built in 1912"), "{page}");
        let main = format!("<main>{}</main>", PROSE.repeat(4));
        let prices =
            "<section><h2>Prices</h2><table><tr><th>Ticket<th>Euro</tr><tr><td>Adult<td>5</tr></table></section>";
        let page = read(&format!(
            "<div class=hero><h1>Elster harbour opens</h1><p>The first ferry leaves at 7:40.</p></div>{main}{prices}<div>Banner</div>"
        ));
        assert!(page.starts_with("# Elster harbour opens\n\nThe first ferry leaves at 7:40.\n\nThe harbour"), "{page}");
        assert!(page.ends_with("| Adult | 5 |"), "{page}");
    }

    #[test]
    fn a_word_in_a_name_does_not_remove_content() {
        let text = PROSE.repeat(6);
        for (block, said) in [
            (
                "<section id=comments><h3>2.1.3. Comments¶</h3><p>A comment starts with a hash.</p></section><section id=encoding><h3>Encoding</h3><p>UTF-8.</p></section>",
                "starts with a hash",
            ),
            (
                "<div class=related-parties><h2>Related parties</h2><p>Transactions of 3 million euros with the mayor.</p></div>",
                "3 million",
            ),
            (
                "<section class=recommendations><h2>Recommendations</h2><p>Close the old pier before the winter, and move the crane.</p></section>",
                "old pier",
            ),
            ("<div class=social><h3>Social security</h3><p>The contribution is 18 per cent.</p></div>", "18 per cent"),
            ("<div class=menu><h3>Menu</h3><p>Soup 5 euros, fish 12 euros.</p></div>", "fish 12"),
            ("<ul class=list><li>Fee A: 5<li>Fee B: 7</ul>", "Fee B: 7"),
            ("<div class=header><h2>Fees</h2></div>", "## Fees"),
            ("<aside class=warning><p>Warning: never open the valve.</p></aside>", "the valve"),
            (
                "<aside><p>The pier is closed to all boats that are longer than twelve metres.</p></aside>",
                "twelve metres",
            ),
            ("<blockquote><p>We stay.</p><footer>Ada Marsh, mayor</footer></blockquote>", "Ada Marsh"),
            (
                "<p>Cost<sup><a href='#f'>1</a></sup></p><footer><ol><li id=f>The cost is without tax.</ol></footer>",
                "without tax",
            ),
        ] {
            let page = read(&format!("<h1>Report</h1>{text}{block}"));
            assert!(page.contains(said), "{block}: {page}");
        }
        for gone in [
            "<div class=related-posts><h2>Related posts</h2><ul><li><a href=/a>The bridge is closed</a><li><a href=/b>The mayor has left</a></ul></div>",
            "<div class=share>Share</div>",
            "<aside>Advert</aside>",
            "<footer><p>Imprint of the town</p></footer>",
        ] {
            let page = read(&format!("<h1>Report</h1>{text}{gone}"));
            assert!(page.ends_with("the mayor spoke."), "{gone}: {page}");
        }
    }

    #[test]
    fn xhtml_is_read() {
        let page = "<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'><head><title>One</title><script src='a.js'/></head>\
                    <body><h1><a id='c1'/>Chapter 1</h1><p>The ferry <i/>leaves at 7:40.</p><iframe src='v.html'/><p>Tickets cost 5 euros.</p></body></html>";
        let page = Page::of(page).unwrap();
        assert_eq!(page.markdown, "# Chapter 1\n\nThe ferry leaves at 7:40.\n\nTickets cost 5 euros.");
        assert_eq!((page.title.as_deref(), page.frames), (Some("One"), 1));
    }

    #[test]
    fn fields_say_what_is_filled_in_and_keep_words_apart() {
        let page = read(&format!(
            "{PROSE}<p>Vessel <input value=Gannet> length <select><option>10 m<option selected>12 m</select>, berth<select>\
             <option>A</select>deep. Paid<input type=text value=5>euros<button>OK</button>today<input type=hidden value=x>.\
             <input name=q value=none></p>"
        ));
        assert!(page.ends_with("Vessel Gannet length 12 m , berth A deep. Paid 5 euros today ."), "{page}");
    }

    #[test]
    fn words_within_other_elements_are_read() {
        let page = read(&format!(
            "{PROSE}<figure><svg><title>Passengers per year</title><text x=1>2022: 18,300</text><text>2023:<tspan x=2>21,450</tspan>\
             </text></svg><figcaption>Figure 1</figcaption></figure><p>See<svg><title>Menu</title></svg></p>\
             <iframe srcdoc='&lt;p&gt;The fee is 70 euros.&lt;/p&gt;'></iframe><dialog open><p>Closed on Sunday.</p></dialog>\
             <dialog><p>Sign in</p></dialog><object data=a.swf><p>The plan in words.</p></object>\
             <noscript>Please enable JavaScript to see all of this page, as most of it is not there without it.</noscript>\
             <noscript><p>The ferry leaves Pier 3 at 7:40 on workdays, at 8:15 on Saturdays and at 9:30 on Sundays, all year round.</p></noscript>"
        ));
        for said in [
            "Passengers per year\n2022: 18,300\n2023: 21,450",
            "fee is 70",
            "Closed on Sunday",
            "plan in words",
            "9:30 on Sundays",
        ] {
            assert!(page.contains(said), "{said}: {page}");
        }
        for gone in ["Menu", "Sign in", "JavaScript"] {
            assert!(!page.contains(gone), "{gone}: {page}");
        }
    }

    #[test]
    fn tables_hold_tables_and_headings() {
        let page = read(
            "<table><tr><th>Line</th><th>Fares</th></tr><tr><td>Harbour</td><td><table><tr><td>Adult</td><td>5</td></tr>\
             <tr><td>Child</td><td>2</td></tr></table></td></tr><tr><td>Market</td><td>free</td></tr></table>",
        );
        assert_eq!(page, "| Line | Fares |\n| --- | --- |\n| Harbour | Adult 5; Child 2 |\n| Market | free |");
        let page =
            read("<table><tr><th><h2>Name</h2></th><th><h2>Age</h2></th></tr><tr><td>Ann</td><td>31</td></tr></table>");
        assert_eq!(page, "| Name | Age |\n| --- | --- |\n| Ann | 31 |");
        let page = read(
            "<table><thead><tr><th>Item<th>Sum</thead><tfoot><tr><td>Total<td>3</tfoot><tbody><tr><td>a<td>1<tr><td>b<td>2</tbody></table>",
        );
        assert!(page.ends_with("| a | 1 |\n| b | 2 |\n| Total | 3 |"), "{page}");
    }

    #[test]
    fn spans_do_not_make_a_page_grow() {
        let rows = "<tr><td colspan=1000 rowspan=65000>x</td><td>y</td></tr>".repeat(300);
        let page = read(&format!("<table>{rows}</table>"));
        assert!(page.len() < 60_000 && page.matches('y').count() == 300, "{}", page.len());
        let small =
            "<table><tr><td colspan=60 rowspan=900>x</td><td>y</td></tr><tr><td>z</td></tr></table>".repeat(200);
        assert!(read(&small).len() < 300_000, "{}", read(&small).len());
    }

    #[test]
    fn the_declared_encoding_is_read() {
        assert_eq!(declared_encoding(b"<meta charset=\"windows-1251\">"), Some(encoding_rs::WINDOWS_1251));
        assert_eq!(declared_encoding(b"<META content='text/html; Charset=koi8-r'>"), Some(encoding_rs::KOI8_R));
        assert_eq!(declared_encoding(b"<p>charset</p>"), None);
    }
}
