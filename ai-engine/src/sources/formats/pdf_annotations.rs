//! What lies on top of a PDF's pages and `pdftotext` does not give: boxes that are ticked or not, and notes.

use std::fs;
use std::path::Path;

use lopdf::{Dictionary, Document, Object, ObjectId, decode_text_string};

use super::comments::Comment;
use super::pdf_page::{Area, Line, Page, Word};

/// Larger files are read without annotations, because opening one takes several times its size.
const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// Forms nest their fields, pages their trees.
const MAX_DEPTH: usize = 16;

const MAX_ANNOTATIONS: usize = 20_000;

/// Buttons without a state.
const PUSH_BUTTON: i64 = 1 << 16;

/// The greatest distance between a checkbox and its words, as a multiple of its height.
const MAX_WORD_GAP: f32 = 3.0;

/// If they are in front of it, there may be room for longer ones.
const MAX_LABEL_GAP: f32 = 8.0;

/// A checkbox on a page, and whether it is ticked.
#[derive(Debug, PartialEq)]
struct TickBox {
    area: Area,
    is_ticked: bool,
}

/// Puts checkboxes in front of their words, and returns the notes of each page.
pub fn add_to(path: &Path, has_form: bool, pages: &mut [Page]) -> Vec<Vec<String>> {
    let Some(document) = open(path, has_form) else { return Vec::new() };
    let mut notes = Vec::new();
    for (page, id) in pages.iter_mut().zip(document.get_pages().into_values()) {
        let annotations = document.get_page_annotations(id).unwrap_or_default();
        let annotations = || annotations.iter().copied().take(MAX_ANNOTATIONS);
        if let Some(top) = top(&document, id) {
            let boxes: Vec<TickBox> =
                annotations().filter_map(|annotation| tick_box(&document, annotation, top)).collect();
            for tick_box in &boxes {
                // `Member ☐ Guest ☐`: nothing follows the last.
                let row = boxes.iter().map(|other| other.area).filter(|area| area.is_beside(&tick_box.area));
                let last = row.max_by(|one, other| one.right.total_cmp(&other.right)).unwrap_or(tick_box.area);
                let room = last.height() * MAX_WORD_GAP;
                let is_before = gap(page, &last, |word, area| word.left - area.right) <= room;
                put(page, tick_box, is_before);
            }
        }
        notes.push(annotations().filter_map(|annotation| note(&document, annotation)).collect());
    }
    notes
}

fn open(path: &Path, has_form: bool) -> Option<Document> {
    if fs::metadata(path).ok()?.len() > MAX_FILE_BYTES {
        return None;
    }
    let bytes = fs::read(path).ok()?;
    let has = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
    if !has_form && !has(b"/Contents(") && !has(b"/Annots") {
        return None;
    }
    let document = Document::load_mem(&bytes).ok()?;
    (!document.is_encrypted() && !document.was_encrypted()).then_some(document)
}

/// The value of a key in the object or in those above it.
fn inherited<'a>(document: &'a Document, object: &'a Dictionary, key: &[u8]) -> Option<&'a Object> {
    let mut next = Some(object);
    for _ in 0..MAX_DEPTH {
        let own = next?;
        if let Ok(value) = own.get_deref(key, document) {
            return Some(value);
        }
        next = own.get_deref(b"Parent", document).ok().and_then(|parent| parent.as_dict().ok());
    }
    None
}

/// The upper edge of the page; unknown for rotated pages.
fn top(document: &Document, page: ObjectId) -> Option<(f32, f32)> {
    let page = document.get_dictionary(page).ok()?;
    let turned = inherited(document, page, b"Rotate").and_then(|turned| turned.as_i64().ok()).unwrap_or_default();
    let corners = corners(document, inherited(document, page, b"MediaBox")?)?;
    (turned == 0).then(|| (corners[0].min(corners[2]), corners[1].max(corners[3])))
}

