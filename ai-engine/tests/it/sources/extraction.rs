//! The text of each format, and files that cannot be read.

use std::os::unix::fs::PermissionsExt as _;

use collabry_ai_engine::sources::{Document, Heading, Omitted};
use collabry_shared::sources::{FailureCode, Format, Unread};

use super::documents::{container, docx, list_item, paragraph, pptx, row, table, xlsx};
use super::pdfs::{arabic, encrypted, japanese, pdf, with_attachments};
use super::{config, extract, extract_with, extractor};

fn outline(document: &Document) -> Vec<(u8, &str)> {
    let at_their_place = |heading: &&Heading| document.text[heading.start..].contains(&heading.text);
    assert!(document.headings.iter().all(|heading| at_their_place(&heading)));
    document.headings.iter().map(|heading| (heading.level, heading.text.as_str())).collect()
}

fn page(document: &Document, number: usize) -> &str {
    let end = document.pages.get(number).map_or(document.text.len(), |next| next.start);
    document.text[document.pages[number - 1].start..end].trim_end()
}

#[tokio::test]
async fn a_pdf_keeps_its_pages_and_its_paragraphs_are_joined() {
    let file = pdf(
        "On rivers",
        &[
            vec![
                "A river carries a great deal of sedi-",
                "ment to the sea, and nobody can stop it.",
                "",
                "",
                "Second.",
            ],
            vec![],
            vec!["The third page."],
        ],
    );
    let document = extract(Format::Pdf, &file).await.unwrap();
    assert_eq!(document.title.as_deref(), Some("On rivers"));
    assert_eq!(document.pages.len(), 3);
    let first = "A river carries a great deal of sediment to the sea, and nobody can stop it.\n\nSecond.";
    assert_eq!([1, 2, 3].map(|number| page(&document, number)), [first, "", "The third page."]);
    assert_eq!(document.omitted, [Omitted { what: Unread::PagesWithoutText, count: 1, pages: vec![2] }]);
    let message = &document.not_read(Some(3))[0].message;
    assert!(message.starts_with("1 of 3 pages has no readable text"), "{message}");
}

#[tokio::test]
async fn pdfs_that_cannot_be_read_say_why() {
    assert_eq!(extract(Format::Pdf, &encrypted()).await, Err(FailureCode::Encrypted));
    let whole = pdf("", &vec![vec!["Some text that fills a line."; 40]; 20]);
    assert_eq!(extract(Format::Pdf, &whole[..whole.len() / 2]).await, Err(FailureCode::Damaged));
    assert_eq!(extract(Format::Pdf, &whole[..whole.len() - 8]).await, Err(FailureCode::Damaged));
    assert_eq!(extract(Format::Pdf, b"%PDF-1.7\nnothing else").await, Err(FailureCode::Damaged));
    assert_eq!(extract(Format::Pdf, &pdf("Scan", &[vec![], vec![]])).await, Err(FailureCode::NoText));
}

#[tokio::test]
async fn text_without_its_fonts_is_read_with_poppler_data() {
    let document = extract(Format::Pdf, &japanese()).await.unwrap();
    assert!(document.text.contains("Plain words") && document.text.contains("日本語の文書"), "{}", document.text);
    assert_eq!(document.omitted, []);
}

/// The programs' error is scripted, because poppler-data is installed.
#[tokio::test]
async fn without_poppler_data_nobody_is_told_half_of_a_document() {
    assert_eq!(without_poppler_data(&japanese(), "echo Plain words").await, Err(FailureCode::PdfLanguageMissing));
}

#[tokio::test]
async fn without_poppler_data_a_document_of_nothing_else_is_not_called_empty() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/samples/pdf-japanese.pdf");
    let page = "echo '<page width=\"595.000000\" height=\"842.000000\">'; echo '</page>'";
    let read = without_poppler_data(&std::fs::read(file).unwrap(), page).await;
    assert_eq!(read, Err(FailureCode::PdfLanguageMissing));
}

