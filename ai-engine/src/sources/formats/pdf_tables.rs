//! Joins cells side by side into rows: poppler returns them column by column.

use super::pdf_page::{Area, Line, Page, letters, text_of};

/// A gap between words that is wider than this share of their height parts two cells.
const CELL_GAP: f32 = 1.1;

/// No page is wide enough for more.
const MAX_COLUMNS: usize = 80;

/// The least distance between columns, as a share of a line's height; slanted text has less.
const MIN_COLUMN_GAP: f32 = 0.4;

/// Rows further apart than this many heights of a line are not of one table.
const MAX_ROW_GAP: f32 = 3.2;

/// The most by which the edges of cells in one column differ, in points.
const ALIGNED: f32 = 4.0;

/// The next line of a cell is nearer than the next row, and no further below than this many heights of a line.
const MAX_LINE_STEP: f32 = 1.6;
const NEARER: f32 = 0.95;

/// Cells are short; columns of prose are not.
const MAX_CELL_CHARS: usize = 45;
const MAX_WORDY_CELL_CHARS: usize = 24;

/// A cell with more lines is a paragraph.
const MAX_CELL_LINES: usize = 8;

/// Prose fills its column in most lines, and they are long.
const PROSE_LINE_CHARS: usize = 34;

/// The content of a block, in reading order.
#[derive(Debug, PartialEq)]
pub enum Part {
    Lines(Vec<Line>),
    /// Each row a line of text, with the area of it.
    Rows(Vec<(Area, String)>),
}

#[derive(Debug, Clone)]
struct Cell {
    block: usize,
    line: usize,
    area: Area,
    text: String,
}

impl Cell {
    fn is_number(&self) -> bool {
        let (digits, letters) = self.text.chars().fold((0, 0), |(digits, letters), c| {
            (digits + usize::from(c.is_numeric()), letters + usize::from(c.is_alphabetic()))
        });
        digits > 0 && digits >= letters && self.text.chars().count() <= 24
            || matches!(self.text.as_str(), "-" | "–" | "—" | "n/a" | "N/A" | "✓" | "x" | "X")
    }

    fn is_aligned(&self, other: &Self) -> bool {
        let near = |first: f32, second: f32| (first - second).abs() < ALIGNED;
        let (own, its) = (&self.area, &other.area);
        near(own.left, its.left)
            || near(own.right, its.right)
            || near(f32::midpoint(own.left, own.right), f32::midpoint(its.left, its.right))
    }
}

type Row = Vec<Cell>;

/// The page's parts in reading order, tables as rows where their first cell was.
pub fn with_rows(page: Page) -> Vec<Part> {
    let rows = rows(&page);
    let mut tables: Vec<Vec<Row>> = runs(rows).into_iter().filter(|run| is_table(run)).collect();
    if tables.is_empty() {
        return page.blocks.into_iter().map(Part::Lines).collect();
    }
    // Which table each line belongs to.
    let mut owner: std::collections::HashMap<(usize, usize), usize> = std::collections::HashMap::new();
    for (index, table) in tables.iter().enumerate() {
        owner.extend(table.iter().flatten().map(|cell| ((cell.block, cell.line), index)));
    }
    let mut parts = Vec::new();
    for (block, lines) in page.blocks.into_iter().enumerate() {
        let mut open = Vec::new();
        for (index, line) in lines.into_iter().enumerate() {
            let Some(table) = owner.get(&(block, index)) else {
                open.push(line);
                continue;
            };
            let table = std::mem::take(&mut tables[*table]);
            if !table.is_empty() {
                if !open.is_empty() {
                    parts.push(Part::Lines(std::mem::take(&mut open)));
                }
                parts.push(Part::Rows(lines_of(&table)));
            }
        }
        if !open.is_empty() {
            parts.push(Part::Lines(open));
        }
    }
    settled(parts)
}

/// Moves the text below a table behind it, if there is nothing beside it: poppler returns the paragraphs around a table
/// before its cells.
fn settled(mut parts: Vec<Part>) -> Vec<Part> {
    put_captions(&mut parts);
    let mut at = 0;
    while at < parts.len() {
        if let Some(area) = area_of_rows(&parts[at]) {
            let lines = |part: &Part| match part {
                Part::Lines(lines) => lines.clone(),
                Part::Rows(_) => Vec::new(),
            };
            let is_beside = |line: &Line| (area.top..area.bottom).contains(&line.area.middle());
            if !parts.iter().any(|part| lines(part).iter().any(is_beside)) {
                let mut below = Vec::new();
                for part in &mut parts[..at] {
                    if let Part::Lines(lines) = part {
                        let is_below = |line: &Line| line.area.middle() > area.bottom;
                        let (moved, kept): (Vec<Line>, Vec<Line>) = lines.drain(..).partition(is_below);
                        *lines = kept;
                        below.extend(Some(moved).filter(|moved| !moved.is_empty()).map(Part::Lines));
                    }
                }
                let rest = parts.split_off(at + 1);
                parts.extend(below);
                parts.extend(rest);
            }
        }
        at += 1;
    }
    parts.retain(|part| !matches!(part, Part::Lines(lines) if lines.is_empty()));
    parts
}

