//! Whatever is `pub` is used by something beside tests. The compiler looks only at what is private, or at one crate.
//!
//! It goes by names, not by types: a method counts as used when any method of its name is called with as many arguments.
//! So it misses some of what is unused, and is wrong about nothing but what macros put together.

mod definitions;
mod live;
mod uses;

use std::path::Path;

use syn::visit::Visit;

use self::definitions::{Found, is_test};
use self::uses::Imports;

const CRATES: [&str; 5] = ["shared", "api", "ai-engine", "worker", "standalone"];

/// They use the others, and are themselves what people run.
const PROGRAMS: [&str; 1] = ["bench"];

/// Used by tests only, and meant to be.
const EXCEPTIONS: [&str; 1] = [
    "ManualClock::advance", // the clock of every crate's tests
];

#[derive(Debug)]
struct File {
    /// The module, from its crate on.
    module: Vec<String>,
    imports: Imports,
}

impl File {
    fn is_of(&self, crates: &[&str]) -> bool {
        crates.iter().any(|name| self.module[0] == name.replace('-', "_"))
    }
}

#[test]
fn nothing_public_is_there_for_tests_alone() {
    let (mut files, mut found) = (Vec::new(), Found::default());
    for name in CRATES.iter().chain(&PROGRAMS) {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name).join("src");
        read(&source, &[name.replace('-', "_")], &mut files, &mut found);
    }
    let live = live::live(&files, &found);
    let mut unused = Vec::new();
    for (definition, live) in found.definitions.iter().zip(live) {
        let (name, file) = (definition.full_name(), &files[definition.file]);
        let is_exception = EXCEPTIONS.contains(&name.as_str());
        assert!(!(live && is_exception), "{name} is used: it needs no exception");
        if definition.is_public && !live && !is_exception && file.is_of(&CRATES) {
            unused.push(format!("{name} in {}", file.module.join("::")));
        }
    }
    assert!(unused.is_empty(), "nothing but tests uses:\n{}", unused.join("\n"));
}

fn read(folder: &Path, module: &[String], files: &mut Vec<File>, found: &mut Found) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap().to_owned();
        let is_root = ["mod", "lib", "main"].contains(&stem.as_str());
        let below = if is_root { module.to_vec() } else { [module, &[stem]].concat() };
        if path.is_dir() {
            read(&path, &below, files, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            let syntax = syn::parse_file(&std::fs::read_to_string(&path).unwrap()).unwrap();
            if is_test(&syntax.attrs) {
                continue;
            }
            let mut imports = Imports::default();
            imports.visit_file(&syntax);
            found.read(files.len(), &syntax.items);
            files.push(File { module: below, imports });
        }
    }
}
