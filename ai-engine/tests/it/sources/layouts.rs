//! Pages of PDFs on which the place of the words says what belongs together.

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
