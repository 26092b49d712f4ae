//! Presentations: each slide a page, its title a heading, its notes included.

use collabry_shared::sources::FailureCode;

use super::Input;
use super::archive::Archive;
use super::xml::{self, Node};
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
    for slide in slides {
        builder.page();
        read_slide(&mut archive, &slide, &mut builder)?;
        archive.note_omitted(&slide, &mut builder)?;
    }
    builder.finish()
}

/// The parts' names say nothing about the order; the presentation's list does.
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

fn read_slide(archive: &mut Archive, part: &str, builder: &mut DocumentBuilder) -> Result<(), FailureCode> {
    let Some(xml) = archive.text(part)? else {
        return Ok(());
    };
    let (titles, bodies): (Vec<_>, Vec<_>) = shapes(&xml)?.into_iter().partition(|shape| shape.role == Role::Title);
    for title in titles {
        let text = one_line(&title.text);
        builder.title(&text);
        builder.heading(1, &text)?;
    }
    for body in bodies.iter().filter(|shape| shape.role != Role::Furniture) {
        builder.block(&body.text)?;
    }
    let notes = archive.relationships(part)?.into_values().find(|relationship| relationship.kind == "notesSlide");
    if let Some(notes) = notes
        && let Some(xml) = archive.text(&notes.target)?
    {
        for note in shapes(&xml)?.iter().filter(|shape| shape.role == Role::Body && !shape.text.is_empty()) {
            builder.block(&format!("Notes: {}", note.text))?;
        }
    }
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Title,
    Body,
    Other,
    /// Date, footer, slide number.
    Furniture,
}

/// A box of text on a slide; paragraphs and rows of a table are lines.
#[derive(Debug)]
struct Shape {
    role: Role,
    text: String,
}

fn shapes(xml: &str) -> Result<Vec<Shape>, FailureCode> {
    let mut shapes = Vec::new();
    let mut open = Shape { role: Role::Other, text: String::new() };
    let (mut in_text, mut in_cell) = (false, false);
    xml::walk(xml, |node| {
        match node {
            Node::Open("sp" | "graphicFrame", _) => open = Shape { role: Role::Other, text: String::new() },
            Node::Open("ph", element) => open.role = role(xml::attribute(element, "type").as_deref()),
            Node::Open("t", _) => in_text = true,
            Node::Close("t") => in_text = false,
            Node::Open("tc", _) => {
                in_cell = true;
                if !open.text.is_empty() && !open.text.ends_with('\n') {
                    open.text.push_str(" | ");
                }
            }
            Node::Close("tc") => {
                in_cell = false;
                open.text.truncate(open.text.trim_end_matches(' ').len());
            }
            Node::Close("p") => open.text.push(if in_cell { ' ' } else { '\n' }),
            Node::Open("br", _) | Node::Close("tr") => open.text.push('\n'),
            Node::Text(text) if in_text => open.text.push_str(text),
            Node::Close("sp" | "graphicFrame") => {
                let text = open.text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>();
                shapes.push(Shape { role: open.role, text: text.join("\n") });
                open.text.clear();
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(shapes)
}

/// A placeholder without a type holds content.
fn role(placeholder: Option<&str>) -> Role {
    match placeholder {
        Some("title" | "ctrTitle") => Role::Title,
        Some("dt" | "ftr" | "hdr" | "sldNum" | "sldImg") => Role::Furniture,
        _ => Role::Body,
    }
}
