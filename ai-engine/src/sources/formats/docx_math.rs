//! Formulas on one line: a/b for fractions, √ for roots, superscripts and subscripts.

use quick_xml::events::BytesStart;

use super::scripts::{apart, based, divided, grouped, index, power};
use super::xml;

/// Deeper formulas lose their structure.
const MAX_DEPTH: usize = 200;

/// An open element: its text so far, its finished arguments and its properties.
#[derive(Debug, Default)]
struct Frame {
    tag: String,
    text: String,
    arguments: Vec<(String, String)>,
    begin: Option<String>,
    end: Option<String>,
    separator: Option<String>,
    sign: Option<String>,
    kind: Option<String>,
    position: Option<String>,
    /// Only its space is visible, not its content.
    is_unseen: bool,
    /// The text starts, or so far ends, with something that would merge with an adjacent digit: `1` before `1/2`, `2`
    /// before `¹⁴C`.
    begins_apart: bool,
    ends_apart: bool,
}

impl Frame {
    fn push(&mut self, text: &str, tag: &str) {
        let begins_apart = matches!(tag, "f" | "sPre" | "rad");
        if begins_apart || self.ends_apart {
            self.text.push_str(apart(&self.text, text));
        }
        self.begins_apart |= begins_apart && self.text.is_empty();
        self.text.push_str(text);
        self.ends_apart = matches!(tag, "f" | "rad");
    }

    fn argument(&self, tag: &str) -> &str {
        self.arguments.iter().find(|(name, _)| name == tag).map_or("", |(_, text)| text)
    }

    fn all(&self, tag: &str) -> Vec<&str> {
        self.arguments.iter().filter(|(name, _)| name == tag).map(|(_, text)| text.as_str()).collect()
    }
}

/// A formula on one line.
#[derive(Debug, Default, PartialEq)]
pub struct Formula {
    text: String,
    begins_apart: bool,
    ends_apart: bool,
}

impl Formula {
    pub fn new(text: String, begins_apart: bool, ends_apart: bool) -> Self {
        Self { text, begins_apart, ends_apart }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// Adds the formula to the text before it. Returns whether what follows must be separated from it.
    pub fn add_to(&self, text: &mut String) -> bool {
        if self.begins_apart {
            text.push_str(apart(text, &self.text));
        }
        text.push_str(&self.text);
        self.ends_apart
    }
}

/// The formula that is being read, if there is one.
#[derive(Debug, Default)]
pub struct Math {
    frames: Vec<Frame>,
}

impl Math {
    pub fn is_open(&self) -> bool {
        !self.frames.is_empty()
    }

    pub fn open(&mut self, tag: &str, element: &BytesStart<'_>) {
        let value = || xml::attribute(element, "val");
        if let Some(frame) = self.frames.last_mut() {
            match tag {
                "begChr" => frame.begin = value(),
                "endChr" => frame.end = value(),
                "sepChr" => frame.separator = value(),
                "chr" => frame.sign = Some(value().unwrap_or_default()),
                "type" => frame.kind = value(),
                "pos" => frame.position = value(),
                "show" => {
                    frame.is_unseen = value().is_some_and(|value| matches!(value.as_str(), "0" | "off" | "false"));
                }
                _ => {}
            }
        }
        if tag == "oMath" || self.is_open() && self.frames.len() < MAX_DEPTH && (is_structure(tag) || is_argument(tag))
        {
            self.frames.push(Frame { tag: tag.to_owned(), ..Frame::default() });
        }
    }

    pub fn text(&mut self, text: &str) {
        if let Some(frame) = self.frames.last_mut() {
            frame.push(text, "");
        }
    }

