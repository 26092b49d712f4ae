//! Removes what surrounds the content of a page: menus, banners, further reading, readers' comments.

use std::rc::Rc;

use markup5ever_rcdom::Node;

use super::html_notes::Notes;
use super::html_tree::{Amount, Amounts, attribute, descendants, each, parent, prune, tag, text, text_node};

/// Elements that never contain content of the page.
const SURROUNDINGS: &[&str] = &[
    "script",
    "style",
    "noscript",
    "template",
    "object",
    "svg",
    "canvas",
    "nav",
    "aside",
    "footer",
    "select",
    "input",
    "textarea",
    "dialog",
    "rt",
    "rp",
    "rtc",
    "annotation",
    "annotation-xml",
];

const ROLES: &[&str] =
    &["navigation", "contentinfo", "search", "complementary", "dialog", "alertdialog", "menu", "menubar", "toolbar"];

/// Words in class names and ids that tell the purpose of a block.
const STRONG_WORDS: &[&str] = &[
    "cookie",
    "cookies",
    "cookiebanner",
    "consent",
    "gdpr",
    "newsletter",
    "subscribe",
    "signup",
    "sidebar",
    "sharebar",
    "sharedaddy",
    "pagination",
    "pager",
    "paging",
    "breadcrumb",
    "breadcrumbs",
    "navbar",
    "recirculation",
    "masthead",
    "footer",
    "sharedaddy",
    "relatedposts",
    "comments",
    "kommentare",
    "comentarios",
    "commentaires",
    "disqus",
    "respond",
    "outbrain",
    "taboola",
    "sponsor",
    "sponsored",
    "advert",
    "advertisement",
    "ads",
    "promo",
    "popup",
    "modal",
    "paywall",
    "skiplink",
    "printfriendly",
    "noprint",
    "editsection",
    "catlinks",
    "navbox",
    "tagcloud",
    "taglist",
];

/// Words for lists of links. A report has related parties and recommendations too, and a restaurant a menu.
const LINK_WORDS: &[&str] = &[
    "nav",
    "navigation",
    "menu",
    "share",
    "sharing",
    "social",
    "socials",
    "related",
    "recommended",
    "recommendations",
    "relacionadas",
    "relacionados",
];

/// A block with more than this many letters outside its links, per letter inside them, is not a list of links.
const MAX_BESIDE_LINKS: usize = 6;

/// Words for blocks of readers' comments.
const COMMENTS: &[&str] = &["comments", "kommentare", "comentarios", "commentaires", "disqus", "respond"];

const HEADINGS: &[&str] = &["h1", "h2", "h3", "h4", "h5", "h6"];

/// Words that need further evidence: many links, or hardly any text.
const WEAK_WORDS: &[&str] = &[
    "comment", "overlay", "toolbar", "skip", "login", "teaser", "teasers", "trending", "mostread", "popular", "widget",
    "widgets", "more", "next", "prev", "previous", "tags", "latest", "header", "links", "list", "banner",
];

/// A block with this share of a page's text is its content, whatever its name.
const MAX_SHARE: usize = 3;

/// A text with fewer letters says next to nothing.
const MIN_LETTERS: usize = 20;

/// A heading with less text below it only leads elsewhere: `Share this article`.
const MIN_HEADED_LETTERS: usize = 60;

/// This many short links with hardly any other word are a menu, if the page has a text of this length.
const MIN_MENU_LINKS: usize = 4;
const MAX_LINK_LETTERS: usize = 40;
const MIN_PROSE_LETTERS: usize = 400;

/// If this little would be left of a page, the blocks that look like furniture are its content.
const MIN_LETTERS_LEFT: usize = 150;
const MAX_LOSS: usize = 8;

/// Removes what is certainly not content.
pub fn remove_elements(root: &Rc<Node>, amounts: &Amounts) {
    let notes = Notes::of(root);
    each(root, |node| {
        for child in node.children.borrow_mut().iter_mut() {
            // The words on both sides of a button stay separate.
            if tag(child) == "button" && !is_question(child) {
                *child = text_node(" ");
            }
        }
    });
    let all = amounts.get(root).letters;
    // A page that consists of one form is laid out in it; other forms only ask for something.
    let keeps_form = |form: &Rc<Node>| amounts.get(form).letters * 2 > all;
    prune(root, |node| {
        let tag = tag(node);
        SURROUNDINGS.contains(&tag) && !notes.are_in(node)
            || tag == "form" && !keeps_form(node)
            || attribute(node, "class")
                .is_some_and(|class| class.contains("katex-html") || class.contains("MathJax_Preview"))
    });
}

