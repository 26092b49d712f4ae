//! Columns of prose, one after the other: the program sometimes goes back and forth between them.

use super::pdf_page::{Area, Block, Page, letters};

/// The least distance between columns, in points.
const MIN_GUTTER: f32 = 4.0;

/// A side with fewer letters is not a column.
const MIN_LETTERS: usize = 200;

/// The least number of letters in most lines of a column of prose.
const MIN_LINE_LETTERS: usize = 24;

/// Columns within columns.
const MAX_DEPTH: usize = 4;

/// The most blocks on a page that are examined.
const MAX_BLOCKS: usize = 500;

struct Placed {
    area: Area,
    letters: usize,
    /// In lines that are as long as those of prose.
    in_long_lines: usize,
    block: Block,
}

/// Puts the blocks of each column together, where the page has columns of prose.
pub fn order(page: &mut Page) {
    if page.blocks.len() < 3 || page.blocks.len() > MAX_BLOCKS {
        return;
    }
    let placed = |block: Block| {
        let area = block.iter().map(|line| line.area).reduce(|area, line| area.around(&line));
        let area = area.unwrap_or(Area { left: 0.0, top: 0.0, right: 0.0, bottom: 0.0 });
        let upright = block.iter().filter(|line| line.is_upright());
        let lines: Vec<usize> = upright.map(|line| letters(&line.text())).collect();
        let in_long_lines = lines.iter().filter(|letters| **letters >= MIN_LINE_LETTERS).sum();
        Placed { area, letters: lines.iter().sum(), in_long_lines, block }
    };
    let blocks = std::mem::take(&mut page.blocks).into_iter().map(placed).collect();
    page.blocks = ordered(blocks, 0).into_iter().map(|placed| placed.block).collect();
}

fn ordered(blocks: Vec<Placed>, depth: usize) -> Vec<Placed> {
    let Some(gutter) = gutter(&blocks).filter(|_| depth < MAX_DEPTH) else {
        return blocks;
    };
    let crosses = |placed: &Placed| placed.area.left < gutter && placed.area.right > gutter;
    let (mut across, sides): (Vec<Placed>, Vec<Placed>) = blocks.into_iter().partition(crosses);
    across.sort_by(|one, other| one.area.top.total_cmp(&other.area.top));
    let mut bands: Vec<Vec<Placed>> = across.iter().map(|_| Vec::new()).collect();
    bands.push(Vec::new());
    for placed in sides {
        let band = across.partition_point(|across| across.area.middle() < placed.area.middle());
        bands[band].push(placed);
    }
    let mut across = across.into_iter();
    let mut all = Vec::new();
    for band in bands {
        let (left, right): (Vec<Placed>, Vec<Placed>) = if is_columns(&band, gutter) {
            band.into_iter().partition(|placed| placed.area.right <= gutter)
        } else {
            (Vec::new(), band)
        };
        if left.is_empty() {
            all.extend(right);
        } else {
            all.extend(ordered(left, depth + 1));
            all.extend(ordered(right, depth + 1));
        }
        all.extend(across.next());
    }
    all
}

/// Where the page is divided into a left and a right part with the most prose in the lesser of them.
fn gutter(blocks: &[Placed]) -> Option<f32> {
    let mut edges: Vec<f32> = blocks.iter().map(|placed| placed.area.right).collect();
    edges.sort_by(f32::total_cmp);
    edges.dedup_by(|one, other| (*one - *other).abs() < 1.0);
    let candidate = |edge: &f32| {
        let right_of = || blocks.iter().filter(|placed| placed.area.left > *edge);
        let next = right_of().map(|placed| placed.area.left).fold(f32::MAX, f32::min);
        let gutter = edge + (next - edge).min(100.0) / 2.0;
        let left: usize = blocks.iter().filter(|placed| placed.area.right <= gutter).map(|placed| placed.letters).sum();
        let right: usize = right_of().map(|placed| placed.letters).sum();
        let all: usize = blocks.iter().map(|placed| placed.letters).sum();
        let is_wide = next - edge >= MIN_GUTTER && next < f32::MAX;
        (is_wide && (left + right) * 2 > all && is_columns(blocks, gutter)).then_some((left.min(right), gutter))
    };
    edges.iter().filter_map(candidate).max_by_key(|(lesser, _)| *lesser).map(|(_, gutter)| gutter)
}

/// Whether there is prose on both sides, side by side.
fn is_columns(blocks: &[Placed], gutter: f32) -> bool {
    let left: Vec<&Placed> = blocks.iter().filter(|placed| placed.area.right <= gutter).collect();
    let right: Vec<&Placed> = blocks.iter().filter(|placed| placed.area.left >= gutter).collect();
    let extent = |side: &[&Placed]| side.iter().map(|placed| placed.area).reduce(|area, other| area.around(&other));
    let (Some(one), Some(other)) = (extent(&left), extent(&right)) else {
        return false;
    };
    let common = one.bottom.min(other.bottom) - one.top.max(other.top);
    is_prose(&left) && is_prose(&right) && common > one.height().min(other.height()) / 2.0
}

/// Whether most letters stand in lines that are as long as those of prose, whatever formulas and headings are between.
fn is_prose(side: &[&Placed]) -> bool {
    let all: usize = side.iter().map(|placed| placed.letters).sum();
    let in_long: usize = side.iter().map(|placed| placed.in_long_lines).sum();
    all >= MIN_LETTERS && in_long * 3 > all * 2
}

#[cfg(test)]
mod tests {
    use super::super::pdf_page::{Line, Word};
    use super::*;

    fn block(left: f32, top: f32, width: f32, text: &str) -> Block {
        let area = Area { left, top, right: left + width, bottom: top + 10.0 };
        vec![Line { area, words: vec![Word { area, text: text.to_owned() }] }]
    }

    fn first_words(page: &Page) -> Vec<String> {
        page.blocks.iter().map(|block| block[0].text().split(' ').next().unwrap().to_owned()).collect()
    }

    #[test]
    fn columns_follow_each_other() {
        let line = |column: &str, number: usize| format!("{column}{number} is a line of this column of a paper");
        let mut blocks = vec![block(60.0, 20.0, 480.0, "Title over both columns of the paper")];
        for number in 0..6_u8 {
            let top = 50.0 + f32::from(number) * 14.0;
            blocks.push(block(320.0, top, 220.0, &line("right", number.into())));
            blocks.push(block(60.0, top, 230.0, &line("left", number.into())));
        }
        blocks.push(block(60.0, 200.0, 480.0, "Note under both columns"));
        let mut page = Page { blocks, ..Page::default() };
        order(&mut page);
        let expected = "Title left0 left1 left2 left3 left4 left5 right0 right1 right2 right3 right4 right5 Note";
        assert_eq!(first_words(&page).join(" "), expected);
    }

    #[test]
    fn labels_and_values_stay_in_rows() {
        let mut blocks = Vec::new();
        for number in 0..20_u8 {
            let top = f32::from(number) * 14.0;
            blocks.push(block(60.0, top, 50.0, &format!("Label{number}")));
            blocks.push(block(320.0, top, 220.0, &format!("Value{number} is a line that is as long as prose")));
        }
        let mut page = Page { blocks, ..Page::default() };
        let before = first_words(&page);
        order(&mut page);
        assert_eq!(first_words(&page), before);
    }
}
