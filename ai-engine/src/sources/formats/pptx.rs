//! Presentations: each slide becomes a page and its title a heading; notes are included.

use std::collections::{HashMap, HashSet};

use collabry_shared::sources::FailureCode;
use quick_xml::events::BytesStart;

use super::archive::Archive;
use super::docx_math::Math;
use super::docx_table::{Stand, Table};
use super::list_numbers::next_number;
use super::scripts::{struck, typed_fractions};
use super::xml::{self, Node};
use super::{Input, comments, drawing, symbols};
use crate::sources::builder::{DocumentBuilder, one_line};
use crate::sources::document::Document;

pub fn read(input: &Input<'_>) -> Result<Document, FailureCode> {
    let mut archive = Archive::open(input.path)?;
    let slides = slides_in_order(&mut archive)?;
    input.check_pages(slides.len())?;
    let mut builder = input.builder();
    if let Some(core) = archive.text("docProps/core.xml")? {
        builder.title(&xml::text_of(&core, "title")?.unwrap_or_default());
    }
    let mut people = HashMap::new();
    for part in ["ppt/commentAuthors.xml", "ppt/authors.xml"] {
        people.extend(comments::people(&archive.text(part)?.unwrap_or_default())?);
    }
    let mut margins = HashSet::new();
    for slide in slides {
        builder.page();
        read_slide(&mut archive, &slide, &mut margins, &people, &mut builder)?;
        archive.note_omitted(&slide, &mut builder)?;
    }
    builder.finish()
}

/// The order of the slides is in the presentation's list, not in the names of the parts.
fn slides_in_order(archive: &mut Archive) -> Result<Vec<String>, FailureCode> {
    let part = archive.main_part("ppt/presentation.xml")?;
    let presentation = archive.required(&part)?;
    let mut relationships = archive.relationships(&part)?;
    let mut slides = Vec::new();
    xml::walk(&presentation, |node| {
        if let Node::Open("sldId", element) = node {
            // Both attributes are called `id`; that of the relationship has a prefix.
            let target = element
                .attributes()
                .with_checks(false)
                .flatten()
                .filter(|attribute| attribute.key.prefix().is_some())
                .find_map(|attribute| relationships.remove(attribute.value.as_ref()));
            slides.extend(target.map(|relationship| relationship.target));
        }
        Ok(())
    })?;
    Ok(slides)
}

