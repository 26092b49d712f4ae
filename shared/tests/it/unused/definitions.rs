//! The definitions of a file, each with what it names. Tests are left out.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::Visit;
use syn::{Attribute, Ident, ImplItem, Item, ItemImpl, ItemTrait, Signature, TraitItem, Type, Visibility};

use super::uses::{Use, Uses};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Type,
    Trait,
    Alias,
    Function,
    Constant,
    /// Of a type or a trait, called with so many arguments after `self`.
    Method(usize),
}

#[derive(Debug)]
pub struct Definition {
    pub file: usize,
    /// The type or trait that it belongs to.
    pub owner: Option<String>,
    pub name: String,
    pub kind: Kind,
    pub is_public: bool,
}

impl Definition {
    pub fn full_name(&self) -> String {
        self.owner.iter().chain([&self.name]).map(String::as_str).collect::<Vec<_>>().join("::")
    }
}

/// What has to be used for code to run.
#[derive(Debug)]
pub enum Owner {
    /// Nothing: it runs with the program.
    Program,
    Definition(usize),
    Type(String),
    /// What a trait calls, implemented for a type.
    Method {
        of: String,
        name: String,
        implementor: Option<String>,
    },
}

#[derive(Debug)]
pub struct Code {
    pub file: usize,
    pub owner: Owner,
    pub uses: Vec<Use>,
}

#[derive(Debug, Default)]
pub struct Found {
    pub definitions: Vec<Definition>,
    pub code: Vec<Code>,
    file: usize,
}

impl Found {
    pub fn read(&mut self, file: usize, items: &[Item]) {
        self.file = file;
        for item in items {
            self.item(item);
        }
    }

    fn code(&mut self, owner: Owner, uses: Vec<Use>) {
        self.code.push(Code { file: self.file, owner, uses });
    }

    fn item(&mut self, item: &Item) {
        if is_test(attributes(item)) {
            return;
        }
        let uses = uses(None, |uses| uses.visit_item(item));
        match item {
            Item::Fn(function) if function.sig.ident == "main" => self.code(Owner::Program, uses),
            Item::Fn(function) => self.define(&function.sig.ident, Kind::Function, &function.vis, uses),
            Item::Struct(one) => self.define_type(&one.ident, Kind::Type, &one.vis, |uses| uses.visit_item(item)),
            Item::Enum(one) => self.define_type(&one.ident, Kind::Type, &one.vis, |uses| uses.visit_item(item)),
            Item::Union(one) => self.define_type(&one.ident, Kind::Type, &one.vis, |uses| uses.visit_item(item)),
            Item::Type(one) => self.define(&one.ident, Kind::Alias, &one.vis, uses),
            Item::Const(one) if one.ident != "_" => self.define(&one.ident, Kind::Constant, &one.vis, uses),
            Item::Static(one) if one.attrs.iter().all(|attribute| attribute.path().is_ident("doc")) => {
                self.define(&one.ident, Kind::Constant, &one.vis, uses);
            }
            Item::Trait(one) => self.definition_of_trait(one),
            Item::Impl(one) => self.implementation(one),
            Item::Mod(module) => {
                module.content.iter().flat_map(|(_, items)| items).for_each(|item| self.item(item));
            }
            Item::Use(_) => {}
            _ => self.code(Owner::Program, uses),
        }
    }

    fn define(&mut self, name: &Ident, kind: Kind, visibility: &Visibility, uses: Vec<Use>) {
        self.define_in(None, name, kind, is_public(visibility), uses);
    }

    fn define_in(&mut self, owner: Option<&str>, name: &Ident, kind: Kind, is_public: bool, uses: Vec<Use>) {
        self.code(Owner::Definition(self.definitions.len()), uses);
        let (owner, name) = (owner.map(str::to_owned), name.to_string());
        self.definitions.push(Definition { file: self.file, owner, name, kind, is_public });
    }

    fn define_type(&mut self, name: &Ident, kind: Kind, visibility: &Visibility, visit: impl FnOnce(&mut Uses)) {
        let uses = uses(Some(name.to_string()), visit);
        self.define(name, kind, visibility, uses);
    }

