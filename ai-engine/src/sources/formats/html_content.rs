//! Finds the part of a page with its content: the one that the page marks as such, if that is plausible.

use std::collections::HashSet;
use std::rc::Rc;

use markup5ever_rcdom::Node;

use super::html_furniture::is_furniture;
use super::html_tree::{Amount, Amounts, attribute, descendants, parent, tag};

/// The part that a page marks as its main part must have at least this share of the text to be plausible.
const MIN_MAIN_SHARE: usize = 10;

/// Shorter text outside the main part is a slogan, unless it is a table.
const MIN_BESIDE_LETTERS: usize = 300;

pub fn of(tree: &Rc<Node>, amounts: &Amounts) -> Rc<Node> {
    let Some(marked) = marked(tree, amounts) else { return Rc::clone(tree) };
    let outside = Outside { marked: &marked, amounts, all: amounts.get(tree) };
    let prose = |amount: Amount| amount.letters - amount.in_links.min(amount.letters);
    if outside.prose(tree) > prose(amounts.get(&marked)) {
        return Rc::clone(tree);
    }
    let mut kept = outside.content(tree);
    if kept.is_empty() {
        return marked;
    }
    kept.push(Rc::clone(&marked));
    keep_only(tree, &kept);
    Rc::clone(tree)
}

/// The part that the page marks as its main part.
fn marked(tree: &Rc<Node>, amounts: &Amounts) -> Option<Rc<Node>> {
    let letters = |node: &Rc<Node>| amounts.get(node).letters;
    let all = letters(tree);
    let enough = |node: &Rc<Node>| letters(node) > 0 && letters(node) * MIN_MAIN_SHARE >= all;
    let is_main = |node: &Rc<Node>| tag(node) == "main" || attribute(node, "role").as_deref() == Some("main");
    if let Some(main) = descendants(tree).filter(is_main).max_by_key(letters).filter(enough) {
        return Some(main);
    }
    // Several articles are a list of teasers, or a thread: then the whole page is its content.
    let articles: Vec<Rc<Node>> = descendants(tree).filter(|node| tag(node) == "article").collect();
    let longest = articles.iter().max_by_key(|article| letters(article));
    let rest = |longest: &Rc<Node>| articles.iter().map(letters).sum::<usize>() - letters(longest);
    let is_alone = |longest: &&Rc<Node>| rest(longest) * 3 < letters(longest);
    longest.filter(is_alone).filter(|article| enough(article)).cloned()
}

/// The content outside the main part.
struct Outside<'a> {
    marked: &'a Rc<Node>,
    amounts: &'a Amounts,
    all: Amount,
}

impl Outside<'_> {
    /// The letters of paragraphs, lists and tables that are neither links nor furniture.
    fn prose(&self, tree: &Rc<Node>) -> usize {
        let mut prose = 0;
        self.walk(tree, |node| {
            let amount = self.amounts.get(node);
            let is_prose = matches!(tag(node), "p" | "li" | "dd" | "td" | "pre" | "blockquote");
            if is_prose && amount.in_links * 2 < amount.letters {
                prose += amount.letters - amount.in_links;
            }
            !is_prose
        });
        prose
    }

    /// The heading of the page that the main part lacks, and parts with a heading and a text or table of their own.
    fn content(&self, tree: &Rc<Node>) -> Vec<Rc<Node>> {
        let holds = |node: &Rc<Node>, wanted: &[&str]| descendants(node).any(|node| wanted.contains(&tag(&node)));
        let is_headed = holds(self.marked, &["h1"]);
        let before: HashSet<*const Node> =
            descendants(tree).take_while(|node| !Rc::ptr_eq(node, self.marked)).map(|node| Rc::as_ptr(&node)).collect();
        let mut content = Vec::new();
        self.walk(tree, |node| {
            let amount = self.amounts.get(node);
            let is_text = amount.letters >= MIN_BESIDE_LETTERS && holds(node, &["p"]);
            // Above it are the site's banners.
            let is_part = matches!(tag(node), "section" | "div" | "article")
                && !before.contains(&Rc::as_ptr(node))
                && holds(node, &["h2", "h3"])
                && (is_text || holds(node, &["table"]));
            let is_box = matches!(tag(node), "div" | "section" | "header");
            let is_head =
                !is_headed && (tag(node) == "h1" || is_box && holds(node, &["h1"]) && holds(node, &["p", "h2"]));
            let is_content = (is_part || is_head) && amount.in_links * 4 < amount.letters;
            if is_content {
                content.push(Rc::clone(node));
            }
            !is_content
        });
        content
    }

    /// Visits the nodes outside, top down, as deep as the visitor decides.
    fn walk(&self, tree: &Rc<Node>, mut goes_on: impl FnMut(&Rc<Node>) -> bool) {
        let above: HashSet<*const Node> = path(self.marked).collect();
        let mut open = vec![Rc::clone(tree)];
        while let Some(node) = open.pop() {
            if Rc::ptr_eq(&node, self.marked) || tag(&node) == "head" {
                continue;
            }
            let is_above = above.contains(&Rc::as_ptr(&node));
            if !is_above && is_furniture(&node, self.amounts, self.all) {
                continue;
            }
            if is_above || goes_on(&node) {
                open.extend(node.children.borrow().iter().rev().cloned());
            }
        }
    }
}

/// The node and its ancestors.
fn path(node: &Rc<Node>) -> impl Iterator<Item = *const Node> + use<> {
    let mut next = Some(Rc::clone(node));
    std::iter::from_fn(move || {
        let node = next.take()?;
        next = parent(&node);
        Some(Rc::as_ptr(&node))
    })
}

/// Removes all but these nodes, their ancestors and their content.
fn keep_only(root: &Rc<Node>, kept: &[Rc<Node>]) {
    let paths: HashSet<*const Node> = kept.iter().flat_map(path).collect();
    let kept: HashSet<*const Node> = kept.iter().map(Rc::as_ptr).collect();
    let mut open = vec![Rc::clone(root)];
    while let Some(node) = open.pop() {
        if !kept.contains(&Rc::as_ptr(&node)) {
            node.children.borrow_mut().retain(|child| paths.contains(&Rc::as_ptr(child)));
            open.extend(node.children.borrow().iter().cloned());
        }
    }
}