/// Whether a button is the heading of what it unfolds.
fn is_question(button: &Rc<Node>) -> bool {
    let above = parent(button);
    let in_heading =
        above.is_some_and(|above| matches!(tag(&above), "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "dt" | "summary"));
    let unfolds = attribute(button, "aria-expanded").is_some()
        || attribute(button, "class").is_some_and(|class| class.contains("accordion") || class.contains("faq"));
    let label = text(button);
    let label = label.trim();
    in_heading || unfolds && (label.ends_with(['?', '？', '؟']) || label.split_whitespace().count() > 3)
}

/// Removes blocks that are recognized by their names or links, unless hardly anything would be left.
pub fn remove_blocks(root: &Rc<Node>, amounts: &Amounts) {
    let all = amounts.get(root);
    let mut removed = 0;
    let mut open = vec![Rc::clone(root)];
    while let Some(node) = open.pop() {
        for child in node.children.borrow().iter() {
            if is_furniture(child, amounts, all) {
                removed += amounts.get(child).letters;
            } else {
                open.push(Rc::clone(child));
            }
        }
    }
    let left = all.letters.saturating_sub(removed);
    if left >= MIN_LETTERS_LEFT || left * MAX_LOSS >= all.letters {
        prune(root, |node| is_furniture(node, amounts, all));
    }
}

pub fn is_furniture(node: &Rc<Node>, amounts: &Amounts, all: Amount) -> bool {
    let amount = amounts.get(node);
    let others = all.letters.saturating_sub(amount.letters);
    // The comments below an article may be longer than the article.
    let is_below = others > MIN_PROSE_LETTERS && others * MAX_LOSS > all.letters && holds_comments(node);
    let is_most = amount.letters * MAX_SHARE > all.letters && !is_below;
    if is_most || !is_box(tag(node)) {
        return false;
    }
    let has_heading = || descendants(node).any(|node| tag(&node) == "h1");
    let is_dense = amount.in_links * 10 >= amount.letters * 8;
    let is_menu = amount.links >= MIN_MENU_LINKS
        && amount.in_links * 20 >= amount.letters * 19
        && amount.letters < amount.links * MAX_LINK_LETTERS
        && all.letters.saturating_sub(all.in_links) > MIN_PROSE_LETTERS;
    let is_for_more = attribute(node, "role").is_some_and(|role| ROLES.contains(&role.as_str()))
        || match named(node) {
            Some(Named::Strongly) => true,
            Some(Named::AsLinks) => {
                amount.in_links * MAX_BESIDE_LINKS >= amount.letters || !is_headed_text(node, amount)
            }
            Some(Named::Weakly) => is_dense && amount.links > 1 || says_little(node, amount),
            None => false,
        }
        || is_menu
        || tag(node) == "header" && is_dense && amount.links > 0;
    is_for_more && !has_heading()
}

/// Whether a block has only a word that leads elsewhere: `Next`, `Log in`. The header of a part is its heading.
fn says_little(node: &Rc<Node>, amount: Amount) -> bool {
    let is_list = matches!(tag(node), "ul" | "ol" | "dl" | "table") && amount.links == 0;
    let has_figure = || amount.links == 0 && text(node).contains(|c: char| c.is_ascii_digit());
    let is_called_header =
        || attribute(node, "class").is_some_and(|class| words(&class).iter().any(|word| word == "header"));
    let is_heading = || is_called_header() && holds_any(node, HEADINGS);
    amount.letters < MIN_LETTERS && !is_list && !has_figure() && !is_heading()
}

/// Whether a block starts with a heading, followed by text with a digit or of some length.
fn is_headed_text(node: &Rc<Node>, amount: Amount) -> bool {
    const TEXTS: [&str; 4] = ["p", "li", "td", "dd"];
    let says = |inner: &Rc<Node>| HEADINGS.contains(&tag(inner)) || TEXTS.contains(&tag(inner)) || tag(inner) == "a";
    let begins_with_heading = descendants(node).find(says).is_some_and(|first| HEADINGS.contains(&tag(&first)));
    let has_figure = || text(node).contains(|c: char| c.is_ascii_digit());
    begins_with_heading && holds_any(node, &TEXTS) && (amount.letters >= MIN_HEADED_LETTERS || has_figure())
}

fn holds_any(node: &Rc<Node>, tags: &[&str]) -> bool {
    descendants(node).any(|inner| tags.contains(&tag(&inner)))
}

fn is_box(tag: &str) -> bool {
    matches!(
        tag,
        "div" | "section" | "ul" | "ol" | "header" | "figure" | "details" | "dl" | "table" | "fieldset" | "form"
    )
}

/// Longer names are sentences.
const MAX_WORDS: usize = 4;

/// Whether a block has its name from its own heading: generators of documents make ids so. A heading of one word can be
/// that of furniture too, unless the sections beside it have their names in the same way.
fn is_named_by_heading(node: &Rc<Node>, words: &[String]) -> bool {
    is_heading(node, words) && (words.len() > 1 || is_section(node) && has_section_beside(node))
}

fn is_heading(node: &Rc<Node>, words: &[String]) -> bool {
    let is_heading = |node: &Rc<Node>| HEADINGS.contains(&tag(node));
    let heading = descendants(node).find(is_heading).map(|heading| text(&heading)).unwrap_or_default();
    let said = heading.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase);
    let is_number = |word: &String| word.chars().all(char::is_numeric);
    said.clone().eq(words.iter().cloned()) || said.filter(|word| !is_number(word)).eq(words.iter().cloned())
}

fn is_section(node: &Rc<Node>) -> bool {
    let is_called_so = |class: String| class.split_whitespace().any(|name| name == "section");
    tag(node) == "section" || attribute(node, "class").is_some_and(is_called_so)
}

/// The most sections of one parent that are examined.
const MAX_BESIDE: usize = 40;

fn has_section_beside(node: &Rc<Node>) -> bool {
    let Some(parent) = parent(node) else { return false };
    let children = parent.children.borrow();
    children.iter().take(MAX_BESIDE).filter(|other| !Rc::ptr_eq(other, node) && is_section(other)).any(|other| {
        let words = attribute(other, "id").map(|id| words(&id)).unwrap_or_default();
        let is_known =
            |word: &String| [STRONG_WORDS, LINK_WORDS, WEAK_WORDS].iter().any(|list| list.contains(&word.as_str()));
        !words.is_empty() && !words.iter().any(is_known) && is_heading(other, &words)
    })
}

/// Whether the block's own name marks it as furniture.
pub fn is_named_furniture(node: &Rc<Node>) -> bool {
    matches!(named(node), Some(Named::Strongly | Named::AsLinks))
}

fn holds_comments(node: &Rc<Node>) -> bool {
    let names = ["class", "id"].into_iter().filter_map(|name| attribute(node, name));
    let is_comments =
        |name: &str| words(name).len() <= 3 && words(name).iter().any(|word| COMMENTS.contains(&word.as_str()));
    names.into_iter().any(|names| names.split_whitespace().any(is_comments))
        && matches!(named(node), Some(Named::Strongly))
}

enum Named {
    Strongly,
    /// As a list of links.
    AsLinks,
    Weakly,
}

fn named(node: &Rc<Node>) -> Option<Named> {
    let (mut weakly, mut as_links) = (false, false);
    for (kind, names) in ["class", "id"].into_iter().filter_map(|name| Some((name, attribute(node, name)?))) {
        for name in names.split_whitespace().take(12) {
            let words = words(name);
            if words.len() > MAX_WORDS || kind == "id" && is_named_by_heading(node, &words) {
                continue;
            }
            for word in &words {
                let is_strong = STRONG_WORDS.contains(&word.as_str());
                let is_of_links = LINK_WORDS.contains(&word.as_str());
                if !is_strong && !is_of_links && !WEAK_WORDS.contains(&word.as_str()) {
                    continue;
                }
                // `has-sidebar`, `menu-open`: what a page has, or how it is; not what the block is.
                let is_state = words
                    .first()
                    .is_some_and(|first| matches!(first.as_str(), "has" | "with" | "no" | "is" | "not" | "without"));
                // `main-content`, `article-footer-text`: the block holds content too.
                let is_content = words.iter().any(|word| {
                    matches!(
                        word.as_str(),
                        "content"
                            | "body"
                            | "text"
                            | "page"
                            | "wrapper"
                            | "wrap"
                            | "container"
                            | "layout"
                            | "grid"
                            | "main"
                            | "entry"
                    )
                });
                if is_state {
                    continue;
                }
                if is_strong && !is_content {
                    return Some(Named::Strongly);
                }
                if is_of_links && !is_content {
                    as_links = true;
                } else {
                    weakly = true;
                }
            }
        }
    }
    match (as_links, weakly) {
        (true, _) => Some(Named::AsLinks),
        (false, true) => Some(Named::Weakly),
        (false, false) => None,
    }
}

/// The words of `related-posts`, `relatedPosts`, `related_posts`.
pub fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || c.is_uppercase() && was_lower {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        was_lower = c.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}
