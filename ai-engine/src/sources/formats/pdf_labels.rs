//! Joins bullets and numbers with their list items and headings.

use super::pdf_page::{Area, Line};
use super::pdf_tables::Part;

/// The greatest distance of a label from its text, as a multiple of the line's height.
const MAX_GAP: f32 = 5.0;

/// The most pairs of labels and lines on a page that are examined.
const MAX_PAIRS: usize = 1_000_000;

/// Puts labels in front of the lines beside them.
pub fn join(parts: &mut Vec<Part>) {
    let mut labels = Vec::new();
    for part in parts.iter_mut() {
        if let Part::Lines(lines) = part {
            labels.extend(lines.extract_if(.., |line| is_label(line)));
        }
    }
    let lines: usize = parts.iter().map(|part| if let Part::Lines(lines) = part { lines.len() } else { 0 }).sum();
    let few = labels.len().saturating_mul(lines) <= MAX_PAIRS;
    for label in labels {
        let line = if few { beside(parts, &label.area) } else { None };
        if let Some(line) = line {
            line.area = line.area.around(&label.area);
            line.words.splice(0..0, label.words);
        } else {
            put_back(parts, label);
        }
    }
    parts.retain(|part| !matches!(part, Part::Lines(lines) if lines.is_empty()));
}

fn beside<'a>(parts: &'a mut [Part], label: &Area) -> Option<&'a mut Line> {
    let lines = parts.iter_mut().flat_map(|part| match part {
        Part::Lines(lines) => lines.as_mut_slice(),
        Part::Rows(_) => &mut [],
    });
    lines
        .filter(|line| {
            let gap = line.area.left - label.right;
            gap >= 0.0 && gap < label.height() * MAX_GAP && line.area.is_beside(label)
        })
        .min_by(|one, other| one.area.left.total_cmp(&other.area.left))
}

/// Before the first line that is lower.
fn put_back(parts: &mut Vec<Part>, label: Line) {
    for part in parts.iter_mut() {
        if let Part::Lines(lines) = part
            && let Some(at) = lines.iter().position(|line| line.area.top >= label.area.top)
        {
            lines.insert(at, label);
            return;
        }
    }
    parts.push(Part::Lines(vec![label]));
}

fn is_label(line: &Line) -> bool {
    let [word] = line.words.as_slice() else {
        return false;
    };
    let text = word.text.as_str();
    if matches!(text, "•" | "◦" | "▪" | "●" | "‣" | "–" | "-" | "*" | "§" | "■" | "□" | "☐" | "☑" | "☒" | "✓" | "➢")
    {
        return true;
    }
    let inside = text.trim_start_matches('(').trim_end_matches([')', '.', ':']);
    let marked = inside.len() < text.len() || inside.contains('.');
    let parts_are_short = inside.split('.').all(|part| {
        !part.is_empty()
            && (part.len() <= 2 && part.chars().all(|c| c.is_ascii_digit())
                || part.len() == 1 && part.chars().all(|c| c.is_ascii_alphabetic())
                || part.len() <= 5 && part.chars().all(|c| matches!(c, 'i' | 'v' | 'x' | 'I' | 'V' | 'X')))
    });
    marked && parts_are_short
}
