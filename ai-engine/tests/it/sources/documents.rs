//! Small writers of Office files.

#![expect(clippy::format_push_string, clippy::format_collect, reason = "small files, plainly written")]

use std::io::{Cursor, Write as _};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// A zip container of the given parts.
pub fn container(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

const STYLES: &str = r#"<w:styles xmlns:w="w">
  <w:style w:styleId="Titel"><w:name w:val="Title"/></w:style>
  <w:style w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>
  <w:style w:styleId="berschrift2"><w:name w:val="heading 2"/></w:style>
</w:styles>"#;

/// A paragraph of a Word document.
pub fn paragraph(style: &str, text: &str) -> String {
    format!(r#"<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"#)
}

pub fn list_item(text: &str) -> String {
    let numbering = r#"<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>"#;
    format!("<w:p><w:pPr>{numbering}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>")
}

pub fn table(rows: &[&[&str]]) -> String {
    let cell = |text: &&str| format!("<w:tc>{}</w:tc>", paragraph("Normal", text));
    let row = |row: &&[&str]| format!("<w:tr>{}</w:tr>", row.iter().map(cell).collect::<String>());
    format!("<w:tbl>{}</w:tbl>", rows.iter().map(row).collect::<String>())
}

pub fn docx(body: &str) -> Vec<u8> {
    let document = format!(r#"<w:document xmlns:w="w" xmlns:mc="mc"><w:body>{body}</w:body></w:document>"#);
    container(&[("[Content_Types].xml", "<Types/>"), ("word/document.xml", &document), ("word/styles.xml", STYLES)])
}

/// Slides with a title, a body and notes. Their parts are numbered backwards, as after reordering.
pub fn pptx(slides: &[(&str, &str, &str)]) -> Vec<u8> {
    let count = slides.len();
    let mut parts = Vec::new();
    let (mut list, mut links) = (String::new(), String::new());
    for (index, (title, body, notes)) in slides.iter().enumerate() {
        let part = count - index;
        list += &format!(r#"<p:sldId id="{}" r:id="rId{part}"/>"#, 256 + index);
        links += &format!(r#"<Relationship Id="rId{part}" Type="http://x/slide" Target="slides/slide{part}.xml"/>"#);
        let shapes =
            [("", *body), (r#"type="title""#, *title), (r#"type="sldNum""#, "7")].map(|(kind, text)| shape(kind, text));
        parts.push((
            format!("ppt/slides/slide{part}.xml"),
            format!("<p:sld xmlns:p='p' xmlns:a='a'>{}</p:sld>", shapes.concat()),
        ));
        let link =
            format!(r#"<Relationship Id="rId1" Type="http://x/notesSlide" Target="../notesSlides/n{part}.xml"/>"#);
        parts
            .push((format!("ppt/slides/_rels/slide{part}.xml.rels"), format!("<Relationships>{link}</Relationships>")));
        let notes = shape(r#"type="body""#, notes);
        parts.push((
            format!("ppt/notesSlides/n{part}.xml"),
            format!("<p:notes xmlns:p='p' xmlns:a='a'>{notes}</p:notes>"),
        ));
    }
    parts.push((
        "ppt/presentation.xml".to_owned(),
        format!("<p:presentation xmlns:p='p' xmlns:r='r'><p:sldIdLst>{list}</p:sldIdLst></p:presentation>"),
    ));
    parts.push(("ppt/_rels/presentation.xml.rels".to_owned(), format!("<Relationships>{links}</Relationships>")));
    container(&parts.iter().map(|(name, content)| (name.as_str(), content.as_str())).collect::<Vec<_>>())
}

fn shape(kind: &str, text: &str) -> String {
    let paragraphs: String = text.lines().map(|line| format!("<a:p><a:r><a:t>{line}</a:t></a:r></a:p>")).collect();
    format!("<p:sp><p:nvSpPr><p:nvPr><p:ph {kind}/></p:nvPr></p:nvSpPr><p:txBody>{paragraphs}</p:txBody></p:sp>")
}

/// A workbook with the given XML of rows per sheet.
pub fn xlsx(sheets: &[(&str, &str)]) -> Vec<u8> {
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let mut parts = Vec::new();
    let (mut list, mut links) = (String::new(), String::new());
    for (index, (name, rows)) in sheets.iter().enumerate() {
        list += &format!(r#"<sheet name="{name}" sheetId="{0}" r:id="rId{0}"/>"#, index + 1);
        links += &format!(
            r#"<Relationship Id="rId{0}" Type="{office}/worksheet" Target="worksheets/sheet{0}.xml"/>"#,
            index + 1
        );
        let sheet = format!(r#"<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>"#);
        parts.push((format!("xl/worksheets/sheet{}.xml", index + 1), sheet));
    }
    parts.push((
        "_rels/.rels".to_owned(),
        format!(r#"<Relationships><Relationship Id="r" Type="{office}/officeDocument" Target="/xl/workbook.xml"/></Relationships>"#),
    ));
    let relationships = "http://schemas.openxmlformats.org/package/2006/relationships";
    parts.push((
        "xl/_rels/workbook.xml.rels".to_owned(),
        format!(r#"<Relationships xmlns="{relationships}">{links}</Relationships>"#),
    ));
    parts.push((
        "xl/workbook.xml".to_owned(),
        format!(r#"<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{list}</sheets></workbook>"#),
    ));
    container(&parts.iter().map(|(name, content)| (name.as_str(), content.as_str())).collect::<Vec<_>>())
}

/// A row of a sheet, counted from 1; what is a number stays one.
pub fn row(number: usize, cells: &[&str]) -> String {
    let cell = |(column, value): (usize, &&str)| {
        let name = format!("{}{number}", char::from(b'A' + u8::try_from(column).unwrap()));
        if value.parse::<f64>().is_ok() {
            format!(r#"<c r="{name}"><v>{value}</v></c>"#)
        } else {
            format!(r#"<c r="{name}" t="inlineStr"><is><t>{value}</t></is></c>"#)
        }
    };
    format!(r#"<row r="{number}">{}</row>"#, cells.iter().enumerate().map(cell).collect::<String>())
}

/// A run of a Word document, with properties.
pub fn run(properties: &str, inside: &str) -> String {
    format!("<w:r><w:rPr>{properties}</w:rPr>{inside}</w:r>")
}

/// A run with `text`.
pub fn words(text: &str) -> String {
    run("", &format!("<w:t xml:space=\"preserve\">{text}</w:t>"))
}

/// A paragraph of a Word document, of runs.
pub fn paragraph_of(inside: &str) -> String {
    format!("<w:p>{inside}</w:p>")
}
