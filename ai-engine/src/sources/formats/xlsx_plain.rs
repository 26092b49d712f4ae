//! Converts what the sheet reader leaves out to plain text: superscript and struck-through runs of a cell's text,
//! characters of symbol fonts, and errors that it does not support.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use collabry_shared::sources::FailureCode;
use quick_xml::events::{BytesEnd, BytesStart, BytesText, Event};
use quick_xml::{Reader, Writer};

use super::archive::{Archive, Container};
use super::docx_table::Stand;
use super::{symbols, xml};

const KNOWN_ERRORS: [&str; 7] = ["#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!"];

/// Whether a part contains any of these.
pub fn is_sought(part: &str, bytes: &[u8]) -> bool {
    if !part.contains("worksheets/") && !part.to_lowercase().contains("sharedstrings") {
        return false;
    }
    let mut in_error = false;
    bytes.split(|byte| *byte == b'<').any(|tag| {
        let name_end = tag.iter().position(|byte| !byte.is_ascii_alphabetic() && *byte != b':').unwrap_or(tag.len());
        let name = tag[..name_end].rsplit(|byte| *byte == b':').next().unwrap_or_default();
        let holds = |sought: &[u8]| tag.windows(sought.len()).any(|window| window == sought);
        match name {
            b"vertAlign" | b"strike" => true,
            b"rFont" => holds(b"\"Symbol") || holds(b"dings"),
            b"c" => {
                in_error = holds(b"t=\"e\"");
                false
            }
            b"v" if in_error => {
                let value = tag.splitn(2, |byte| *byte == b'>').nth(1).unwrap_or_default();
                tag.starts_with(name)
                    && !value.is_empty()
                    && !KNOWN_ERRORS.iter().any(|known| known.as_bytes() == value)
            }
            _ => false,
        }
    })
}

/// The container at `path` with these parts converted to plain text.
pub fn container(path: &Path, parts: &BTreeSet<String>) -> Result<Container, FailureCode> {
    let mut archive = Archive::open(path)?;
    let mut changed = HashMap::new();
    for part in parts {
        let plain = archive.text(part)?.and_then(|xml| plain(&xml));
        changed.extend(plain.map(|plain| (part.clone(), plain)));
    }
    if changed.is_empty() { Archive::container(path) } else { Archive::container_with(path, &changed) }
}

/// The part with plain text; `None`: its XML is broken.
fn plain(xml: &str) -> Option<String> {
    let mut reader = Reader::from_str(xml);
    let mut writer = Writer::new(Vec::new());
    // A cell with an error, until its value is known.
    let mut cell: Option<(BytesStart<'static>, Vec<Event<'static>>, String)> = None;
    loop {
        let event = reader.read_event().ok()?;
        match &event {
            Event::Eof => break,
            // The output is UTF-8, whatever the input was.
            Event::Decl(_) => continue,
            Event::Start(element) if matches!(element.local_name().as_ref(), "si" | "is") => {
                let text = rich_text(&mut reader)?;
                let name = element.name().as_ref().to_owned();
                let inner = name.rsplit_once(':').map_or("t".to_owned(), |(prefix, _)| format!("{prefix}:t"));
                writer.write_event(event.borrow()).ok()?;
                writer
                    .create_element(inner)
                    .with_attribute(("xml:space", "preserve"))
                    .write_text_content(BytesText::new(&text))
                    .ok()?;
                writer.write_event(Event::End(BytesEnd::new(name))).ok()?;
                continue;
            }
            Event::Start(element)
                if element.local_name().as_ref() == "c" && xml::attribute(element, "t").as_deref() == Some("e") =>
            {
                cell = Some((element.to_owned(), Vec::new(), String::new()));
                continue;
            }
            _ => {}
        }
        let Some((start, inside, value)) = &mut cell else {
            writer.write_event(event).ok()?;
            continue;
        };
        if let Event::Text(text) = &event {
            // The value is the last of a cell's texts.
            value.clear();
            value.push_str(text.xml10_content().trim());
        }
        let is_end = matches!(&event, Event::End(element) if element.local_name().as_ref() == "c");
        inside.push(event.into_owned());
        if is_end {
            let is_known = value.is_empty() || KNOWN_ERRORS.contains(&value.as_str());
            let start = if is_known { start.clone() } else { as_text(start) };
            writer.write_event(Event::Start(start)).ok()?;
            for event in cell.take().map(|(_, inside, _)| inside).unwrap_or_default() {
                writer.write_event(event).ok()?;
            }
        }
    }
    String::from_utf8(writer.into_inner()).ok()
}