    fn definition_of_trait(&mut self, one: &ItemTrait) {
        let owner = one.ident.to_string();
        self.define_type(&one.ident, Kind::Trait, &one.vis, |uses| {
            one.supertraits.iter().for_each(|bound| uses.visit_type_param_bound(bound));
            one.attrs.iter().for_each(|attribute| uses.visit_attribute(attribute));
        });
        for item in &one.items {
            let uses = uses(Some(owner.clone()), |uses| uses.visit_trait_item(item));
            match item {
                TraitItem::Fn(method) => {
                    self.define_in(Some(&owner), &method.sig.ident, Kind::Method(arguments(&method.sig)), true, uses);
                }
                TraitItem::Const(one) => self.define_in(Some(&owner), &one.ident, Kind::Constant, true, uses),
                _ => self.code(Owner::Type(owner.clone()), uses),
            }
        }
    }

    fn implementation(&mut self, one: &ItemImpl) {
        let owner = match &*one.self_ty {
            Type::Path(path) => path.path.segments.last().map(|segment| segment.ident.to_string()),
            _ => None,
        };
        let of =
            one.trait_.as_ref().and_then(|(path, _)| path.segments.last()).map(|segment| segment.ident.to_string());
        let at_type = || owner.clone().map_or(Owner::Program, Owner::Type);
        self.code(at_type(), uses(owner.clone(), |uses| uses.visit_generics(&one.generics)));
        for item in &one.items {
            let uses = uses(owner.clone(), |uses| uses.visit_impl_item(item));
            match (item, &of, &owner) {
                (ImplItem::Fn(method), _, _) if is_test(&method.attrs) => {}
                (ImplItem::Fn(method), Some(of), _) => {
                    let name = method.sig.ident.to_string();
                    self.code(Owner::Method { of: of.clone(), name, implementor: owner.clone() }, uses);
                }
                (ImplItem::Fn(method), None, Some(owner)) => {
                    let kind = Kind::Method(arguments(&method.sig));
                    self.define_in(Some(owner), &method.sig.ident, kind, is_public(&method.vis), uses);
                }
                (ImplItem::Const(one), None, Some(owner)) => {
                    self.define_in(Some(owner), &one.ident, Kind::Constant, is_public(&one.vis), uses);
                }
                _ => self.code(at_type(), uses),
            }
        }
    }
}

fn uses(this: Option<String>, visit: impl FnOnce(&mut Uses)) -> Vec<Use> {
    let mut uses = Uses { this, ..Uses::default() };
    visit(&mut uses);
    uses.found.into_iter().collect()
}

/// Beside `self`.
fn arguments(signature: &Signature) -> usize {
    signature.inputs.iter().filter(|input| matches!(input, syn::FnArg::Typed(_))).count()
}

fn is_public(visibility: &Visibility) -> bool {
    !matches!(visibility, Visibility::Inherited)
}

pub fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) if list.path.is_ident("cfg") => {
            let mut names = Vec::new();
            identifiers(&list.tokens, &mut names);
            names.iter().any(|name| name == "test") && !names.iter().any(|name| name == "not")
        }
        other => other.path().segments.last().is_some_and(|segment| segment.ident == "test"),
    })
}

fn identifiers(tokens: &TokenStream, names: &mut Vec<String>) {
    for tree in tokens.clone() {
        match tree {
            TokenTree::Ident(ident) => names.push(ident.to_string()),
            TokenTree::Group(group) => identifiers(&group.stream(), names),
            _ => {}
        }
    }
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(one) => &one.attrs,
        Item::Enum(one) => &one.attrs,
        Item::Fn(one) => &one.attrs,
        Item::Impl(one) => &one.attrs,
        Item::Mod(one) => &one.attrs,
        Item::Static(one) => &one.attrs,
        Item::Struct(one) => &one.attrs,
        Item::Trait(one) => &one.attrs,
        Item::Type(one) => &one.attrs,
        Item::Use(one) => &one.attrs,
        _ => &[],
    }
}
