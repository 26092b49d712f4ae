//! What a piece of code names: methods that are called, and paths, also inside of macros and attributes.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, ExprMethodCall, Item, Macro, Path, UseTree, Visibility};

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    /// With how many arguments, where that can be seen.
    Method(String, Option<usize>),
    /// A name, and what stands before its `::`.
    Name(Option<String>, String),
}

/// Of one definition.
#[derive(Debug, Default)]
pub struct Uses {
    pub found: BTreeSet<Use>,
    /// What `Self` is here.
    pub this: Option<String>,
}

impl Uses {
    fn path<'a>(&mut self, segments: impl IntoIterator<Item = &'a str>) {
        let mut before: Option<String> = None;
        for segment in segments {
            let name = if segment == "Self" { self.this.as_deref().unwrap_or(segment) } else { segment }.to_owned();
            // `Self` by itself is no reason to keep the type.
            if segment != "Self" {
                self.found.insert(Use::Name(before.take(), name.clone()));
            }
            before = Some(name);
        }
    }

    /// What a text names that is code: a path in an attribute, or what a format takes in.
    fn text(&mut self, text: &str, is_path: bool) {
        let is_name = |char: char| char.is_alphanumeric() || char == '_';
        if is_path && text.chars().all(|char| is_name(char) || char == ':') {
            self.path(text.split("::"));
        }
        for part in text.split('{').skip(1) {
            let name: String = part.chars().take_while(|char| is_name(*char)).collect();
            self.path([name.as_str()]);
        }
    }

    fn tokens(&mut self, tokens: &TokenStream, in_attribute: bool) {
        let trees: Vec<_> = tokens.clone().into_iter().collect();
        let is = |at: Option<usize>, char: char| matches!(at.and_then(|at| trees.get(at)), Some(TokenTree::Punct(punct)) if punct.as_char() == char);
        let mut path: Vec<String> = Vec::new();
        for (at, tree) in trees.iter().enumerate() {
            match tree {
                TokenTree::Ident(ident) => {
                    let called = matches!(trees.get(at + 1), Some(TokenTree::Group(_))) || is(Some(at + 1), ':');
                    let after_dot = is(at.checked_sub(1), '.') && !is(at.checked_sub(2), '.');
                    if after_dot {
                        if called {
                            self.found.insert(Use::Method(ident.to_string(), None));
                        }
                        continue;
                    }
                    path.push(ident.to_string());
                    if !(is(Some(at + 1), ':') && is(Some(at + 2), ':')) {
                        self.path(std::mem::take(&mut path).iter().map(String::as_str));
                    }
                }
                TokenTree::Group(group) => self.tokens(&group.stream(), in_attribute),
                TokenTree::Literal(literal) => self.text(literal.to_string().trim_matches('"'), in_attribute),
                // The end of a path that goes on with something else, such as `::<T>` or `::{`.
                TokenTree::Punct(punct) if punct.as_char() != ':' => {
                    self.path(std::mem::take(&mut path).iter().map(String::as_str));
                }
                TokenTree::Punct(_) => {}
            }
        }
    }
}

impl<'ast> Visit<'ast> for Uses {
    fn visit_path(&mut self, path: &'ast Path) {
        let segments: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.path(segments.iter().map(String::as_str));
        visit::visit_path(self, path);
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        self.found.insert(Use::Method(call.method.to_string(), Some(call.args.len())));
        visit::visit_expr_method_call(self, call);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        self.visit_path(&call.path);
        self.tokens(&call.tokens, false);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if attribute.path().is_ident("doc") {
            return;
        }
        match &attribute.meta {
            syn::Meta::List(list) => self.tokens(&list.tokens, true),
            other => visit::visit_meta(self, other),
        }
    }

    fn visit_item(&mut self, item: &'ast Item) {
        // An import is no use; the file knows its imports.
        if !matches!(item, Item::Use(_)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_visibility(&mut self, _: &'ast Visibility) {}
}

/// What the imports of a file bring in.
#[derive(Debug, Default)]
pub struct Imports {
    /// `*` is for all that a module has.
    names: BTreeSet<String>,
    /// Imported under other names.
    pub renamed: BTreeSet<Use>,
}

impl Imports {
    pub fn bring(&self, name: &str) -> bool {
        self.names.contains(name) || self.names.contains("*")
    }

    fn tree(&mut self, tree: &UseTree, before: Option<&str>) {
        let name = match tree {
            UseTree::Path(path) => return self.tree(&path.tree, Some(&path.ident.to_string())),
            UseTree::Group(group) => return group.items.iter().for_each(|item| self.tree(item, before)),
            UseTree::Rename(name) => {
                self.renamed.insert(Use::Name(before.map(str::to_owned), name.ident.to_string()));
                return;
            }
            UseTree::Name(name) if name.ident == "self" => before.unwrap_or_default().to_owned(),
            UseTree::Name(name) => name.ident.to_string(),
            UseTree::Glob(_) => "*".to_owned(),
        };
        self.names.insert(name);
    }
}

impl<'ast> Visit<'ast> for Imports {
    fn visit_item_use(&mut self, import: &'ast syn::ItemUse) {
        self.tree(&import.tree, None);
    }
}