fn corners(document: &Document, object: &Object) -> Option<[f32; 4]> {
    let number = |object: &Object| document.dereference(object).ok()?.1.as_float().ok();
    let numbers: Vec<f32> = object.as_array().ok()?.iter().map(number).collect::<Option<_>>()?;
    numbers.try_into().ok()
}

fn tick_box(document: &Document, annotation: &Dictionary, (left, top): (f32, f32)) -> Option<TickBox> {
    let name = |key: &[u8]| inherited(document, annotation, key).and_then(|value| value.as_name().ok());
    let flags = inherited(document, annotation, b"Ff").and_then(|flags| flags.as_i64().ok()).unwrap_or_default();
    if name(b"Subtype")? != b"Widget" || name(b"FT")? != b"Btn" || flags & PUSH_BUTTON != 0 {
        return None;
    }
    let [one, two, three, four] = corners(document, annotation.get_deref(b"Rect", document).ok()?)?;
    let area = Area {
        left: one.min(three) - left,
        right: one.max(three) - left,
        top: top - two.max(four),
        bottom: top - two.min(four),
    };
    Some(TickBox { area, is_ticked: name(b"AS").or_else(|| name(b"V")).is_some_and(|state| state != b"Off") })
}

/// The distance from the box to the nearest word.
fn gap(page: &Page, area: &Area, between: fn(&Area, &Area) -> f32) -> f32 {
    let lines = page.blocks.iter().flatten().filter(|line| line.area.is_beside(area));
    let gaps = lines.flat_map(|line| &line.words).map(|word| between(&word.area, area));
    gaps.filter(|gap| *gap > -2.0).fold(f32::MAX, f32::min)
}

/// Puts the checkbox beside its words.
fn put(page: &mut Page, tick_box: &TickBox, is_before: bool) {
    let TickBox { area, is_ticked } = tick_box;
    // What ticks the box may be a letter of a font of signs.
    let is_within = |word: &Word| word.area.left >= area.left - 1.0 && word.area.right <= area.right + 1.0;
    for line in page.blocks.iter_mut().flatten().filter(|line| line.area.is_beside(area)) {
        line.words.retain(|word| !is_within(word) || word.text.chars().count() > 1);
    }
    for block in &mut page.blocks {
        block.retain(|line| !line.words.is_empty());
    }
    page.blocks.retain(|block| !block.is_empty());
    let word = Word { area: *area, text: if *is_ticked { "☒" } else { "☐" }.to_owned() };
    let between: fn(&Area, &Area) -> f32 =
        if is_before { |word, area| word.left - area.right } else { |word, area| area.left - word.right };
    let nearest = gap(page, area, between);
    let room = area.height() * if is_before { MAX_WORD_GAP } else { MAX_LABEL_GAP };
    let is_label = |word: &Word| nearest <= room && (between(&word.area, area) - nearest).abs() < 0.1;
    for line in page.blocks.iter_mut().flatten().filter(|line| line.area.is_beside(area)) {
        if let Some(place) = line.words.iter().position(is_label) {
            // As tall as the words and close to them, so that it does not become a line or column of its own.
            let next = line.words[place].area;
            let size = next.height();
            let left = if is_before { next.left - size } else { next.right + size * 0.3 };
            let area = Area { left, right: left + size * 0.7, ..next };
            line.words.insert(if is_before { place } else { place + 1 }, Word { area, ..word });
            line.area = line.area.around(&area);
            return;
        }
    }
    page.blocks.push(vec![Line { area: *area, words: vec![word] }]);
}

/// The text of a note on the page.
fn note(document: &Document, annotation: &Dictionary) -> Option<String> {
    const KINDS: [&[u8]; 6] = [b"Text", b"Highlight", b"Underline", b"StrikeOut", b"Squiggly", b"Caret"];
    let kind = annotation.get_deref(b"Subtype", document).ok()?.as_name().ok()?;
    if !KINDS.contains(&kind) {
        return None;
    }
    let text = |key: &[u8]| annotation.get_deref(key, document).ok().and_then(|text| decode_text_string(text).ok());
    Comment::new(&text(b"T").unwrap_or_default(), &text(b"Contents")?).map(|comment| comment.line())
}