/// What stands between two tables, one above the other, comes between them: the program may give it after both.
fn put_captions(parts: &mut Vec<Part>) {
    let mut above: Option<Area> = None;
    let mut at = 0;
    while at < parts.len() {
        let Some(area) = area_of_rows(&parts[at]) else {
            at += 1;
            continue;
        };
        if let Some(above) = above.filter(|above| above.bottom < area.top) {
            let is_between = |line: &Line| {
                let is_over = line.area.left < area.right && line.area.right > area.left;
                is_over && line.area.middle() > above.bottom && line.area.middle() < area.top
            };
            let mut between = Vec::new();
            for part in &mut parts[at + 1..] {
                if let Part::Lines(lines) = part {
                    between.extend(lines.extract_if(.., |line| is_between(line)));
                }
            }
            if !between.is_empty() {
                parts.insert(at, Part::Lines(between));
                at += 1;
            }
        }
        above = Some(area);
        at += 1;
    }
}

fn area_of_rows(part: &Part) -> Option<Area> {
    match part {
        Part::Rows(rows) => rows.iter().map(|(area, _)| *area).reduce(|area, row| area.around(&row)),
        Part::Lines(_) => None,
    }
}

/// All candidates for cells by their lines, from the top.
fn rows(page: &Page) -> Vec<Row> {
    let mut cells: Vec<Cell> = Vec::new();
    let is_text: Vec<bool> = page.blocks.iter().map(|lines| is_prose(lines)).collect();
    for (block, lines) in page.blocks.iter().enumerate() {
        if is_text[block] && !is_long_cell(page, &is_text, lines) {
            continue;
        }
        for (index, line) in lines.iter().enumerate().filter(|(_, line)| line.is_upright()) {
            cells.extend(cells_of(block, index, line));
        }
    }
    cells.sort_by(|one, other| one.area.middle().total_cmp(&other.area.middle()));
    let mut rows: Vec<Row> = Vec::new();
    for cell in cells {
        match rows.last_mut() {
            Some(row) if row[0].area.is_beside(&cell.area) => row.push(cell),
            _ => rows.push(vec![cell]),
        }
    }
    for row in &mut rows {
        row.sort_by(|one, other| one.area.left.total_cmp(&other.area.left));
    }
    rows
}

/// Whether a few lines of prose are one cell: there are cells beside the first of them.
fn is_long_cell(page: &Page, is_text: &[bool], lines: &[Line]) -> bool {
    let Some(first) = lines.first().filter(|_| lines.len() <= MAX_CELL_LINES) else {
        return false;
    };
    let others = page.blocks.iter().zip(is_text).filter(|(_, is_text)| !**is_text);
    let beside = others.filter(|(block, _)| {
        let is_top = |line: &Line| line.area.is_beside(&first.area) && (line.area.top - first.area.top).abs() < ALIGNED;
        block.len() <= 2 && block.first().is_some_and(is_top)
    });
    beside.count() >= 2
}

fn is_prose(lines: &[Line]) -> bool {
    if lines.len() < 3 {
        return false;
    }
    let left = lines.iter().map(|line| line.area.left).fold(f32::MAX, f32::min);
    let right = lines.iter().map(|line| line.area.right).fold(f32::MIN, f32::max);
    let body = &lines[..lines.len() - 1];
    let full = body.iter().filter(|line| line.area.right - left > (right - left) * 0.8).count();
    let chars: usize = body.iter().map(|line| letters(&line.text())).sum();
    full * 3 >= body.len() * 2 && chars / body.len() >= PROSE_LINE_CHARS
}

fn cells_of(block: usize, index: usize, line: &Line) -> Vec<Cell> {
    let mut cells = Vec::new();
    let mut start = 0;
    for end in 1..=line.words.len() {
        let is_gap = |end: usize| {
            let (before, after) = (&line.words[end - 1].area, &line.words[end].area);
            after.left - before.right > before.height().max(after.height()) * CELL_GAP
        };
        if end == line.words.len() || is_gap(end) {
            let words = &line.words[start..end];
            if let Some(area) = words.iter().map(|word| word.area).reduce(|area, word| area.around(&word)) {
                cells.push(Cell { block, line: index, area, text: text_of(words) });
            }
            start = end;
        }
    }
    cells
}