/// The cell with its error as text.
fn as_text(cell: &BytesStart<'_>) -> BytesStart<'static> {
    let mut text = BytesStart::new(cell.name().as_ref().to_owned());
    for name in ["r", "s"] {
        if let Some(value) = xml::attribute(cell, name) {
            text.push_attribute((name, value.as_str()));
        }
    }
    text.push_attribute(("t", "str"));
    text
}

/// The formatting of a run of text.
#[derive(Debug, Default)]
struct Look {
    /// `superscript` or `subscript`.
    place: Option<String>,
    is_struck: bool,
    font: Option<String>,
}

/// The text up to the end of the string, without phonetic readings.
fn rich_text(reader: &mut Reader<&[u8]>) -> Option<String> {
    let (mut text, mut run, mut look) = (String::new(), String::new(), Look::default());
    let (mut in_text, mut spoken) = (false, 0_usize);
    loop {
        let event = reader.read_event().ok()?;
        match &event {
            Event::Start(element) | Event::Empty(element) => {
                let is_open = matches!(event, Event::Start(_));
                let value = xml::attribute(element, "val");
                match element.local_name().as_ref() {
                    "r" => look = Look::default(),
                    "t" => in_text = is_open && spoken == 0,
                    "rPh" if is_open => spoken += 1,
                    "vertAlign" => look.place = value,
                    "strike" => look.is_struck = !matches!(value.as_deref(), Some("0" | "false")),
                    "rFont" => look.font = value,
                    _ => {}
                }
            }
            Event::Text(part) if in_text => run.push_str(&part.xml10_content()),
            Event::CData(part) if in_text => run.push_str(&part.xml10_content()),
            Event::GeneralRef(reference) if in_text => run.extend(xml::resolve(reference)),
            Event::End(element) => match element.local_name().as_ref() {
                "t" => {
                    in_text = false;
                    let shown = look.text_of(&std::mem::take(&mut run), &text);
                    text.push_str(&shown);
                }
                "rPh" => spoken = spoken.saturating_sub(1),
                "si" | "is" => return Some(text),
                _ => {}
            },
            Event::Eof => return None,
            _ => {}
        }
    }
}

impl Look {
    fn text_of(&self, run: &str, before: &str) -> String {
        let text = self.font.as_deref().and_then(|font| symbols::typed(font, run)).unwrap_or_else(|| run.to_owned());
        let text = Stand::of(self.place.as_deref()).applied(&text, before);
        if self.is_struck { struck(&text) } else { text }
    }
}

/// Struck-through text.
pub fn struck(text: &str) -> String {
    let inner = text.trim();
    if inner.is_empty() { text.to_owned() } else { text.replacen(inner, &format!("~~{inner}~~"), 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_keep_what_their_look_says() {
        let run = |look: &str, text: &str| format!("<r><rPr>{look}</rPr><t xml:space='preserve'>{text}</t></r>");
        let si = [
            run("", "10"),
            run("<vertAlign val='superscript'/>", "6"),
            run("", " km, CO"),
            run("<vertAlign val='subscript'/>", "2"),
            run("<strike/>", " 50 "),
            run("<strike val='0'/>", "&amp; "),
            run("<rFont val='Symbol'/>", "³"),
            "<rPh sb='0' eb='1'><t>spoken</t></rPh>".to_owned(),
        ]
        .concat();
        let xml = plain(&format!("<sst><si>{si}</si><si><t>a &lt; b</t></si></sst>")).unwrap();
        let expected = "<t xml:space=\"preserve\">10⁶ km, CO₂ ~~50~~ &amp; ≥</t>";
        assert!(xml.contains(expected) && xml.contains(">a &lt; b</t>"), "{xml}");
        assert!(is_sought("xl/sharedStrings.xml", si.as_bytes()) && !is_sought("xl/styles.xml", si.as_bytes()));
    }

    #[test]
    fn errors_of_newer_programs_are_text() {
        let sheet = |value: &str| format!("<row><c r=\"A1\" s=\"2\" t=\"e\"><f>A(B1)</f><v>{value}</v></c></row>");
        assert!(is_sought("xl/worksheets/sheet1.xml", sheet("#SPILL!").as_bytes()));
        assert!(!is_sought("xl/worksheets/sheet1.xml", sheet("#N/A").as_bytes()));
        let expected = "<row><c r=\"A1\" s=\"2\" t=\"str\"><f>A(B1)</f><v>Err:522</v></c></row>";
        assert_eq!(plain(&sheet("Err:522")).unwrap(), expected);
        assert_eq!(plain(&sheet("#N/A")).unwrap(), sheet("#N/A"));
    }
}
