//! The tree of a web page, with properties of its nodes.

use std::collections::HashMap;
use std::rc::Rc;

use html5ever::tendril::StrTendril;
use html5ever::{Attribute, LocalName, QualName, ns};
use markup5ever_rcdom::{Node, NodeData};

/// The converter recurses as deep as the tree, and the stack is limited.
const MAX_DEPTH: usize = 120;

pub fn tag(node: &Node) -> &str {
    match &node.data {
        NodeData::Element { name, .. } => &name.local,
        _ => "",
    }
}

pub fn attribute(node: &Node, wanted: &str) -> Option<String> {
    let NodeData::Element { attrs, .. } = &node.data else {
        return None;
    };
    attrs.borrow().iter().find(|attr| &*attr.name.local == wanted).map(|attr| attr.value.to_string())
}

pub fn parent(node: &Rc<Node>) -> Option<Rc<Node>> {
    let link = node.parent.take();
    let parent = link.as_ref().and_then(std::rc::Weak::upgrade);
    node.parent.set(link);
    parent
}

/// The node and all below it, in the order of the document.
pub fn descendants(node: &Rc<Node>) -> impl Iterator<Item = Rc<Node>> + use<> {
    let mut open = vec![Rc::clone(node)];
    std::iter::from_fn(move || {
        let next = open.pop()?;
        open.extend(next.children.borrow().iter().rev().cloned());
        Some(next)
    })
}

/// The text below a node, with its white space as it is.
pub fn text(node: &Rc<Node>) -> String {
    let mut text = String::new();
    for node in descendants(node) {
        if let NodeData::Text { contents } = &node.data {
            text.push_str(&contents.borrow());
        }
    }
    text
}

pub fn text_node(text: &str) -> Rc<Node> {
    Node::new(NodeData::Text { contents: StrTendril::from(text).into() })
}

/// A new element.
pub fn element(name: &str, children: Vec<Rc<Node>>) -> Rc<Node> {
    with_children(name, Vec::new(), children)
}

/// Replaces an element by one with another name.
pub fn renamed(node: &mut Rc<Node>, name: &str, parent: &Rc<Node>) {
    let NodeData::Element { attrs, .. } = &node.data else { return };
    let element = with_children(name, attrs.take(), node.children.take());
    element.parent.set(Some(Rc::downgrade(parent)));
    *node = element;
}

fn with_children(name: &str, attributes: Vec<Attribute>, children: Vec<Rc<Node>>) -> Rc<Node> {
    let element = Node::new(NodeData::Element {
        name: QualName::new(None, ns!(html), LocalName::from(name)),
        attrs: attributes.into(),
        template_contents: None.into(),
        mathml_annotation_xml_integration_point: false,
    });
    for child in children {
        child.parent.set(Some(Rc::downgrade(&element)));
        element.children.borrow_mut().push(child);
    }
    element
}

/// Visits the node and all below it, including nodes that the visitor inserts.
pub fn each(root: &Rc<Node>, mut visit: impl FnMut(&Rc<Node>)) {
    let mut open = vec![Rc::clone(root)];
    while let Some(node) = open.pop() {
        visit(&node);
        open.extend(node.children.borrow().iter().rev().cloned());
    }
}

/// Flattens what is deeper than any honest page: block boundaries are kept, the structure is not.
pub fn flatten(root: &Rc<Node>) {
    let mut open = vec![(Rc::clone(root), 0)];
    while let Some((node, depth)) = open.pop() {
        // Rows and lists cannot contain text directly.
        if depth < MAX_DEPTH || matches!(tag(&node), "table" | "thead" | "tbody" | "tfoot" | "tr" | "ul" | "ol" | "dl")
        {
            open.extend(node.children.borrow().iter().map(|child| (Rc::clone(child), depth + 1)));
            continue;
        }
        let below: Vec<Rc<Node>> = descendants(&node).skip(1).collect();
        let is_text = |node: &Rc<Node>| matches!(node.data, NodeData::Text { .. });
        let is_border = |node: &Rc<Node>| matches!(tag(node), "p" | "div" | "br" | "section" | "article");
        let kept: Vec<Rc<Node>> = below
            .iter()
            .filter(|node| is_text(node) || is_border(node))
            .flat_map(|node| [Some(Rc::clone(node)), is_text(node).then(|| text_node(" "))])
            .flatten()
            .collect();
        for node in below {
            node.children.borrow_mut().clear();
        }
        *node.children.borrow_mut() = kept;
    }
}

/// How much text there is below a node, and how much of it is in links.
#[derive(Debug, Clone, Copy, Default)]
pub struct Amount {
    pub letters: usize,
    pub in_links: usize,
    pub links: usize,
}

/// The amounts of all nodes below the root.
pub struct Amounts(HashMap<*const Node, Amount>);

impl Amounts {
    pub fn of(root: &Rc<Node>) -> Self {
        let mut amounts: HashMap<*const Node, Amount> = HashMap::new();
        let nodes: Vec<Rc<Node>> = descendants(root).collect();
        // From the last to the first, so that children come before their parents.
        for node in nodes.iter().rev() {
            let mut amount = Amount::default();
            if let NodeData::Text { contents } = &node.data {
                amount.letters = contents.borrow().chars().filter(|c| !c.is_whitespace()).count();
            }
            let is_seen =
                !matches!(tag(node), "script" | "style" | "noscript" | "template" | "select" | "svg" | "head");
            if is_seen {
                for child in node.children.borrow().iter() {
                    let of_child = amounts.get(&Rc::as_ptr(child)).copied().unwrap_or_default();
                    amount.letters += of_child.letters;
                    amount.in_links += of_child.in_links;
                    amount.links += of_child.links;
                }
            }
            if tag(node) == "a" {
                amount.in_links = amount.letters;
                amount.links = 1;
            }
            amounts.insert(Rc::as_ptr(node), amount);
        }
        Self(amounts)
    }

    pub fn get(&self, node: &Rc<Node>) -> Amount {
        self.0.get(&Rc::as_ptr(node)).copied().unwrap_or_default()
    }
}

/// Removes the nodes for which `is_unwanted` is true, with all below them.
pub fn prune(root: &Rc<Node>, mut is_unwanted: impl FnMut(&Rc<Node>) -> bool) {
    let mut open = vec![Rc::clone(root)];
    while let Some(node) = open.pop() {
        // All decisions come before the first removal, because they may depend on neighbouring nodes.
        let unwanted: Vec<bool> = node.children.borrow().iter().map(&mut is_unwanted).collect();
        let mut unwanted = unwanted.into_iter();
        node.children.borrow_mut().retain(|_| !unwanted.next().unwrap_or_default());
        open.extend(node.children.borrow().iter().cloned());
    }
}
