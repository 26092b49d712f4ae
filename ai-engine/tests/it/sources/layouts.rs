//! Pages of PDFs on which the position of the words tells what belongs together.

use collabry_shared::sources::Format;

use super::extract;
use super::pdfs::placed;

async fn text(words: &[(f32, f32, f32, &str)]) -> String {
    extract(Format::Pdf, &placed(words)).await.unwrap().text
}

/// A table's rows in 10 point type, 18 points from one to the next; empty cells are left out.
fn rows<'a>(top: f32, lefts: &[f32], rows: &[&[&'a str]]) -> Vec<(f32, f32, f32, &'a str)> {
    let mut words = Vec::new();
    let mut y = top;
    for row in rows {
        let cells = lefts.iter().zip(*row).filter(|(_, text)| !text.is_empty());
        words.extend(cells.map(|(left, text)| (*left, y, 10.0, *text)));
        y -= 18.0;
    }
    words
}

const OFFICERS: &[&[&str]] = &[
    &["Region", "Town", "Mayor"],
    &["North", "Oslo", "Ann Berg"],
    &["", "Bergen", "Bob Lund"],
    &["", "", "Eve Dahl"],
    &["South", "Rome", "Cid Rossi"],
    &["", "Bari", "Dan Neri"],
];

#[tokio::test]
async fn rows_of_a_group_stay_rows() {
    let mut page = vec![(78.0, 752.0, 10.0, "The officers of the town are these persons:")];
    page.extend(rows(727.0, &[84.0, 204.0, 324.0], OFFICERS));
    let text = text(&page).await;
    let expected = "Region | Town | Mayor\nNorth | Oslo | Ann Berg\n | Bergen | Bob Lund\n |  | Eve Dahl\n\
                    South | Rome | Cid Rossi\n | Bari | Dan Neri";
    assert!(text.contains(expected), "{text}");
}

#[tokio::test]
async fn what_stands_below_a_table_is_no_part_of_its_last_cell() {
    let mut page = vec![(78.0, 752.0, 10.0, "The stations of the line are these ones:")];
    let stations: &[&[&str]] = &[
        &["No.", "Station", "Passengers"],
        &["1", "Station 1", "1,007"],
        &["2", "Station 2", "2,014"],
        &["3", "Station 3", "3,021"],
        &["4", "Station 4", "4,028"],
        &["5", "Station 5", "5,035"],
    ];
    page.extend(rows(727.0, &[84.0, 184.0, 284.0], stations));
    page.push((78.0, 622.0, 10.0, "The sentence after the table ends the report."));
    let text = text(&page).await;
    assert!(text.ends_with("5 | Station 5 | 5,035\n\nThe sentence after the table ends the report."), "{text}");
}

#[tokio::test]
async fn a_caption_between_two_tables_stays_there() {
    let one: &[&[&str]] = &[&["Name", "2021", "2022"], &["North", "5", "7"], &["South", "8", "9"]];
    let two: &[&[&str]] = &[&["Name", "2021", "2022"], &["East", "5", "7"], &["South", "8", "9"]];
    let lefts = [153.0, 253.0, 353.0];
    let mut page = vec![(78.0, 752.0, 10.0, "With lines there is this table here:")];
    page.extend(rows(725.0, &lefts, one));
    page.push((78.0, 650.0, 10.0, "Without lines there is this one:"));
    page.extend(rows(617.0, &lefts, two));
    let text = text(&page).await;
    let expected = "With lines there is this table here:\n\nName | 2021 | 2022\nNorth | 5 | 7\nSouth | 8 | 9\n\n\
                    Without lines there is this one:\n\nName | 2021 | 2022\nEast | 5 | 7\nSouth | 8 | 9";
    assert_eq!(text, expected);
}

#[tokio::test]
async fn a_large_first_letter_is_that_of_the_first_word() {
    let page = [
        (85.0, 770.0, 11.0, "he harbour was opened on Monday by the mayor"),
        (85.0, 756.0, 11.0, "of the town, and the bridge will be next."),
        (60.0, 742.0, 11.0, "It took three years and four million euros."),
        (60.0, 744.0, 36.0, "T"),
    ];
    let text = text(&page).await;
    assert!(text.starts_with("The harbour was opened on Monday"), "{text}");
    assert!(!text.contains("\nT"), "{text}");
}

#[tokio::test]
async fn names_of_columns_may_have_several_lines() {
    let mut page = vec![(78.0, 752.0, 10.0, "What the works may let out is this:")];
    let limits: &[&[&str]] = &[
        &["", "to air", "to water"],
        &["", "kg/year", "kg/year"],
        &["Methane", "100 000", "none"],
        &["Zinc", "200", "100"],
        &["Lead", "20", "50"],
    ];
    page.extend(rows(727.0, &[84.0, 204.0, 324.0], limits));
    let text = text(&page).await;
    assert!(text.contains(" | to air kg/year | to water kg/year\nMethane | 100 000 | none\n"), "{text}");
}

