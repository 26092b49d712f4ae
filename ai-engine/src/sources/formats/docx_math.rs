//! Formulas on one line: a/b for fractions, √ for roots, raised and lowered figures.

use quick_xml::events::BytesStart;

use super::scripts::{lower, raise};
use super::xml;

/// Deeper formulas are read without their structure.
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
}

impl Frame {
    fn argument(&self, tag: &str) -> &str {
        self.arguments.iter().find(|(name, _)| name == tag).map_or("", |(_, text)| text)
    }

    fn all(&self, tag: &str) -> Vec<&str> {
        self.arguments.iter().filter(|(name, _)| name == tag).map(|(_, text)| text.as_str()).collect()
    }
}

/// The formula that is being read, if any.
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
                "chr" => frame.sign = value(),
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
            frame.text.push_str(text);
        }
    }

    /// The whole formula when it ends here.
    pub fn close(&mut self, tag: &str) -> Option<String> {
        let frame = self.frames.pop_if(|frame| frame.tag == tag)?;
        let text = match tag {
            "mr" => frame.all("e").join(", "),
            _ if is_argument(tag) => frame.text.clone(),
            _ => written(&frame),
        };
        let Some(parent) = self.frames.last_mut() else {
            return Some(text);
        };
        if is_argument(tag) {
            parent.arguments.push((tag.to_owned(), text));
        } else {
            parent.text.push_str(&text);
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
    )
}

fn written(frame: &Frame) -> String {
    let base = frame.argument("e");
    let (sub, sup) = (frame.argument("sub"), frame.argument("sup"));
    match frame.tag.as_str() {
        "f" => format!("{}/{}", grouped(frame.argument("num")), grouped(frame.argument("den"))),
        "sSup" => format!("{base}{}", power(base, sup)),
        "sSub" => format!("{base}{}", index(base, sub)),
        "sSubSup" => format!("{base}{}{}", index(base, sub), power(base, sup)),
        "sPre" => format!("{}{}{base}", power("x", sup), index("x", sub)),
        "rad" => match frame.argument("deg").trim() {
            "" | "2" => format!("√{}", grouped(base)),
            "3" => format!("∛{}", grouped(base)),
            degree => format!("{}√{}", power("", degree), grouped(base)),
        },
        "nary" => {
            let sign = frame.sign.as_deref().unwrap_or("∫");
            format!("{sign}{}{} {base}", index(sign, sub), power(sign, sup))
        }
        "d" => {
            let (begin, end) = (frame.begin.as_deref().unwrap_or("("), frame.end.as_deref().unwrap_or(")"));
            format!("{begin}{}{end}", frame.all("e").join(frame.separator.as_deref().unwrap_or("|")))
        }
        "func" => format!("{} {}", frame.argument("fName"), base.trim_start()),
        "limLow" => format!("{base}{}", index(base, frame.argument("lim"))),
        "limUpp" => format!("{base}{}", power(base, frame.argument("lim"))),
        "m" => format!("[{}]", frame.all("mr").join("; ")),
        "eqArr" => frame.all("e").join("; "),
        "acc" | "bar" | "groupChr" => {
            format!("{base}{}", frame.sign.as_deref().filter(|sign| is_combining(sign)).unwrap_or(""))
        }
        _ => frame.text.clone(),
    }
}

fn is_combining(sign: &str) -> bool {
    sign.chars().all(|c| matches!(c, '\u{300}'..='\u{36f}' | '\u{20d0}'..='\u{20ff}'))
}

/// In brackets, unless it is one thing.
fn grouped(text: &str) -> String {
    let text = text.trim();
    let one = text.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | ',')) || text.chars().count() < 2;
    if one { text.to_owned() } else { format!("({text})") }
}

fn power(base: &str, sup: &str) -> String {
    marked(sup, &raise(sup.trim(), base), '^')
}

fn index(base: &str, sub: &str) -> String {
    marked(sub, &lower(sub.trim(), base), '_')
}

/// What could not be raised or lowered gets a mark all the same.
fn marked(text: &str, changed: &str, mark: char) -> String {
    let text = text.trim();
    if text.is_empty() || changed != text {
        return changed.to_owned();
    }
    if text.chars().count() == 1 { format!("{mark}{text}") } else { format!("{mark}({text})") }
}