/// Rows of several cells that follow each other closely, with the single ones between them.
fn runs(rows: Vec<Row>) -> Vec<Vec<Row>> {
    let mut runs: Vec<Vec<Row>> = Vec::new();
    let mut open: Vec<Row> = Vec::new();
    for row in rows {
        if is_outside(&open, &row) {
            runs.push(std::mem::take(&mut open));
        }
        if let Some(last) = open.last() {
            let gap = row[0].area.top - last[0].area.bottom;
            if gap > row[0].area.height().max(last[0].area.height()) * MAX_ROW_GAP {
                runs.push(std::mem::take(&mut open));
            }
        }
        // More than two consecutive single rows are not part of a table.
        let singles = open.iter().rev().take_while(|row| row.len() == 1).count();
        if row.len() == 1 && singles >= 2 && !may_be_rest(&open, &row) {
            runs.push(std::mem::take(&mut open));
        }
        // Below the text between two tables the columns differ.
        let widest = open.iter().map(Vec::len).max().unwrap_or_default();
        let is_parted = open.split_last().is_some_and(|(last, rest)| last.len() == 1 && !may_be_rest(rest, last));
        if row.len() > 1 && is_parted && (row.len() > widest || !is_in_columns(&open, &row)) {
            runs.push(std::mem::take(&mut open));
        }
        if row.len() > 1 || !open.is_empty() {
            open.push(row);
        }
    }
    runs.push(open);
    for run in &mut runs {
        while run.last().is_some_and(|row| row.len() == 1 && !is_rest(&run[..run.len() - 1], row))
            && !ends_with_more_of_a_cell(run)
        {
            run.pop();
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}

/// Whether it is a line that starts further left than the table, such as a note below it.
fn is_outside(open: &[Row], row: &Row) -> bool {
    let left = open.iter().filter(|row| row.len() > 1).map(|row| row[0].area.left).fold(f32::MAX, f32::min);
    let cell = &row[0].area;
    row.len() == 1 && left < f32::MAX && cell.left < left - cell.height() * 2.0 && cell.right < left
}

/// Whether it may be a further line of a cell of the last full row: the program gives both as one block.
fn may_be_rest(open: &[Row], row: &Row) -> bool {
    let full = open.iter().rev().find(|row| row.len() > 1);
    row.iter().all(|cell| cell.line > 0 && full.is_some_and(|full| full.iter().any(|its| its.block == cell.block)))
}

/// Whether it is one: it is in the column of that cell, and does not extend into the next.
fn is_rest(open: &[Row], row: &Row) -> bool {
    let Some(full) = open.iter().rev().find(|row| row.len() > 1) else {
        return false;
    };
    let is_in_column = |cell: &Cell, its: &Cell| {
        let begins = its.is_aligned(cell) || cell.area.left > its.area.left - ALIGNED;
        let next = full.iter().map(|other| other.area.left).filter(|left| *left > its.area.right);
        its.block == cell.block && begins && cell.area.right < next.fold(f32::MAX, f32::min)
    };
    row.iter().all(|cell| cell.line > 0 && full.iter().any(|its| is_in_column(cell, its)))
}

fn is_in_columns(open: &[Row], row: &Row) -> bool {
    let is_aligned = |cell: &&Cell| open.iter().filter(|row| row.len() > 1).flatten().any(|its| cell.is_aligned(its));
    row.iter().filter(is_aligned).count() * 2 >= row.len()
}

/// Whether the last row is the rest of a cell in another column than the first.
fn ends_with_more_of_a_cell(run: &[Row]) -> bool {
    let [.., before, last] = run else {
        return false;
    };
    let (cell, first) = (&last[0].area, &run[0][0].area);
    let is_close = cell.top - before[0].area.bottom < cell.height() * 0.6;
    let is_below = before.iter().skip(1).any(|above| (above.area.left - cell.left).abs() < ALIGNED);
    is_close && is_below && cell.left > first.right
}

fn is_table(run: &[Row]) -> bool {
    let full: Vec<&Row> = run.iter().filter(|row| row.len() > 1).collect();
    if full.iter().any(|row| row.len() > MAX_COLUMNS) {
        return false;
    }
    let cells: Vec<&Cell> = full.iter().flat_map(|row| row.iter()).collect();
    let numbers = cells.iter().filter(|cell| cell.is_number()).count();
    let mut lengths: Vec<usize> = cells.iter().map(|cell| letters(&cell.text)).collect();
    lengths.sort_unstable();
    let median = lengths.get(lengths.len() / 2).copied().unwrap_or_default();
    let aligned = full.iter().enumerate().flat_map(|(index, row)| {
        let others: Vec<&&Row> = full[index.saturating_sub(3)..full.len().min(index + 4)].iter().collect();
        row.iter().skip(1).map(move |cell| {
            others.iter().filter(|other| other.iter().skip(1).any(|its| cell.is_aligned(its))).count() > 1
        })
    });
    let aligned: Vec<bool> = aligned.collect();
    let in_columns = aligned.iter().filter(|aligned| **aligned).count() * 10 >= aligned.len() * 6;
    let numeric = full.len() >= 2 && numbers * 5 >= cells.len() && median <= MAX_CELL_CHARS;
    let wordy = full.len() >= 3 && median <= MAX_WORDY_CELL_CHARS;
    let gaps: Vec<bool> = full
        .iter()
        .flat_map(|row| row.windows(2))
        .map(|pair| pair[1].area.left - pair[0].area.right > pair[0].area.height() * MIN_COLUMN_GAP)
        .collect();
    // Letters that were set one by one have no gaps.
    let apart = median < 3 || gaps.iter().filter(|apart| **apart).count() * 10 >= gaps.len() * 8;
    in_columns && apart && (numeric || wordy)
}

fn lines_of(run: &[Row]) -> Vec<(Area, String)> {
    let columns = columns(run);
    let (pitch, row_step) = (pitch(run), row_step(run, &columns));
    let mut lines: Vec<(Area, Vec<String>)> = Vec::new();
    let mut above = f32::MIN;
    for (index, row) in run.iter().enumerate() {
        let Some(area) = row.iter().map(|cell| cell.area).reduce(|area, cell| area.around(&cell)) else {
            continue;
        };
        let mut cells = vec![String::new(); columns.len().max(1)];
        for cell in row {
            let place = &mut cells[column_of(&columns, &cell.area)];
            if !place.is_empty() {
                place.push(' ');
            }
            place.push_str(&cell.text);
        }
        let is_near = !row.iter().any(Cell::is_number) && area.top - above < pitch * 1.1;
        // Rows of a group: their common values are in the first of them.
        let step = area.top - above;
        let is_full = columns.len() > 2 && cells[1..].iter().all(|cell| !cell.is_empty());
        // The names of columns may have several lines.
        let is_below_names = lines.iter().skip(1).any(|(_, cells)| !cells[0].is_empty());
        let is_far = step > row_step * NEARER && (is_full || step > row[0].area.height() * MAX_LINE_STEP);
        let is_row = is_below_names && is_far;
        let continues = cells[0].is_empty() && !is_row && (is_near || row.len() == 1 && is_rest(&run[..index], row));
        above = area.top;
        match lines.last_mut() {
            // The continuation in the next line of a cell.
            Some((whole, before)) if continues => {
                *whole = whole.around(&area);
                for (cell, more) in before.iter_mut().zip(cells).filter(|(_, more)| !more.is_empty()) {
                    cell.push_str(if cell.is_empty() { "" } else { " " });
                    cell.push_str(&more);
                }
            }
            _ => lines.push((area, cells)),
        }
    }
    lines.into_iter().map(|(area, cells)| (area, cells.join(" | ").trim_end_matches([' ', '|']).to_owned())).collect()
}

/// The middle distance from row to row.
fn pitch(run: &[Row]) -> f32 {
    let mut steps: Vec<f32> = run.windows(2).map(|pair| pair[1][0].area.top - pair[0][0].area.top).collect();
    steps.sort_by(f32::total_cmp);
    steps.get(steps.len() / 2).copied().unwrap_or(f32::MAX)
}

/// The smallest distance from row to row, as far as both have something in the first column.
fn row_step(run: &[Row], columns: &[(f32, f32)]) -> f32 {
    let begins = |row: &Row| column_of(columns, &row[0].area) == 0;
    let steps = run.windows(2).filter(|pair| begins(&pair[0]) && begins(&pair[1]));
    steps.map(|pair| pair[1][0].area.top - pair[0][0].area.top).fold(f32::MAX, f32::min)
}

/// Where the columns are, from the rows with the most cells.
fn columns(run: &[Row]) -> Vec<(f32, f32)> {
    let most = run.iter().map(Vec::len).max().unwrap_or_default();
    let mut spans: Vec<(f32, f32)> =
        run.iter().filter(|row| row.len() == most).flatten().map(|cell| (cell.area.left, cell.area.right)).collect();
    spans.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut columns: Vec<(f32, f32)> = Vec::new();
    for (left, right) in spans {
        match columns.last_mut() {
            Some(last) if left < last.1 => last.1 = last.1.max(right),
            _ => columns.push((left, right)),
        }
    }
    columns
}

/// The column that most of the cell is over, or the nearest.
fn column_of(columns: &[(f32, f32)], cell: &Area) -> usize {
    let common = |(left, right): &(f32, f32)| right.min(cell.right) - left.max(cell.left);
    let best = columns.iter().enumerate().max_by(|one, other| common(one.1).total_cmp(&common(other.1)));
    best.map_or(0, |(index, _)| index)
}
