//! Which modules may import which. A room is a top-level module of a crate; a room on a floor imports from floors below,
//! and from rooms of its own floor as long as there is no circle.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::{Attribute, Item, UseTree, Visibility};

/// The rooms of `shared`, from the ground up.
const FLOORS: [&[&str]; 5] = [
    &["clock", "command_line", "health", "http", "ids", "memory", "models", "pages", "service", "telemetry", "text"],
    &["redis", "storage"],
    &[
        "auth",
        "backups",
        "conversations",
        "engine",
        "generations",
        "idempotency",
        "jobs",
        "limits",
        "locks",
        "notebooks",
        "notifications",
        "presence",
        "realtime",
        "sources",
        "usage",
    ],
    &["config"],
    &["check", "coordination", "lifecycle", "process", "stores"],
];

const CRATES: [&str; 5] = ["shared", "ai-engine", "api", "worker", "standalone"];

/// What each file of a crate imports of its own crate, by module path.
type Imports = BTreeMap<Vec<String>, BTreeSet<Vec<String>>>;

#[test]
fn no_room_of_shared_imports_one_above() {
    let floor = |room: &str| FLOORS.iter().position(|rooms| rooms.contains(&room));
    for (from, targets) in imports("shared") {
        let Some(room) = from.first() else { continue };
        let here = floor(room).unwrap_or_else(|| panic!("{room} is on no floor"));
        for target in targets.iter().filter_map(|target| floor(target.first()?).map(|there| (there, target))) {
            assert!(target.0 <= here, "{} imports {}", from.join("::"), target.1.join("::"));
        }
    }
}

#[test]
fn no_circle_of_imports_leads_out_of_a_room() {
    for name in CRATES {
        let imports = imports(name);
        for from in imports.keys().filter(|from| !from.is_empty()) {
            for through in reached(&imports, from).into_iter().filter(|through| through.first() != from.first()) {
                let circle = reached(&imports, &through).contains(from);
                assert!(!circle, "{name}: {} and {} import each other", from.join("::"), through.join("::"));
            }
        }
    }
}

fn reached(imports: &Imports, from: &Vec<String>) -> BTreeSet<Vec<String>> {
    let mut reached = BTreeSet::new();
    let mut next = vec![from];
    while let Some(targets) = next.pop().and_then(|module| imports.get(module)) {
        next.extend(targets.iter().filter(|target| reached.insert((*target).clone())));
    }
    reached
}

fn imports(name: &str) -> Imports {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name).join("src");
    let mut files = BTreeMap::new();
    find(&root, &[], &mut files);
    let modules: BTreeSet<_> = files.keys().cloned().collect();
    let targets = |(module, file): (Vec<String>, PathBuf)| {
        let syntax = syn::parse_file(&std::fs::read_to_string(file).unwrap()).unwrap();
        let mut paths = Paths { module: module.clone(), found: Vec::new() };
        paths.visit_file(&syntax);
        // The longest beginning of a path that is a module; the rest is what it takes from there.
        let deepest =
            |path: &Vec<String>| (0..=path.len()).rev().map(|end| path[..end].to_vec()).find(|it| modules.contains(it));
        let others = paths.found.iter().filter_map(deepest).filter(|target| *target != module && !target.is_empty());
        (module.clone(), others.collect())
    };
    files.into_iter().map(targets).collect()
}

/// Files by module path; a binary's own file is nobody's import.
fn find(folder: &Path, module: &[String], files: &mut BTreeMap<Vec<String>, PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let below = match path.file_stem().and_then(|stem| stem.to_str()).unwrap() {
            "main" => continue,
            "mod" | "lib" => module.to_vec(),
            stem => [module, &[stem.to_owned()]].concat(),
        };
        if path.is_dir() {
            find(&path, &below, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.insert(below, path);
        }
    }
}

/// Every path of a file that leads into its own crate, tests apart.
struct Paths {
    module: Vec<String>,
    found: Vec<Vec<String>>,
}

impl Paths {
    fn take(&mut self, segments: &[String]) {
        let mut base = match segments.first().map(String::as_str) {
            Some("crate") => Vec::new(),
            Some("super" | "self") => self.module.clone(),
            _ => return,
        };
        for segment in segments {
            match segment.as_str() {
                "crate" | "self" => {}
                "super" => drop(base.pop()),
                name => base.push(name.to_owned()),
            }
        }
        self.found.push(base);
    }

    fn take_tree(&mut self, tree: &UseTree, before: &mut Vec<String>) {
        match tree {
            UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.take_tree(&path.tree, before);
                before.pop();
            }
            UseTree::Group(group) => group.items.iter().for_each(|item| self.take_tree(item, before)),
            UseTree::Name(name) => self.take(&[before.as_slice(), &[name.ident.to_string()]].concat()),
            UseTree::Rename(name) => self.take(&[before.as_slice(), &[name.ident.to_string()]].concat()),
            UseTree::Glob(_) => self.take(before),
        }
    }
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item(&mut self, item: &'ast Item) {
        let is_test = |attributes: &[Attribute]| attributes.iter().any(|one| one.path().is_ident("cfg"));
        match item {
            Item::Mod(module) if is_test(&module.attrs) => {}
            Item::Use(import) if !is_test(&import.attrs) => self.take_tree(&import.tree, &mut Vec::new()),
            _ => visit::visit_item(self, item),
        }
    }

    /// Who may see something is no import.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.take(&segments);
        visit::visit_path(self, path);
    }
}
