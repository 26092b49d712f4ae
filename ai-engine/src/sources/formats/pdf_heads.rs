//! Removes repeated running heads. What differs from page to page stays, except for page numbers.

use std::collections::HashMap;

use super::docx_table::CELL_SEPARATOR;
use super::pdf_page::Area;

/// In a document with fewer pages a repeated line may be intended.
const MIN_PAGES: usize = 4;

const MAX_HEAD_CHARS: usize = 120;

/// The most lines at the top and bottom of a page that may be running heads.
const PLACES: usize = 2;

/// The share of a page's height that is its upper or lower margin.
const MARGIN: f32 = 0.1;

/// Larger numbers may be years.
const MAX_LONE_NUMBER: i64 = 1_500;

/// Words next to page numbers.
const PAGE_WORDS: &[&str] = &[
    "page",
    "pages",
    "pg",
    "p",
    "of",
    "seite",
    "von",
    "página",
    "pagina",
    "de",
    "sur",
    "di",
    "стр",
    "из",
    "第",
    "页",
    "頁",
    "ページ",
];

/// A section of a line.
#[derive(Debug)]
pub struct Printed {
    pub area: Area,
    pub text: String,
    /// Which line of its page it is in, from the top.
    pub line: usize,
}

/// For each page the areas of lines that are repetitions, or contain only its number.
pub fn repeated(pages: &[Vec<Printed>]) -> Vec<Vec<Area>> {
    let mut dropped: Vec<Vec<Area>> = pages.iter().map(|_| Vec::new()).collect();
    let filled = pages.iter().filter(|page| !page.is_empty()).count();
    if filled < MIN_PAGES {
        return dropped;
    }
    let candidates: Vec<Vec<&Printed>> = pages.iter().map(|page| ends(page)).collect();
    drop_again(&candidates, filled, &mut dropped);
    drop_numbers(&candidates, filled, &mut dropped);
    // Never removes a whole page.
    for (page, dropped) in pages.iter().zip(&mut dropped) {
        if dropped.len() >= page.len() {
            dropped.clear();
        }
    }
    dropped
}

/// The page number at the very top or bottom, separate from all else; for pages that cannot be compared with others.
pub fn lone_number(page: &[Printed], height: f32) -> Option<Area> {
    let is_lone = |part: &&Printed| {
        let area = &part.area;
        let is_at_end = area.bottom < height * MARGIN || area.top > height * (1.0 - MARGIN);
        let is_apart = |other: &Printed| {
            let gap = (other.area.top - area.bottom).max(area.top - other.area.bottom);
            other.area == *area || gap > area.height()
        };
        is_at_end && page.iter().all(is_apart)
    };
    let mut numbers = page.iter().filter(|part| page_number(&part.text).is_some_and(|number| number < MAX_LONE_NUMBER));
    numbers.rfind(is_lone).filter(|_| page.len() > 1).map(|part| part.area)
}

/// The content of the first and last lines of a page.
fn ends(page: &[Printed]) -> Vec<&Printed> {
    let lines = page.last().map_or(0, |last| last.line + 1);
    let is_end = |line: usize| line < PLACES || line + PLACES >= lines;
    page.iter().filter(|part| is_end(part.line) && part.text.chars().count() <= MAX_HEAD_CHARS).collect()
}

/// Lines that are the same, to the last digit, on most pages or on every other one: all but the first are removed.
fn drop_again(candidates: &[Vec<&Printed>], filled: usize, dropped: &mut [Vec<Area>]) {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    // A row of digits may be the same by chance.
    let is_worded = |line: &&&Printed| line.text.chars().filter(|c| c.is_alphabetic()).count() > 2;
    // The column names of a table are repeated on each of its pages, for the rows below them.
    let is_row = |line: &&&Printed| line.text.contains(CELL_SEPARATOR);
    for line in candidates.iter().flatten().filter(is_worded).filter(|line| !is_row(line)) {
        *counts.entry(&line.text).or_default() += 1;
    }
    let mut said = std::collections::HashSet::new();
    for (page, dropped) in candidates.iter().zip(dropped) {
        for line in page {
            let often = counts.get(line.text.as_str()).is_some_and(|count| *count >= 3 && count * 5 >= filled * 2);
            if often && !said.insert(line.text.as_str()) {
                dropped.push(line.area);
            }
        }
    }
}