/// Reads it with a `pdftotext` that prints `says` and reports errors as the real one does.
async fn without_poppler_data(file: &[u8], says: &str) -> Result<Document, FailureCode> {
    let programs = tempfile::tempdir().unwrap();
    let complain = "echo \"Syntax Error: Missing language pack for 'Adobe-Japan1' mapping\" >&2";
    for (name, does) in [("pdfinfo", "echo 'Pages: 1'"), ("pdftotext", complain)] {
        let file = programs.path().join(name);
        std::fs::write(&file, format!("#!/bin/sh\n{does}\n{says}\n")).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!("{}:/usr/bin:/bin", programs.path().display());
    let lacking = extractor(collabry_shared::config::ExtractionConfig { path, ..config() });
    extract_with(&lacking, Format::Pdf, file).await
}

#[tokio::test]
async fn the_letters_of_one_glyph_stay_in_order_where_the_others_are_turned() {
    assert_eq!(extract(Format::Pdf, &arabic()).await.unwrap().text, "بلاد");
}

#[tokio::test]
async fn files_that_are_attached_to_a_pdf_are_said_not_to_be_read() {
    let document = extract(Format::Pdf, &with_attachments()).await.unwrap();
    assert_eq!((document.omitted[0].what, document.omitted[0].count), (Unread::EmbeddedFiles, 2));
}

#[tokio::test]
async fn what_office_files_hold_besides_text_is_counted() {
    let link = |id: u32, kind: &str, target: &str| {
        format!("<Relationship Id=\"r{id}\" Type=\"http://x/relationships/{kind}\" Target=\"{target}\"/>")
    };
    let links = [
        link(1, "image", "media/a.png"),
        link(2, "image", "media/a.png"),
        link(3, "chart", "charts/chart1.xml"),
        link(4, "diagramData", "diagrams/data1.xml"),
        link(5, "header", "header1.xml"),
        link(6, "footer", "footer1.xml"),
        link(7, "aFChunk", "chunk.mht"),
        link(8, "styles", "styles.xml"),
    ];
    let header = "<w:hdr xmlns:w=\"w\"><w:p><w:r><w:t>Contract no. KX-4711</w:t></w:r></w:p></w:hdr>";
    let file = container(&[
        (
            "word/document.xml",
            "<w:document xmlns:w=\"w\"><w:body><w:p><w:r><w:t>Our yards:</w:t></w:r></w:p></w:body></w:document>",
        ),
        ("word/_rels/document.xml.rels", &format!("<Relationships>{}</Relationships>", links.concat())),
        ("word/header1.xml", header),
        ("word/footer1.xml", "<w:ftr xmlns:w=\"w\"><w:p/></w:ftr>"),
    ]);
    let document = extract(Format::Docx, &file).await.unwrap();
    let seen: Vec<_> = document.omitted.iter().map(|omitted| (omitted.what, omitted.count)).collect();
    let one = |what| (what, 1);
    let all = [Unread::Pictures, Unread::Charts, Unread::Diagrams, Unread::EmbeddedFiles];
    assert_eq!(seen, all.map(one));
    assert_eq!(document.text, "Our yards:\n\nContract no. KX-4711");
}

/// A Word document with parts that it links to: the kind of the link, which is its id too, the part and its content.
fn docx_with(body: &str, parts: &[(&str, &str, &str)]) -> Vec<u8> {
    let link = |(kind, part, _): &(&str, &str, &str)| {
        format!("<Relationship Id=\"{kind}\" Type=\"http://x/relationships/{kind}\" Target=\"{part}\"/>")
    };
    let links: String = parts.iter().map(link).collect();
    let document =
        format!("<w:document xmlns:w=\"w\" xmlns:r=\"r\" xmlns:wp=\"wp\"><w:body>{body}</w:body></w:document>");
    let links = format!("<Relationships>{links}</Relationships>");
    let mut all = vec![("word/document.xml".to_owned(), document), ("word/_rels/document.xml.rels".to_owned(), links)];
    all.extend(parts.iter().map(|(_, part, content)| (format!("word/{part}"), (*content).to_owned())));
    container(&all.iter().map(|(name, content)| (name.as_str(), content.as_str())).collect::<Vec<_>>())
}

#[tokio::test]
async fn comments_name_their_authors_and_the_words_they_are_about() {
    let body = "<w:p><w:r><w:t>The fee is </w:t></w:r><w:commentRangeStart w:id=\"4\"/><w:r><w:t>ten pounds</w:t></w:r>\
                <w:commentRangeEnd w:id=\"4\"/><w:r><w:t>.</w:t></w:r></w:p>";
    let comments = "<w:comments xmlns:w=\"w\"><w:comment w:id=\"4\" w:author=\"Ada Marsh\" w:date=\"2026-05-01T10:00:00Z\">\
                    <w:p><w:r><w:t>Twelve since May.</w:t></w:r></w:p></w:comment></w:comments>";
    let document = extract(Format::Docx, &docx_with(body, &[("comments", "comments.xml", comments)])).await.unwrap();
    assert_eq!(
        document.text,
        "The fee is ten pounds.\n\nComment by Ada Marsh on “ten pounds”, 2026-05-01: Twelve since May."
    );
}

#[tokio::test]
async fn pictures_say_what_someone_wrote_about_them() {
    let picture =
        |said: &str| format!("<w:p><w:r><w:drawing><wp:docPr id=\"1\" descr=\"{said}\"/></w:drawing></w:r></w:p>");
    let body = format!("{}{}", picture("A walrus on the ice"), picture("IMG_0042.jpg"));
    let document = extract(Format::Docx, &docx_with(&body, &[])).await.unwrap();
    assert_eq!(document.text, "A walrus on the ice");
}

#[tokio::test]
async fn files_that_a_word_document_includes_are_read_where_they_stand() {
    let body =
        "<w:p><w:r><w:t>Before.</w:t></w:r></w:p><w:altChunk r:id=\"aFChunk\"/><w:p><w:r><w:t>After.</w:t></w:r></w:p>";
    let page = "<html><body><p>The walrus clause.</p></body></html>";
    let document = extract(Format::Docx, &docx_with(body, &[("aFChunk", "part.html", page)])).await.unwrap();
    assert_eq!((document.text.as_str(), document.omitted), ("Before.\n\nThe walrus clause.\n\nAfter.", vec![]));
    let text = docx_with(body, &[("aFChunk", "part.txt", "The größte clause.\nAnd another.")]);
    let document = extract(Format::Docx, &text).await.unwrap();
    let expected = "Before.\n\nThe größte clause.\nAnd another.\n\nAfter.";
    assert_eq!((document.text.as_str(), document.omitted), (expected, vec![]));
    let mht = docx_with(body, &[("aFChunk", "part.mht", "MIME-Version: 1.0")]);
    let document = extract(Format::Docx, &mht).await.unwrap();
    assert_eq!(document.omitted, [Omitted { what: Unread::EmbeddedFiles, count: 1, pages: vec![] }]);
}

#[tokio::test]
async fn a_pdf_of_ten_thousand_pages_is_refused() {
    let file = pdf("", &vec![vec!["x"]; 10_000]);
    assert_eq!(extract(Format::Pdf, &file).await, Err(FailureCode::TooManyPages));
}

#[tokio::test]
async fn a_word_document_keeps_its_structure() {
    let text_box = "<w:p><mc:AlternateContent><mc:Choice><w:p><w:r><w:t>boxed</w:t></w:r></w:p></mc:Choice>\
                    <mc:Fallback><w:p><w:r><w:t>boxed again</w:t></w:r></w:p></mc:Fallback></mc:AlternateContent></w:p>";
    let body = [
        paragraph("Titel", "On rivers"),
        paragraph("berschrift1", "Length &amp; depth"),
        paragraph("Normal", "Long &#8211; and deep."),
        list_item("one"),
        list_item("two"),
        paragraph("berschrift2", "Table"),
        table(&[&["River", "km"], &["Rhine", "1233"]]),
        text_box.to_owned(),
    ];
    let document = extract(Format::Docx, &docx(&body.concat())).await.unwrap();
    assert_eq!(document.title.as_deref(), Some("On rivers"));
    assert_eq!(
        document.text,
        "On rivers\n\nLength & depth\n\nLong – and deep.\n\n- one\n- two\n\nTable\n\nRiver | km\nRhine | 1233\n\nboxed"
    );
    assert_eq!(outline(&document), [(1, "On rivers"), (1, "Length & depth"), (2, "Table")]);
}

#[tokio::test]
async fn slides_are_pages_in_the_order_of_the_show() {
    let file = pptx(&[("First", "alpha\nbeta", "say hello"), ("Second", "gamma", "")]);
    let document = extract(Format::Pptx, &file).await.unwrap();
    assert_eq!(page(&document, 1), "First\n\nalpha\nbeta\n\nNotes: say hello");
    assert_eq!(page(&document, 2), "Second\n\ngamma");
    assert_eq!(outline(&document), [(1, "First"), (1, "Second")]);
}

#[tokio::test]
async fn sheets_are_pages_and_rows_stand_under_their_names() {
    let rivers =
        [row(1, &["River", "km"]), row(2, &["Rhine", "1233"]), row(3, &["Elbe", "0.30000000000000004"])].concat();
    // The last cell that a sheet can have: a grid up to there would not fit into any memory.
    let far = format!("{}<row r=\"1048576\"><c r=\"XFD1048576\"><v>1</v></c></row>", row(1, &["here"]));
    let document = extract(Format::Xlsx, &xlsx(&[("Rivers", &rivers), ("Far", &far)])).await.unwrap();
    assert_eq!(page(&document, 1), "Rivers\n\nRiver | km\nRhine | 1233\nElbe | 0.3");
    assert_eq!(page(&document, 2), "Far\n\nhere\n1");
    assert_eq!(outline(&document), [(1, "Rivers"), (1, "Far")]);
}

#[tokio::test]
async fn csv_rows_stand_under_their_names() {
    let (latin, ..) = encoding_rs::WINDOWS_1252.encode("Fluß;Länge\r\nMünd;12,5\r\nMoldaü;\"4;5\"\r\n");
    let document = extract(Format::Csv, &latin).await.unwrap();
    assert_eq!(document.text, "Fluß | Länge\nMünd | 12,5\nMoldaü | 4;5");
}

#[tokio::test]
async fn csv_is_read_though_its_quotation_marks_are_not_by_the_rules() {
    let text = async |file: &str| extract(Format::Csv, file.as_bytes()).await.unwrap().text;
    let escaped = text("id,comment,score\n1,\"She said \\\"great, thanks\\\"\",5\n2,\"ok\",3\n").await;
    assert_eq!(escaped, "id | comment | score\n1 | She said \"great, thanks\" | 5\n2 | ok | 3");
    let blanks = text("city, \"state, country\", pop\n\"Oslo\", \"Oslo, Norway\", 700000\n").await;
    assert_eq!(blanks, "city | state, country | pop\nOslo | Oslo, Norway | 700000");
    let lonely = text("id,size,name\n1,\"7 inch,Bolt\n2,8,Nut\n3,9,Cap\n").await;
    assert_eq!(lonely, "id | size | name\n1 | \"7 inch | Bolt\n2 | 8 | Nut\n3 | 9 | Cap");
    assert_eq!(text("A;1,5;2,5\nB;3,5;4,5\n").await, "A | 1,5 | 2,5\nB | 3,5 | 4,5");
}

#[tokio::test]
async fn a_web_page_becomes_its_main_part() {
    let html = "<!doctype html><title>Rivers of Europe</title><nav>Menu</nav><main><h1>Rivers</h1>\
                <p>They <b>flow</b>.</p><h2>Length</h2><p>Long.</p></main><footer>Imprint</footer>";
    let document = extract(Format::Html, html.as_bytes()).await.unwrap();
    assert_eq!(document.title.as_deref(), Some("Rivers of Europe"));
    assert_eq!(document.text, "# Rivers\n\nThey **flow**.\n\n## Length\n\nLong.");
    assert_eq!(outline(&document), [(1, "Rivers"), (2, "Length")]);
}

#[tokio::test]
async fn markdown_stays_as_it_is() {
    let markdown = "\u{feff}---\r\ntitle: x\r\n---\r\n# One\r\n\r\n```\r\n# not\r\n```\r\n";
    let document = extract(Format::Markdown, markdown.as_bytes()).await.unwrap();
    assert_eq!(document.text, "---\ntitle: x\n---\n# One\n\n```\n# not\n```\n");
    assert_eq!(outline(&document), [(1, "One")]);
    assert!(document.pages.is_empty());
}

#[tokio::test]
async fn what_only_programs_read_is_no_part_of_markdown() {
    let markdown = "Rivers\n======\n\n<!-- draft -->\n<div align=\"center\">Long <b>ones</b></div>\n\nSee [the list][1].\n\n\
                    [1]: https://example.org/rivers\n";
    let document = extract(Format::Markdown, markdown.as_bytes()).await.unwrap();
    let lines: Vec<&str> = document.text.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines, ["# Rivers", "Long **ones**", "See [the list](https://example.org/rivers)."]);
    assert_eq!(outline(&document), [(1, "Rivers")]);
}

