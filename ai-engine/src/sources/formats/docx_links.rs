//! The parts that a Word document links to: charts, diagrams, embedded files, comments, headers and footers.

use std::collections::{BTreeSet, HashMap};

use collabry_shared::sources::FailureCode;

use super::archive::{Archive, Relationship};
use super::comments::{self, Comment};
use super::docx_parts::PartReader;
use super::{drawing, html};
use crate::sources::builder::{DocumentBuilder, one_line};

/// The texts of the charts and diagrams, by the ids of their links.
pub fn drawings(
    archive: &mut Archive,
    links: &HashMap<String, Relationship>,
) -> Result<HashMap<String, String>, FailureCode> {
    let mut drawings = HashMap::new();
    for (id, link) in links {
        let text = match drawing::linked(archive, link)? {
            None => included(archive, link)?,
            text => text,
        };
        drawings.extend(text.map(|text| (id.clone(), text)));
    }
    Ok(drawings)
}

/// The text of a file that was embedded in the document: a web page or plain text.
pub fn included(archive: &mut Archive, link: &Relationship) -> Result<Option<String>, FailureCode> {
    let ending = link.target.rsplit('.').next().unwrap_or_default().to_lowercase();
    let text = match ending.as_str() {
        _ if link.kind != "aFChunk" => None,
        "html" | "htm" | "xhtml" => archive.text(&link.target)?.map(|page| html::fragment(&page)),
        "txt" => archive.text_file(&link.target)?,
        _ => None,
    };
    Ok(text.filter(|text| !text.trim().is_empty()))
}

/// The comments, in the order in which they are stored.
pub fn comments(
    archive: &mut Archive,
    links: &HashMap<String, Relationship>,
    parts: &PartReader<'_>,
) -> Result<Vec<Comment>, FailureCode> {
    let part = links.values().find(|link| link.kind == "comments").map(|link| link.target.clone());
    let xml = part.map(|part| archive.text(&part)).transpose()?.flatten();
    xml.map_or_else(|| Ok(Vec::new()), |xml| comments::with_texts(&xml, parts.comments(&xml)?))
}

/// Headers and footers, each text once: they are on many pages, and often on several kinds of them.
pub fn read_margins(
    archive: &mut Archive,
    links: &HashMap<String, Relationship>,
    parts: &PartReader<'_>,
    builder: &mut DocumentBuilder,
) -> Result<(), FailureCode> {
    let margins: BTreeSet<(bool, &str)> = links
        .values()
        .filter(|link| matches!(link.kind.as_str(), "header" | "footer"))
        .map(|link| (link.kind == "footer", link.target.as_str()))
        .collect();
    let mut said = BTreeSet::new();
    for (_, part) in margins {
        let text = archive.text(part)?.map_or_else(|| Ok(String::new()), |xml| parts.text(&xml))?;
        for block in text.split("\n\n") {
            let mut kept: Vec<String> = block.lines().map(one_line).collect();
            // A line with nothing but the page number changes from page to page, and a field may have failed.
            kept.retain(|line| {
                let is_worded = line.chars().filter(|c| c.is_alphabetic()).count() > 1;
                is_worded && !line.starts_with("Error!") && said.insert(line.clone())
            });
            builder.block(&kept.join("\n"))?;
        }
    }
    Ok(())
}
