//! Small files, each with one thing that readers easily get wrong: what must be in their text, and what must not.

use std::path::Path;

use collabry_ai_engine::sources::Document;
use collabry_shared::sources::{FailureCode, Format, Unread};

use super::extract;

async fn read(name: &str) -> Result<Document, FailureCode> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples").join(name);
    let format = match path.extension().and_then(|ending| ending.to_str()) {
        Some("pdf") => Format::Pdf,
        Some("docx") => Format::Docx,
        Some("pptx") => Format::Pptx,
        Some("xlsx") => Format::Xlsx,
        Some("csv") => Format::Csv,
        Some("html") => Format::Html,
        _ => Format::Text,
    };
    extract(format, &std::fs::read(&path).unwrap()).await
}

/// A file, what its text contains, and what it does not contain.
type Sample = (&'static str, &'static [&'static str], &'static [&'static str]);

async fn check(samples: &[Sample]) {
    let mut wrong = Vec::new();
    for (name, says, says_not) in samples {
        let text = match read(name).await {
            Ok(document) => document.text,
            Err(code) => format!("refused: {}", code.code()),
        };
        wrong.extend(
            says.iter().filter(|part| !text.contains(*part)).map(|part| format!("{name} lacks {part:?}: {text}")),
        );
        wrong.extend(
            says_not.iter().filter(|part| text.contains(*part)).map(|part| format!("{name} has {part:?}: {text}")),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[tokio::test]
async fn pdfs() {
    check(&[
        (
            "pdf-table.pdf",
            &["Harbour | 1912 | 14 m | 18,300\nMarket | 1931 | 22 m | 41,950\n", "27,480\n\nAll figures are for"],
            &[],
        ),
        ("pdf-numbered-headings.pdf", &["Step 1", "Step 2", "Step 3", "Step 4"], &[]),
        ("pdf-document-name-in-running-head.pdf", &["Operating manual for pump model Triton 40"], &[]),
        ("pdf-single-short-last-line.pdf", &["The rare orchid was found only here."], &[]),
        (
            "pdf-double-spaced-lines.pdf",
            &["of the harbour crane", "whose foundations are said", "and the treasurer asked"],
            &[],
        ),
        ("pdf-contents-list.pdf", &["1 Purpose and scope … 1\n2 Words and their meaning … 3\n"], &[". ."]),
        ("pdf-invisible-direction-marks.pdf", &["שלום עולם"], &["\u{202a}", "\u{202b}", "\u{202c}"]),
        ("pdf-ligature-characters.pdf", &["the office finally confirmed the flood and the staff left."], &[]),
        ("pdf-japanese.pdf", &["橋は月曜日から通れます。"], &["?", "\u{fffd}"]),
        ("pdf-japanese-part.pdf", &["Notice 12", "橋は月曜日から通れます。", "City works"], &[]),
        (
            "pdf-second-table.pdf",
            &["3 | 4.50 | 2.20\n\nSource: the office.", "Second heading\n\nZone | Bike\n1 | 1.00\n2 | 1.50\n\nBikes travel"],
            &[],
        ),
        (
            "pdf-wrapped-cells.pdf",
            &[
                "Part | What it does | Price\nPump P-1 | Lifts water from the hold and runs on the battery of the boat for up to \
                 nine hours without a pause | 120.00\nWinch W-2 | Pulls the boat ashore | 350.00\nLamp L-3 | Shows the way at night",
                "clear and dry | 45.00\n\nAll prices",
            ],
            &[],
        ),
        (
            "pdf-table-over-pages.pdf",
            &["Station | Opened | Depth | Riders\nStop110 | 2010", "Stop119 | 2019 | 119 m | 1,833\n\nSource: the office."],
            &[],
        ),
        ("pdf-form-boxes.pdf", &["Name: | Ada Marsh", "☒ Member", "☐ Guest", "☒ Insured"], &[]),
        ("pdf-note.pdf", &["The harbour plan.\n\nComment: Ask the harbour master."], &[]),
        ("pdf-xfa-placeholder.pdf", &["refused: dynamic_form"], &[]),
        ("pdf-certificate-encryption.pdf", &["refused: encrypted"], &[]),
    ])
    .await;
    let text = read("pdf-rows-of-numbers.pdf").await.unwrap().text;
    let missing: Vec<i32> = (1900..1940).filter(|year| !text.contains(&year.to_string())).collect();
    assert_eq!(missing, [0; 0]);
    let scanned = read("pdf-scanned-pages-empty.pdf").await.unwrap();
    assert_eq!((scanned.omitted[0].what, scanned.omitted[0].pages.as_slice()), (Unread::PagesWithoutText, &[2, 3][..]));
}

#[tokio::test]
async fn pictures_of_pdfs_are_said_not_to_be_read() {
    let document = read("pdf-picture.pdf").await.unwrap();
    assert_eq!((document.omitted[0].what, document.omitted[0].pages.as_slice()), (Unread::Pictures, &[1][..]));
}

#[tokio::test]
async fn workbooks() {
    check(&[
        (
            "xlsx-times-and-fractions.xlsx",
            &[
                "Job | Spent | Exact | Width | Cells\nHull | 30:15 | 30:15:00 | 2 3/8 | 1.23E+06\n\
                 Mast | 8:00 | 1:30:00 | 1/2 | 9.88E+04",
                "Port | Jan-24 | Feb-24\nBremen | 11 | 12",
            ],
            &[],
        ),
        (
            "xlsx-percent-and-currency.xlsx",
            &[
                "Item | Discount | Price | Code | Share\nLamp | 2.5% | 1,599.50 € | 00742 | 33%\n",
                "Desk | 50.0% | -20.00 € | 00081 | 100%",
            ],
            &[],
        ),
        (
            "xlsx-second-table.xlsx",
            &["Product | Stock\nNails | 300\n", "\n\nEmployee | Holiday days\nAnn | 28\nBob | 30"],
            &[],
        ),
        ("xlsx-form.xlsx", &["Company | Rivertown Mills", "Phone | 555 0100"], &["Mills: 555"]),
        (
            "xlsx-merged-header.xlsx",
            &["Site | Electricity kWh | Electricity Cost | Gas kWh | Gas Cost\nPlant 1 | 100 | 20 | 50 | 9"],
            &[],
        ),
        ("xlsx-year-header.xlsx", &["Region | 2022 | 2023 | 2024\nNorth | 10.5 | 11 | 12.25"], &[]),
        ("xlsx-formula-without-value.xlsx", &["Item | Amount\n", "\nTotal | =SUM(B2:B3)"], &[]),
        ("xlsx-backslash-names.xlsx", &["Name | Age\nAnn | 31"], &[]),
    ])
    .await;
}

#[tokio::test]
async fn tables_of_text() {
    check(&[
        (
            "csv-title-above-semicolons.csv",
            &["Account statement of May 2024\n", "Date | Payee | Amount\n2024-05-02 | Rivertown Mills | -120,50"],
            &[],
        ),
        ("csv-without-names.csv", &["Ann Miller | Oslo | nurse\nBob Stone | Bonn | baker\n"], &[]),
    ])
    .await;
    let name = "a very long name that explains what is in the column ".repeat(10);
    let names: Vec<String> = (0..60).map(|column| format!("{column} {name}")).collect();
    let file = format!("{}\n{}", names.join(","), format!("{}\n", ["7"; 60].join(",")).repeat(700));
    let text = extract(Format::Csv, file.as_bytes()).await.unwrap().text;
    assert!(text.len() < file.len() * 4, "{} bytes of {}", text.len(), file.len());
}

#[tokio::test]
async fn word_documents() {
    check(&[
        ("docx-math.docx", &["The dose is 1/2 mg per kg", "3·10⁻⁴ mol; the side is √2 m."], &[]),
        ("docx-superscript.docx", &["10⁶ km", "500 m²", "CO₂ fell by 2³ units"], &[]),
        (
            "docx-numbering.docx",
            &[
                "Article 1 Scope",
                "Article 2 Fees\n\nd) The fee is due in March.\n  (i) for members\n  (ii) for guests",
                "\ne) Late payment",
            ],
            &[],
        ),
        (
            "docx-table-merged-cells.docx",
            &[
                "North | no data | no data | 7 %\nSouth | 3 % | 4 % | 5 %\nSouth | 13 % | 14 % | 15 %\n",
                "\n |  | 9 % | 10 %",
            ],
            &[],
        ),
        ("docx-checkbox-and-symbol.docx", &["☒ I agree", "☐ I want", "21 °C, tolerance ±2, ≤ 5 kg"], &[]),
        (
            "docx-header-footer.docx",
            &["Contract no. KX-4711 — confidential", "Supplier: Rivertown Mills Ltd, VAT GB 123"],
            &[],
        ),
        (
            "docx-smartart.docx",
            &["Who runs the club\n\nChair: Ms Okafor\nTreasurer: Mr Lindqvist\nSecretary: Dr Haddad\n\nElected in March."],
            &[],
        ),
        (
            "docx-text-chunk.docx",
            &["Minutes of the club.\n\nPresent were nine members – and a dog.", "The fee stays at 12 €.\n\nSigned by the chair."],
            &["\r"],
        ),
        (
            "docx-chart.docx",
            &["Ships built per year\nBar chart\n | Harbour A | Harbour B\n2021 | 14 | 8\n2022 | 19 | 31"],
            &[],
        ),
    ])
    .await;
    let text = read("docx-same-headers.docx").await.unwrap().text;
    assert_eq!(
        text, "The goods arrive in May.\n\nContract no. KX-4711\n\nSupplier: Rivertown Mills Ltd\n\nFirst page only",
        "what stands in several headers is said once"
    );
}

#[tokio::test]
async fn slides() {
    check(&[
        ("pptx-table-empty-first-cell.pptx", &[" | Pass | Fail\nUnit | 120 | 3\n | 7 | 1\nLoad |  | 2"], &[]),
        ("pptx-table-line-break-in-cell.pptx", &["Red | Ann Bob | Oslo\n"], &[]),
        (
            "pptx-chart.pptx",
            &["Harbours\n\nShips built per year\nBar chart\n | Harbour A | Harbour B\n2021 | 14 | 8\n2022 | 19 | 31"],
            &[],
        ),
        ("pptx-smartart.pptx", &["Our board\n\nChair: Ms Okafor\nTreasurer: Mr Lindqvist\nSecretary: Dr Haddad"], &[]),
    ])
    .await;
}

#[tokio::test]
async fn web_pages() {
    check(&[
        ("html-page-inside-form.html", &["# Ferry timetable\n\nThe ferry leaves Pier 3 at 7:40 on workdays."], &[]),
        (
            "html-furniture.html",
            &["# New bridge opened\n\nThe mayor", "\n\nSome four thousand", "\n\nThe old bridge"],
            &["842 partners", "Politics", "rhubarb", "Bob: first!", "Subscribe"],
        ),
        (
            "html-table-without-header-cells.html",
            &["| Monday | 8:00 | 16:30 |\n| Tuesday | closed |", "| Friday | 9:15 | 12:00 |"],
            &[],
        ),
        (
            "html-rowspan.html",
            &["| 2024 | Q2 | 150 | 101 |\n| 2025 | not yet known | not yet known | 90 |\n| 2025 | Q2 | 170 | 95 |"],
            &[],
        ),
        (
            "html-question-in-button.html",
            &["## How do I return a bicycle?\n\nLock it", "## What does a day cost?\n\nFour euro."],
            &[],
        ),
        ("html-ruby.html", &["東京の天気は晴れです。"], &[]),
    ])
    .await;
    let cell = "a long cell with many words in it ".repeat(60);
    let rows = "<tr><td>1</td><td>x</td></tr>".repeat(2_000);
    let file =
        format!("<table><tr><th>No</th><th>Note</th></tr><tr><td>0</td><td rowspan=900>{cell}</td></tr>{rows}</table>");
    let text = extract(Format::Html, file.as_bytes()).await.unwrap().text;
    assert!(text.len() < file.len() * 2 && !text.contains("    "), "{} bytes of {}", text.len(), file.len());
    let deep = format!("<main>{}deep{} end", "<div>".repeat(10_000), "</div>".repeat(10_000));
    assert_eq!(extract(Format::Html, deep.as_bytes()).await.unwrap().text, "deep\n\nend");
    let math = "<p>10<sup>6</sup> of H<sub>2</sub>O, <math><mfrac><mn>1</mn><mn>2</mn></mfrac></math></p>";
    assert_eq!(extract(Format::Html, math.as_bytes()).await.unwrap().text, "10⁶ of H₂O, 1/2");
}

#[tokio::test]
async fn encodings() {
    check(&[
        ("txt-utf16-without-mark.txt", &["Мост открыт с понедельника, сказал мэр. The bridge is open."], &["\u{0}"]),
        ("txt-iso-2022-jp.txt", &["会議の記録", "橋は月曜日から通れます、と市長は言いました。"], &[]),
        ("txt-one-bad-byte.txt", &["Grüße aus Köln – die Brücke ist geöffnet."], &[]),
    ])
    .await;
}
