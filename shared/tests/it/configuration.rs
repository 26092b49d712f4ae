//! `docs/configuration.md` is made from the settings that the code reads and from what `.env.example` says of them.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use collabry_shared::config::Config;

const HEAD: &str = "\
# Configuration

Settings are environment variables. Not set, or empty, means the default. A process that cannot work with its settings
lists every problem with them and exits with 64; `collabry check` looks at what they point to as well.

Made by `make docs` from the code and [`.env.example`](../.env.example); a test compares them. `PATH` is where the programs
that read PDFs are looked for.
";

/// Settings that are explained together, each with its default.
#[derive(Default)]
struct Group {
    about: String,
    settings: Vec<(String, String)>,
}

fn groups(example: &str) -> Vec<Vec<Group>> {
    let mut blocks = vec![Vec::<Group>::new()];
    for line in example.lines().skip_while(|line| !line.is_empty()) {
        let Some(block) = blocks.last_mut() else { unreachable!("there is a block from the start") };
        match line.strip_prefix('#') {
            None => blocks.push(Vec::new()),
            Some(remark) if remark.starts_with(' ') => match block.last_mut() {
                Some(group) if group.settings.is_empty() => group.about += remark,
                _ => block.push(Group { about: remark.trim().to_owned(), ..Group::default() }),
            },
            Some(setting) => {
                let (name, default) = setting.split_once('=').unwrap();
                // One that needs no explanation belongs to what is explained above it.
                block.last_mut().unwrap().settings.push((name.to_owned(), default.to_owned()));
            }
        }
    }
    blocks.retain(|block| !block.is_empty());
    blocks
}

fn reference(example: &str) -> String {
    let mut page = HEAD.to_owned();
    for block in groups(example) {
        let (remarks, groups): (Vec<_>, Vec<_>) = block.into_iter().partition(|group| group.settings.is_empty());
        for Group { about, .. } in remarks {
            writeln!(page, "\n{about}").unwrap();
        }
        if !groups.is_empty() {
            page += "\n| setting | default | what |\n|---|---|---|\n";
        }
        for Group { about, settings } in groups {
            let column = |texts: Vec<String>| texts.join("<br>");
            let names = column(settings.iter().map(|(name, _)| format!("`{name}`")).collect());
            let shown = |default: &str| if default.is_empty() { "–".to_owned() } else { format!("`{default}`") };
            let defaults = column(settings.iter().map(|(_, default)| shown(default)).collect());
            writeln!(page, "| {names} | {defaults} | {} |", about.replace('|', "\\|")).unwrap();
        }
    }
    page
}

#[test]
fn the_reference_says_what_the_code_reads() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let example = fs::read_to_string(root.join(".env.example")).unwrap();
    let page = reference(&example);
    let asked = RefCell::new(BTreeSet::new());
    Config::from_lookup(|name| {
        asked.borrow_mut().insert(name.to_owned());
        None
    })
    .unwrap();
    for name in asked.into_inner() {
        assert_eq!(page.matches(&format!("`{name}`")).count(), 1, "{name}");
    }
    let file = root.join("docs/configuration.md");
    if std::env::var_os("COLLABRY_WRITE_DOCS").is_some() {
        fs::write(&file, &page).unwrap();
    }
    assert!(fs::read_to_string(&file).is_ok_and(|written| written == page), "out of date: make docs");
}
