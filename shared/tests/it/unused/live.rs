//! What programs reach: whatever `main` names, and whatever that names in turn.

use std::collections::{BTreeMap, BTreeSet};

use super::definitions::{Code, Definition, Found, Kind, Owner};
use super::uses::Use;
use super::{File, PROGRAMS};

/// For each definition, whether something reaches it.
pub fn live(files: &[File], found: &Found) -> Vec<bool> {
    let names = Names::new(files, found);
    let code = by_owner(found, &names);
    let mut live = vec![false; found.definitions.len()];
    let mut next = Vec::new();
    let used_by = |code: &Code| code.uses.iter().map(|one| (code.file, one.clone())).collect::<Vec<_>>();
    for one in code.get(&Reached::Always).into_iter().flatten() {
        next.extend(used_by(one));
    }
    for one in found.code.iter().filter(|one| files[one.file].is_of(&PROGRAMS)) {
        next.extend(used_by(one));
    }
    for (file, one) in files.iter().enumerate() {
        next.extend(one.imports.renamed.iter().map(|renamed| (file, renamed.clone())));
    }
    let mut seen = BTreeSet::new();
    while let Some((file, used)) = next.pop() {
        if !seen.insert((file, used.clone())) {
            continue;
        }
        for at in names.meant(&used, file) {
            if std::mem::replace(&mut live[at], true) {
                continue;
            }
            let one = &found.definitions[at];
            // Who calls a method of a trait uses the trait.
            let its_trait = one
                .owner
                .iter()
                .flat_map(|owner| names.of(owner))
                .filter(|at| found.definitions[**at].kind == Kind::Trait);
            for at in its_trait {
                live[*at] = true;
            }
            for reached in [Reached::Definition(at), Reached::named(one)] {
                for one in code.get(&reached).into_iter().flatten() {
                    next.extend(used_by(one));
                }
            }
        }
    }
    live
}

/// When code runs.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reached<'a> {
    Always,
    Definition(usize),
    /// With something of this name, which belongs to a type or trait or to none.
    Named(Option<&'a str>, &'a str),
}

impl<'a> Reached<'a> {
    fn named(one: &'a Definition) -> Self {
        Self::Named(one.owner.as_deref(), &one.name)
    }
}

fn by_owner<'a>(found: &'a Found, names: &Names) -> BTreeMap<Reached<'a>, Vec<&'a Code>> {
    let with_type =
        |name: &'a str| if names.of(name).is_empty() { Reached::Always } else { Reached::Named(None, name) };
    let mut by_owner: BTreeMap<_, Vec<&Code>> = BTreeMap::new();
    for code in &found.code {
        let reached = match &code.owner {
            Owner::Program => Reached::Always,
            Owner::Definition(at) => Reached::Definition(*at),
            Owner::Type(name) => with_type(name),
            Owner::Method { of, name, .. } if names.is_trait(of) => Reached::Named(Some(of), name),
            // Of a trait from elsewhere, whose methods are called there.
            Owner::Method { implementor, .. } => implementor.as_deref().map_or(Reached::Always, with_type),
        };
        by_owner.entry(reached).or_default().push(code);
    }
    by_owner
}

struct Names<'a> {
    files: &'a [File],
    definitions: &'a [Definition],
    by_name: BTreeMap<&'a str, Vec<usize>>,
}

impl<'a> Names<'a> {
    fn new(files: &'a [File], found: &'a Found) -> Self {
        let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, one) in found.definitions.iter().enumerate() {
            by_name.entry(&one.name).or_default().push(at);
        }
        Self { files, definitions: &found.definitions, by_name }
    }

    fn of(&self, name: &str) -> &[usize] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    fn is(&self, name: &str, kinds: &[Kind]) -> bool {
        self.of(name).iter().any(|at| kinds.contains(&self.definitions[*at].kind))
    }

    fn is_trait(&self, name: &str) -> bool {
        self.is(name, &[Kind::Trait])
    }

    /// The definitions that a use in a file can mean.
    fn meant(&self, used: &Use, file: usize) -> Vec<usize> {
        let name = match used {
            Use::Method(name, _) | Use::Name(_, name) => name,
        };
        self.of(name).iter().copied().filter(|at| self.can_mean(used, file, &self.definitions[*at])).collect()
    }

    fn can_mean(&self, used: &Use, file: usize, one: &Definition) -> bool {
        match (used, &one.owner) {
            (Use::Method(_, None), _) => matches!(one.kind, Kind::Method(_)),
            (Use::Method(_, Some(arguments)), _) => one.kind == Kind::Method(*arguments),
            (Use::Name(None, _), Some(_)) => false,
            (Use::Name(None, name), None) => one.file == file || self.files[file].imports.bring(name),
            (Use::Name(Some(before), name), Some(owner)) => {
                let is_module = before.starts_with(char::is_lowercase);
                let own = self.of(name).iter().any(|at| self.definitions[*at].owner.as_ref() == Some(before));
                let is_known = self.is(before, &[Kind::Type, Kind::Trait]);
                match (own, is_known) {
                    (true, _) => before == owner,
                    // A method of a trait, called by the name of a type.
                    (false, true) => self.is_trait(owner),
                    // A parameter, an alias, or the name that an import gives.
                    (false, false) => !is_module,
                }
            }
            (Use::Name(Some(before), _), None) => {
                let module = &self.files[one.file].module;
                let is_path = ["crate", "self", "super"].contains(&before.as_str());
                is_path || module.contains(before) || before.strip_prefix("collabry_") == Some(module[0].as_str())
            }
        }
    }
}