/// Capitals of Helvetica in 12 points with gaps of this many points between them, and thrice that between words.
fn spread(left: f32, y: f32, letters: &[&'static str], gap: f32) -> Vec<(f32, f32, f32, &'static str)> {
    let mut x = left;
    let mut placed = Vec::new();
    for letter in letters {
        let width = match *letter {
            " " => gap,
            "M" => 10.0,
            "O" => 9.34,
            "T" => 7.33,
            "A" | "P" | "E" | "S" | "Y" => 8.0,
            _ => 8.66,
        };
        if *letter != " " {
            placed.push((x, y, 12.0, *letter));
        }
        x += width + gap;
    }
    placed
}

#[tokio::test]
async fn letters_that_are_spread_are_words() {
    let mut page = spread(60.0, 780.0, &["C", "H", "A", "P", "T", "E", "R", " ", "O", "N", "E"], 4.0);
    page.push((60.0, 750.0, 11.0, "The first chapter says what a bridge is and who builds one."));
    // So far apart that each is a line, then a block of its own.
    page.extend(spread(60.0, 720.0, &["S", "U", "M", "M", "A", "R", "Y"], 9.0));
    page.push((60.0, 690.0, 11.0, "They say l e t t e r s p a c e d words, vitamins A C D E K and J. R. R. Marsh."));
    page.push((60.0, 660.0, 11.0, "a b c = d e f"));
    page.push((60.0, 630.0, 11.0, "A B C"));
    let expected = "CHAPTER ONE\n\nThe first chapter says what a bridge is and who builds one.\n\nSUMMARY\n\n\
                    They say letterspaced words, vitamins A C D E K and J. R. R. Marsh.\n\na b c = d e f\n\nA B C";
    assert_eq!(text(&page).await, expected);
}

#[tokio::test]
async fn letters_in_the_cells_of_a_table_stay_apart() {
    let table: &[&[&str]] = &[&["Team", "P", "A", "T"], &["North", "5", "7", "9"], &["South", "8", "9", "3"]];
    let text = text(&rows(700.0, &[60.0, 120.0, 136.0, 152.0], table)).await;
    assert!(!text.contains("PAT"), "{text}");
}

const MEANINGS: &[(&str, &[&str])] = &[
    (
        "Accrual",
        &["The recognition of income in the period to which it belongs, whether", "or not money has changed hands."],
    ),
    (
        "Break-even",
        &["The level of sales at which income covers all costs and nobody makes", "neither a profit nor a loss."],
    ),
    ("Equity", &["What belongs to the owners once all debts are paid."]),
    ("Hedge", &["A deal that makes up for the loss which another deal may bring to", "those who made it."]),
];

/// Terms at the left, their meanings beside them, with so much room between the entries.
fn terms(top: f32, room: f32, lift: f32) -> Vec<(f32, f32, f32, &'static str)> {
    let (mut page, mut y) = (Vec::new(), top);
    for (term, meaning) in MEANINGS {
        page.push((60.0, y - lift * f32::from(u8::try_from(meaning.len() - 1).unwrap()), 10.0, *term));
        for line in *meaning {
            page.push((180.0, y, 10.0, *line));
            y -= 12.0;
        }
        y -= room;
    }
    page
}

#[tokio::test]
async fn terms_stay_with_what_they_mean() {
    let expected: Vec<String> =
        MEANINGS.iter().map(|(term, meaning)| format!("{term} | {}", meaning.join(" "))).collect();
    // Close together, apart, and with the terms in the middle or at the foot of what they mean.
    for (room, lift) in [(0.0, 0.0), (7.0, 0.0), (7.0, 6.0), (7.0, 12.0)] {
        let mut page = vec![(60.0, 780.0, 14.0, "Glossary")];
        page.extend(terms(740.0, room, lift));
        assert_eq!(text(&page).await, format!("Glossary\n\n{}", expected.join("\n")), "{room} {lift}");
    }
}

#[tokio::test]
async fn numbers_of_clauses_are_no_terms() {
    let clauses: &[(&str, &[&str])] = &[
        (
            "1.",
            &[
                "The tenant pays the rent on the first day of each month, without any",
                "deduction for costs of his own.",
            ],
        ),
        (
            "2.",
            &[
                "The landlord keeps the house in good repair, and the tenant tells him",
                "of any damage that he sees in it.",
            ],
        ),
        ("3.", &["This contract ends when one of both says so three months before."]),
    ];
    let (mut page, mut y) = (Vec::new(), 780.0);
    for (number, lines) in clauses {
        page.push((60.0, y, 10.0, *number));
        for line in *lines {
            page.push((90.0, y, 10.0, *line));
            y -= 12.0;
        }
        y -= 6.0;
    }
    let text = text(&page).await;
    assert!(!text.contains('|'), "{text}");
}

#[tokio::test]
async fn notes_at_the_foot_keep_their_marks() {
    let page = [
        (60.0, 780.0, 10.0, "The bridge over the river was built by the firm of Brown and Sons, and"),
        (60.0, 768.0, 10.0, "the mayor of the town knew it, as he said in his speech of last year."),
        (60.0, 101.0, 5.0, "1"),
        (64.0, 98.0, 8.0, "It was built in 1873 and mended after the flood of the year 1901."),
        (60.0, 89.0, 5.0, "2"),
        (64.0, 86.0, 8.0, "Mr Green, who held the office until he died in the spring of 1999."),
    ];
    let text = text(&page).await;
    let notes =
        "\n\n¹ It was built in 1873 and mended after the flood of the year 1901.\n\n² Mr Green, who held the office";
    assert!(text.contains(notes), "{text}");
}
