//! The texts of charts, diagrams and other drawings in Office files.

use std::collections::HashMap;

use collabry_shared::sources::FailureCode;
use quick_xml::events::BytesStart;

use super::archive::{Archive, Relationship};
use super::chart::chart_of;
use super::docx_table::Stand;
use super::scripts::struck;
use super::xml::{self, Node};
use crate::sources::builder::one_line;

/// Longer descriptions of pictures are truncated.
const MAX_DESCRIPTION_CHARS: usize = 1_000;

/// The text of the linked part, if it is a chart or diagram with text.
pub fn linked(archive: &mut Archive, link: &Relationship) -> Result<Option<String>, FailureCode> {
    linked_with(archive, link, &HashMap::new())
}

/// As [`linked`], with the formats of the cells that charts refer to.
pub fn linked_with(
    archive: &mut Archive,
    link: &Relationship,
    formats: &HashMap<String, String>,
) -> Result<Option<String>, FailureCode> {
    if !matches!(link.kind.as_str(), "chart" | "chartEx" | "diagramData") {
        return Ok(None);
    }
    let Some(xml) = archive.text(&link.target)? else {
        return Ok(None);
    };
    let read = if link.kind == "chart" { chart_of(&xml, formats) } else { paragraphs(&xml) };
    // The document is readable without a broken part.
    Ok(read.ok().filter(|text| !text.is_empty()))
}

/// The alternative text of a picture; programs put the file's name there.
pub fn description(element: &BytesStart<'_>) -> Option<String> {
    let said = one_line(&xml::attribute(element, "descr")?);
    let said = said.trim_end_matches("Description automatically generated").trim_end();
    let is_file = !said.contains(' ') && said.contains(['.', '/', '_']);
    (!is_file && said.chars().filter(|c| c.is_alphabetic()).count() > 2)
        .then(|| said.chars().take(MAX_DESCRIPTION_CHARS).collect())
}

/// The paragraphs of a drawing, one on each line.
pub fn paragraphs(xml: &str) -> Result<String, FailureCode> {
    let (mut lines, mut line, mut run) = (Vec::new(), String::new(), None);
    let (mut stand, mut is_struck) = (Stand::On, false);
    xml::walk(xml, |node| {
        match node {
            Node::Open("r" | "fld" | "p", _) => (stand, is_struck) = (Stand::On, false),
            Node::Open("rPr", element) => {
                stand = raised(element);
                is_struck = xml::attribute(element, "strike").is_some_and(|strike| strike != "noStrike");
            }
            Node::Open("t", _) => run = Some(String::new()),
            Node::Text(text) => run.iter_mut().for_each(|run: &mut String| run.push_str(text)),
            Node::Close("t") => {
                let text = run.take().unwrap_or_default();
                let text = stand.applied(&text, &line);
                let text = if is_struck { struck(&mut line, text) } else { text };
                line.push_str(&text);
            }
            Node::Open("br", _) => line.push(' '),
            Node::Close("p") => lines.push(one_line(&std::mem::take(&mut line))),
            _ => {}
        }
        Ok(())
    })?;
    lines.push(one_line(&line));
    lines.retain(|line| !line.is_empty());
    Ok(lines.join("\n"))
}

/// The vertical position of text with these properties.
pub fn raised(properties: &BytesStart<'_>) -> Stand {
    match xml::attribute(properties, "baseline").and_then(|share| share.trim_end_matches('%').parse::<f64>().ok()) {
        Some(share) if share > 0.0 => Stand::Above,
        Some(share) if share < 0.0 => Stand::Below,
        _ => Stand::On,
    }
}

#[cfg(test)]
mod tests {
    use super::paragraphs;

    #[test]
    fn raised_figures_are_told_apart() {
        let run = |properties: &str, text: &str| format!("<a:r><a:rPr {properties}/><a:t>{text}</a:t></a:r>");
        let raised =
            run("", "10") + &run("baseline='30000'", "6") + &run("", " of CO") + &run("baseline='-25000'", "2");
        let xml = format!("<a:x xmlns:a='a'><a:p>{raised}</a:p><a:p>{}</a:p></a:x>", run("", "end"));
        assert_eq!(paragraphs(&xml).unwrap(), "10⁶ of CO₂\nend");
    }

    #[test]
    fn raised_and_struck_words_are_told_apart() {
        let run = |look: &str, text: &str| format!("<a:r><a:rPr {look}/><a:t>{text}</a:t></a:r>");
        let runs = [
            run("", "Speed 10"),
            run("baseline='30000'", "6"),
            run("", " m, CO"),
            run("baseline='-25000'", "2"),
            run("strike='sngStrike'", " 50"),
        ];
        let drawing = format!("<x xmlns:a='a'><a:p>{}</a:p><a:p><a:r><a:t>x</a:t></a:r></a:p></x>", runs.concat());
        assert_eq!(paragraphs(&drawing).unwrap(), "Speed 10⁶ m, CO₂ ~~50~~\nx");
    }
}