fn read_slide(
    archive: &mut Archive,
    part: &str,
    margins: &mut HashSet<String>,
    people: &HashMap<String, String>,
    builder: &mut DocumentBuilder,
) -> Result<(), FailureCode> {
    let Some(xml) = archive.text(part)? else {
        return Ok(());
    };
    let links = archive.relationships(part)?;
    let mut drawings = HashMap::new();
    for (id, link) in &links {
        if let Some(text) = drawing::linked(archive, link)? {
            drawings.insert(id.clone(), text);
        }
    }
    let (titles, bodies): (Vec<_>, Vec<_>) =
        shapes(&xml, drawings)?.into_iter().partition(|shape| shape.kind == PlaceholderKind::Title);
    for title in titles {
        let text = one_line(&title.text);
        builder.title(&text);
        builder.heading(1, &text)?;
    }
    let is_content = |shape: &&Shape| matches!(shape.kind, PlaceholderKind::Body | PlaceholderKind::Other);
    for body in bodies.iter().filter(is_content) {
        builder.block(&body.text)?;
    }
    for margin in bodies.iter().filter(|shape| shape.kind == PlaceholderKind::Margin) {
        // Once in the document, where it comes first.
        if margins.insert(margin.text.clone()) {
            builder.block(&margin.text)?;
        }
    }
    for link in links.values().filter(|link| link.kind == "comments") {
        let xml = archive.text(&link.target)?.unwrap_or_default();
        for comment in comments::comments(&xml, people)? {
            builder.block(&comment.line())?;
        }
    }
    let notes = links.into_values().find(|relationship| relationship.kind == "notesSlide");
    if let Some(notes) = notes
        && let Some(xml) = archive.text(&notes.target)?
    {
        for note in shapes(&xml, HashMap::new())?
            .iter()
            .filter(|shape| shape.kind == PlaceholderKind::Body && !shape.text.is_empty())
        {
            builder.block(&format!("Notes: {}", note.text))?;
        }
    }
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PlaceholderKind {
    Title,
    Body,
    Other,
    /// Header and footer: the same on many slides.
    Margin,
    /// Date, slide number.
    Furniture,
}

/// A box of text on a slide; paragraphs and rows of a table are lines.
#[derive(Debug)]
struct Shape {
    kind: PlaceholderKind,
    text: String,
}

/// Reads the shapes of a slide; `drawings` are the texts of its charts and diagrams, by the ids of their links.
#[derive(Default)]
struct ShapeReader {
    drawings: HashMap<String, String>,
    shapes: Vec<Shape>,
    kind: Option<PlaceholderKind>,
    text: String,
    line: String,
    table: Option<Table>,
    math: Math,
    stand: Stand,
    is_struck: bool,
    fonts: Fonts,
    /// The numbers of the list, by depth; anything between its items ends it.
    numbers: Vec<i64>,
    depth: usize,
    numbering: Option<(String, i64)>,
    in_text: bool,
    in_picture: bool,
    skipping: usize,
}

fn shapes(xml: &str, drawings: HashMap<String, String>) -> Result<Vec<Shape>, FailureCode> {
    let mut reader = ShapeReader { drawings, ..ShapeReader::default() };
    xml::walk(xml, |node| {
        match node {
            // The fallback of a drawing for older programs.
            Node::Open(tag, _) if reader.skipping > 0 || tag == "Fallback" => reader.skipping += 1,
            Node::Close(_) if reader.skipping > 0 => reader.skipping -= 1,
            Node::Open(tag, element) => reader.open(tag, element),
            Node::Text(text) if reader.in_text && reader.skipping == 0 => reader.push(text),
            Node::Text(_) => {}
            Node::Close(tag) => reader.close(tag),
        }
        Ok(())
    })?;
    Ok(reader.shapes)
}

impl ShapeReader {
    fn open(&mut self, tag: &str, element: &BytesStart<'_>) {
        let number = |name| xml::attribute(element, name).and_then(|value| value.parse::<i64>().ok());
        let is_set = |name| xml::attribute(element, name).is_some_and(|value| matches!(value.as_str(), "1" | "true"));
        self.math.open(tag, element);
        match tag {
            "sp" | "graphicFrame" => {
                self.kind = None;
                self.text.clear();
                self.numbers.clear();
            }
            "pic" => self.in_picture = true,
            "cNvPr" if std::mem::take(&mut self.in_picture) => {
                let text = drawing::description(element);
                self.shapes.extend(text.map(|text| Shape { kind: PlaceholderKind::Other, text }));
            }
            "ph" => self.kind = Some(kind(xml::attribute(element, "type").as_deref())),
            "p" => (self.depth, self.numbering) = (0, None),
            "pPr" => {
                self.depth = number("lvl").and_then(|depth| usize::try_from(depth).ok()).unwrap_or_default().min(9);
            }
            "buAutoNum" => {
                let kind = xml::attribute(element, "type").unwrap_or_default();
                self.numbering = Some((kind, number("startAt").unwrap_or(1)));
            }
            "rPr" => {
                self.stand = drawing::raised(element);
                self.is_struck = xml::attribute(element, "strike").is_some_and(|how| how != "noStrike");
            }
            "r" => {
                self.stand = Stand::On;
                self.is_struck = false;
                self.fonts = Fonts::default();
            }
            "latin" => self.fonts.latin = xml::attribute(element, "typeface").unwrap_or_default(),
            "sym" => self.fonts.of_signs = xml::attribute(element, "typeface").unwrap_or_default(),
            "t" => self.in_text = true,
            "br" => self.line.push('\n'),
            "tbl" => self.table = Some(Table::default()),
            "tc" => {
                if let Some(table) = &mut self.table {
                    let count = |name| number(name).and_then(|count| usize::try_from(count).ok());
                    table.span(count("gridSpan"));
                    if count("rowSpan").is_some_and(|rows| rows > 1) {
                        table.reaches_down(true);
                    } else if is_set("vMerge") {
                        table.reaches_down(false);
                    }
                    table.is_covered(is_set("hMerge"));
                }
            }
            "chart" | "relIds" => {
                let link =
                    ["id", "dm"].into_iter().find_map(|name| self.drawings.remove(&xml::attribute(element, name)?));
                if let Some(text) = link {
                    self.text.push_str(&text);
                    self.text.push('\n');
                }
            }
            _ => {}
        }
    }

    fn push(&mut self, text: &str) {
        if self.math.is_open() {
            return self.math.text(text);
        }
        let text = self.stand.applied(&self.fonts.seen(text), &self.line);
        let text = if self.is_struck { struck(&mut self.line, text) } else { text };
        self.line.push_str(&text);
    }

    fn close(&mut self, tag: &str) {
        if let Some(formula) = self.math.close(tag) {
            formula.add_to(&mut self.line);
        }
        match (tag, &mut self.table) {
            ("t", _) => self.in_text = false,
            ("p", table) => {
                let line = std::mem::take(&mut self.line);
                let label = next_number(&mut self.numbers, self.depth, self.numbering.take(), line.trim().is_empty());
                let line = label + &typed_fractions(&line);
                if let Some(table) = table {
                    table.push(&line);
                } else {
                    self.text.push_str(&line);
                    self.text.push('\n');
                }
            }
            ("tc", Some(table)) => table.end_cell(),
            ("tr", Some(table)) => table.end_row(),
            ("tbl", _) => self.text.push_str(&self.table.take().map(Table::into_text).unwrap_or_default()),
            ("sp" | "graphicFrame", _) => {
                let text = std::mem::take(&mut self.text);
                let lines = text.lines().map(str::trim_end).filter(|line| !line.trim().is_empty());
                let text = lines.collect::<Vec<_>>().join("\n");
                self.shapes.push(Shape { kind: self.kind.take().unwrap_or(PlaceholderKind::Other), text });
            }
            _ => {}
        }
    }
}

/// The fonts that a run names itself.
#[derive(Debug, Default)]
struct Fonts {
    latin: String,
    /// For signs only: the arrow that `-->` is changed to while people type.
    of_signs: String,
}

impl Fonts {
    /// The visible text: symbol fonts have symbols in place of letters.
    fn seen(&self, text: &str) -> String {
        let is_sign = text.trim().chars().count() == 1 && !text.trim().is_ascii();
        let by_signs = || is_sign.then(|| symbols::typed(&self.of_signs, text)).flatten();
        let seen = symbols::typed(&self.latin, text).or_else(by_signs).unwrap_or_else(|| text.to_owned());
        seen.chars().map(|c| symbols::private(c).unwrap_or(c)).collect()
    }
}

/// A placeholder without a type contains content.
fn kind(placeholder: Option<&str>) -> PlaceholderKind {
    match placeholder {
        Some("title" | "ctrTitle") => PlaceholderKind::Title,
        Some("ftr" | "hdr") => PlaceholderKind::Margin,
        Some("dt" | "sldNum" | "sldImg") => PlaceholderKind::Furniture,
        _ => PlaceholderKind::Body,
    }
}