#[tokio::test]
async fn text_of_other_encodings_is_read() {
    let utf16: Vec<u8> = "\u{feff}Grüße\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(extract(Format::Text, &utf16).await.unwrap().text, "Grüße\n");
    let (latin, ..) = encoding_rs::WINDOWS_1252.encode("Das Café am Fluß öffnet später.");
    assert_eq!(extract(Format::Text, &latin).await.unwrap().text, "Das Café am Fluß öffnet später.");
    let dos = b"Stra\xE1e und Br\x81cke: ge\x94ffnet f\x81r Fu\xE1g\x84nger, t\x84glich ab 7 Uhr.\r\n\x1A";
    let text = extract(Format::Text, dos).await.unwrap().text;
    assert_eq!(text, "Straße und Brücke: geöffnet für Fußgänger, täglich ab 7 Uhr.\n");
}

#[tokio::test]
async fn what_is_empty_or_something_else_is_refused() {
    assert_eq!(extract(Format::Text, b"").await, Err(FailureCode::Empty));
    assert_eq!(extract(Format::Text, b" \n\t").await, Err(FailureCode::NoText));
    assert_eq!(extract(Format::Text, b"MZ\x90\0\x03\0\0\0").await, Err(FailureCode::NotText));
    assert_eq!(extract(Format::Docx, &docx("")).await, Err(FailureCode::NoText));
    assert_eq!(extract(Format::Docx, &xlsx(&[("A", "")])).await, Err(FailureCode::Mislabelled));
    assert_eq!(extract(Format::Xlsx, &xlsx(&[("A", "")])).await, Err(FailureCode::NoText));
    assert_eq!(extract(Format::Pptx, b"PK\x03\x04 cut off").await, Err(FailureCode::Damaged));
    assert_eq!(extract(Format::Docx, b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1....").await, Err(FailureCode::Encrypted));
}

#[tokio::test]
async fn zip_bombs_are_not_unpacked() {
    let zeros = "0".repeat(64 * 1024 * 1024);
    let bomb = container(&[("word/document.xml", &zeros), ("xl/workbook.xml", &zeros)]);
    assert!(bomb.len() < 1024 * 1024);
    for format in [Format::Docx, Format::Xlsx] {
        assert_eq!(extract(format, &bomb).await, Err(FailureCode::ZipBomb));
    }
    let names: Vec<String> = (0..20_001).map(|n| format!("p{n}")).collect();
    let many = container(&names.iter().map(|name| (name.as_str(), "")).collect::<Vec<_>>());
    assert_eq!(extract(Format::Pptx, &many).await, Err(FailureCode::ZipBomb));
}

#[tokio::test]
async fn entities_of_a_document_do_not_grow() {
    let body = format!("<!DOCTYPE x [<!ENTITY a '{}'>]>", "a".repeat(1000))
        + &format!("<w:document xmlns:w='w'><w:p><w:r><w:t>x{}</w:t></w:r></w:p></w:document>", "&a;".repeat(100_000));
    let document = extract(Format::Docx, &container(&[("word/document.xml", &body)])).await.unwrap();
    assert_eq!(document.text, "x");
}

#[tokio::test]
async fn too_much_text_is_refused() {
    let extractor = extractor(collabry_shared::config::ExtractionConfig { max_text_bytes: 1000, ..config() });
    let long = "word ".repeat(1000);
    let page = vec!["A line of a page that is full of text."; 50];
    let files = [
        (Format::Text, long.clone().into_bytes()),
        (Format::Html, format!("<p>{long}").into_bytes()),
        (Format::Csv, long.replace(' ', "\n").into_bytes()),
        (Format::Docx, docx(&paragraph("Normal", &long))),
        (Format::Pdf, pdf("", &[page])),
    ];
    for (format, bytes) in files {
        assert_eq!(extract_with(&extractor, format, &bytes).await, Err(FailureCode::TooMuchText), "{format:?}");
    }
}

#[tokio::test]
async fn semicolons_are_found_between_decimal_commas() {
    let text = async |file: &str| extract(Format::Csv, file.as_bytes()).await.unwrap().text;
    let marked = text("sep=;\r\nOrt;Betrag;Datum\r\nKöln;1,50;02.05.2024\r\nBonn;2,75;03.05.2024\r\n").await;
    assert_eq!(marked, "Ort | Betrag | Datum\nKöln | 1,50 | 02.05.2024\nBonn | 2,75 | 03.05.2024");
    let titled =
        "Report;;;\nPeriod: 1.1., 2.1., 3.1.;;;\nDatum;Text;Betrag\n01.01.;Miete, Strom;-12,00\n02.01.;Lohn;3,50";
    assert!(text(titled).await.contains("01.01. | Miete, Strom | -12,00\n02.01. | Lohn | 3,50"));
}