/// Lines that are only a page number, which grows by one from page to page.
fn drop_numbers(candidates: &[Vec<&Printed>], filled: usize, dropped: &mut [Vec<Area>]) {
    let mut offsets: HashMap<i64, usize> = HashMap::new();
    let numbered: Vec<Vec<(i64, Area)>> = candidates
        .iter()
        .zip(0i64..)
        .map(|(page, index)| {
            page.iter().filter_map(|line| Some((page_number(&line.text)?.checked_sub(index)?, line.area))).collect()
        })
        .collect();
    for (offset, _) in numbered.iter().flatten() {
        *offsets.entry(*offset).or_default() += 1;
    }
    for (page, dropped) in numbered.iter().zip(dropped) {
        for (offset, area) in page {
            if offsets.get(offset).is_some_and(|count| count * 2 > filled) {
                dropped.push(*area);
            }
        }
    }
}

/// The number of a line like `7`, `- 7 -`, `Page 7 of 9`.
fn page_number(text: &str) -> Option<i64> {
    let mut number = None;
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        if word.chars().all(|c| c.is_ascii_digit()) {
            number = number.or(word.parse().ok());
        } else if !PAGE_WORDS.contains(&word.to_lowercase().as_str()) {
            return None;
        }
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(pages: &[&[&str]]) -> Vec<Vec<String>> {
        let area = |line: usize| {
            let top = f32::from(u16::try_from(line).unwrap()) * 10.0;
            Area { left: 0.0, right: 1.0, top, bottom: top + 9.0 }
        };
        let page = |lines: &&[&str]| {
            lines
                .iter()
                .enumerate()
                .map(|(line, text)| Printed { area: area(line), text: (*text).to_owned(), line })
                .collect()
        };
        let pages: Vec<Vec<Printed>> = pages.iter().map(page).collect();
        let dropped = repeated(&pages);
        let rest = |(page, dropped): (&Vec<Printed>, &Vec<Area>)| {
            page.iter().filter(|line| !dropped.contains(&line.area)).map(|line| line.text.clone()).collect()
        };
        pages.iter().zip(&dropped).map(rest).collect()
    }

    #[test]
    fn running_heads_are_said_once_and_page_numbers_never() {
        let pages: &[&[&str]] = &[
            &["Triton 40 manual", "Step 1", "Open.", "Page 1 of 4"],
            &["Triton 40 manual", "Step 2", "Close.", "Page 2 of 4"],
            &["Triton 40 manual", "Step 3", "Wait.", "Page 3 of 4"],
            &["Triton 40 manual", "Page 4 of 4"],
        ];
        assert_eq!(
            kept(pages),
            [
                vec!["Triton 40 manual", "Step 1", "Open."],
                vec!["Step 2", "Close."],
                vec!["Step 3", "Wait."],
                vec!["Triton 40 manual", "Page 4 of 4"]
            ]
        );
    }

    #[test]
    fn a_number_apart_at_the_foot_of_a_page_is_its_own() {
        let area = |top: f32| Area { left: 0.0, right: 9.0, top, bottom: top + 9.0 };
        let page = |foot: &str, top: f32| {
            let line =
                |(line, (text, top)): (usize, (&str, f32))| Printed { area: area(top), text: text.to_owned(), line };
            [("Rivers", 100.0), ("The end.", 700.0), (foot, top)].into_iter().enumerate().map(line).collect::<Vec<_>>()
        };
        assert_eq!(lone_number(&page("- 7 -", 800.0), 842.0), Some(area(800.0)));
        for (foot, top) in [("7", 712.0), ("1912", 800.0), ("7 boats", 800.0)] {
            assert_eq!(lone_number(&page(foot, top), 842.0), None, "{foot}");
        }
    }

    #[test]
    fn rows_of_numbers_are_no_running_heads() {
        let pages: &[&[&str]] = &[
            &["1900 | 4", "1901 | 5"],
            &["1910 | 4", "1911 | 7"],
            &["1920 | 4", "1921 | 8"],
            &["1930 | 4", "1931 | 6"],
        ];
        assert_eq!(kept(pages), pages.iter().map(|page| page.to_vec()).collect::<Vec<_>>());
    }
}
