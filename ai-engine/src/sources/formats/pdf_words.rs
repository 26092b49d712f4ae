//! Words that the end of a line divided, whole again.

use std::collections::HashSet;

/// Prefixes that keep their hyphen, with the beginnings of what follows where they are only a syllable.
const KEPT: &[(&str, &[&str])] = &[
    ("self", &["ish", "less", "same", "hood"]),
    ("non", &["sense", "chalan", "descript", "entit", "etheless", "stop"]),
    ("well", &["ness", "ington"]),
];

/// What `ex-` keeps its hyphen before; it is a syllable of many words.
const FORMER: &[&str] = &[
    "wife",
    "husband",
    "partner",
    "president",
    "minister",
    "chair",
    "member",
    "mayor",
    "employee",
    "director",
    "works",
    "ante",
    "post",
    "factory",
    "soldier",
    "officer",
];

/// Parts of names of places and directions: `north-south`.
const COMPASS: &[&str] = &["north", "south", "east", "west"];

/// Words after a hyphen that stands for a later part: `two- and three-room flats`.
const BETWEEN: &[&str] = &["and", "or", "und", "oder", "bzw", "sowie", "bis", "et", "ou"];

/// How a line continues in the next one.
#[derive(Debug, PartialEq)]
enum Ending {
    /// With a part of the same word.
    Divided,
    /// With what belongs behind the hyphen.
    Hyphen,
    Space,
}

/// The words of the document, to distinguish a divided word from one with a hyphen.
pub struct Words<'a>(HashSet<&'a str>);

impl<'a> Words<'a> {
    pub fn of(texts: impl Iterator<Item = &'a str>) -> Self {
        let ends = |c: char| !c.is_alphanumeric() && c != '-';
        Self(
            texts.flat_map(|text| text.split(ends)).filter(|word| word.contains('-') && !word.ends_with('-')).collect(),
        )
    }

    /// Appends the next line of the same paragraph.
    pub fn join(&self, open: &mut String, line: &str) {
        match self.ending(open, line) {
            Ending::Divided => drop(open.pop()),
            Ending::Hyphen => {}
            Ending::Space => open.push(' '),
        }
        open.push_str(line);
    }

    fn ending(&self, open: &str, line: &str) -> Ending {
        let before = open.strip_suffix('-').filter(|before| !before.ends_with(char::is_whitespace));
        let Some(before) = before.filter(|_| line.starts_with(char::is_alphanumeric)) else {
            return Ending::Space;
        };
        let stem = before.rsplit(|c: char| !c.is_alphanumeric() && c != '-').next().unwrap_or_default();
        let rest = line.split(|c: char| !c.is_alphanumeric() && c != '-').next().unwrap_or_default();
        if stem.ends_with(char::is_alphanumeric) && BETWEEN.contains(&rest) {
            return Ending::Space;
        }
        let (start, end) = (before.split_whitespace().next_back(), line.split_whitespace().next());
        let is_kept = is_compound(stem, rest) || is_address(start.unwrap_or_default(), end.unwrap_or_default());
        let divides = stem.ends_with(char::is_alphabetic) && rest.starts_with(char::is_lowercase);
        if divides && !is_kept && !self.0.contains(format!("{stem}-{rest}").as_str()) {
            Ending::Divided
        } else {
            Ending::Hyphen
        }
    }
}

/// Whether the hyphen between the two is one of an address on the web, of mail or of a file.
fn is_address(start: &str, end: &str) -> bool {
    let is_path = |text: &str| text.contains("://") || text.contains('@') || text.starts_with("www.");
    // `and/or` is not a path: paths have an extension.
    let has_ending = |text: &str| {
        let (name, ending) = text.trim_end_matches(['.', ',', ';', ':', ')']).rsplit_once('.').unwrap_or_default();
        !name.is_empty() && (2..=5).contains(&ending.len()) && ending.chars().all(|c| c.is_ascii_alphanumeric())
    };
    is_path(start) || end.contains('@') || start.contains('/') && (end.contains('/') || has_ending(end))
}

/// Whether the parts always form a word with a hyphen.
fn is_compound(stem: &str, rest: &str) -> bool {
    let last = stem.rsplit('-').next().unwrap_or_default();
    // Nobody leaves a letter of a word alone, and an abbreviation is not the beginning of one.
    let is_short = last.chars().count() == 1;
    let is_abbreviation = last.chars().count() > 1 && last.chars().all(char::is_uppercase);
    let last = last.to_lowercase();
    let is_known =
        KEPT.iter().any(|(word, others)| *word == last && !others.iter().any(|other| rest.starts_with(other)));
    let is_direction = COMPASS.contains(&last.as_str()) && COMPASS.contains(&rest);
    is_short
        || is_abbreviation
        || is_known
        || is_direction
        || last == "ex" && FORMER.iter().any(|word| rest.starts_with(word))
}