    /// The whole formula, if it ends here.
    pub fn close(&mut self, tag: &str) -> Option<Formula> {
        let frame = self.frames.pop_if(|frame| frame.tag == tag)?;
        let text = match tag {
            "mr" => frame.all("e").join(", "),
            _ if is_argument(tag) => frame.text.clone(),
            _ => written(&frame),
        };
        let Some(parent) = self.frames.last_mut() else {
            return Some(Formula { text, begins_apart: frame.begins_apart, ends_apart: frame.ends_apart });
        };
        if is_argument(tag) {
            parent.arguments.push((tag.to_owned(), text));
        } else {
            parent.push(&text, tag);
        }
        None
    }
}

fn is_argument(tag: &str) -> bool {
    matches!(tag, "num" | "den" | "e" | "sup" | "sub" | "deg" | "fName" | "lim" | "mr")
}

fn is_structure(tag: &str) -> bool {
    matches!(
        tag,
        "oMath"
            | "f"
            | "sSup"
            | "sSub"
            | "sSubSup"
            | "sPre"
            | "rad"
            | "nary"
            | "d"
            | "func"
            | "m"
            | "limLow"
            | "limUpp"
            | "eqArr"
            | "acc"
            | "bar"
            | "groupChr"
            | "box"
            | "borderBox"
            | "phant"
    )
}

fn written(frame: &Frame) -> String {
    let base = frame.argument("e");
    let (sub, sup) = (frame.argument("sub"), frame.argument("sup"));
    match frame.tag.as_str() {
        "f" if frame.kind.as_deref() == Some("noBar") => {
            format!("({} choose {})", frame.argument("num").trim(), frame.argument("den").trim())
        }
        "f" => divided(frame.argument("num"), frame.argument("den")),
        "sSup" => format!("{}{}", based(base), power(sup, base)),
        "sSub" => format!("{}{}", based(base), index(sub, base)),
        "sSubSup" => format!("{}{}{}", based(base), index(sub, base), power(sup, base)),
        "sPre" => format!("{}{}{base}", power(sup, "x"), index(sub, "x")),
        "rad" => match frame.argument("deg").trim() {
            "" | "2" => format!("√{}", grouped(base)),
            "3" => format!("∛{}", grouped(base)),
            degree => format!("{}√{}", power(degree, "x"), grouped(base)),
        },
        "nary" => {
            let sign = frame.sign.as_deref().unwrap_or("∫");
            format!("{sign}{}{} {base}", index(sub, sign), power(sup, sign))
        }
        "d" => {
            let (begin, end) = (frame.begin.as_deref().unwrap_or("("), frame.end.as_deref().unwrap_or(")"));
            match frame.all("e").as_slice() {
                // Its own brackets are enough.
                [one] if begin == "(" && is_choice(one) => (*one).to_owned(),
                all => format!("{begin}{}{end}", all.join(frame.separator.as_deref().unwrap_or("|"))),
            }
        }
        "func" => format!(
            "{}{}",
            frame.argument("fName"),
            if base.trim_start().starts_with('(') { base.to_owned() } else { format!("({})", base.trim()) }
        ),
        "limLow" => format!("{base}{}", index(frame.argument("lim"), base)),
        "limUpp" => format!("{base}{}", power(frame.argument("lim"), base)),
        "m" => format!("[{}]", frame.all("mr").join("; ")),
        "eqArr" => frame.all("e").join("; "),
        "acc" => {
            let sign = frame.sign.as_deref().unwrap_or("\u{302}");
            format!("{base}{}", if is_combining(sign) { sign } else { "" })
        }
        "groupChr" => format!("{base}{}", frame.sign.as_deref().filter(|sign| is_combining(sign)).unwrap_or("")),
        "bar" => barred(base, frame.position.as_deref() == Some("top")),
        "phant" if frame.is_unseen => String::new(),
        "box" | "borderBox" | "phant" => base.to_owned(),
        _ => frame.text.clone(),
    }
}

/// `(n choose k)` and nothing else.
fn is_choice(text: &str) -> bool {
    let inner = text.strip_prefix('(').and_then(|text| text.strip_suffix(')'));
    inner.is_some_and(|inner| inner.contains(" choose ") && !inner.contains(['(', ')']))
}

/// A mean, `x̄`, or a few letters with a line over or under them. A line along a whole formula is left out.
fn barred(base: &str, is_above: bool) -> String {
    let base = base.trim();
    let line = match (is_above, base.chars().count()) {
        (true, 1) => '\u{304}',
        (true, 2..=4) => '\u{305}',
        (false, 1..=4) => '\u{332}',
        _ => return base.to_owned(),
    };
    base.chars().flat_map(|c| [c, line]).collect()
}

fn is_combining(sign: &str) -> bool {
    sign.chars().all(|c| matches!(c, '\u{300}'..='\u{36f}' | '\u{20d0}'..='\u{20ff}'))
}
