//! Workbooks with cells, looks and sheets of kinds that the reader of sheets does not know.

use collabry_shared::sources::Format;

use super::documents::{container, row, xlsx};
use super::extract;

async fn text(file: &[u8]) -> String {
    match extract(Format::Xlsx, file).await {
        Ok(document) => document.text,
        Err(code) => format!("refused: {}", code.code()),
    }
}

#[tokio::test]
async fn one_odd_cell_does_not_spoil_the_others() {
    let cells = [
        r#"<row r="1"><c r="A1" t="inlineStr"><is><t>Total</t></is></c><c r="B1" t="e"><v>#SPILL!</v></c></row>"#,
        r#"<row r="2"><c r="A2" t="inlineStr"><is><t>Mean</t></is></c><c r="B2" t="e"><f>A()</f><v>Err:522</v></c></row>"#,
        r#"<row r="3"><c r="A3" t="inlineStr"><is><t>Name</t></is></c><c r="B3" t="s"><v>77</v></c></row>"#,
        r#"<row r="4"><c r="A4" t="inlineStr"><is><t>Open</t></is></c><c r="B4" t="b"><v>maybe</v></c></row>"#,
    ];
    let rows = cells.concat() + &row(5, &["Fee", "70"]);
    assert_eq!(text(&xlsx(&[("A", &rows)])).await, "A\n\nTotal | #SPILL!\nMean | Err:522\nName\nOpen\nFee | 70");
}

#[tokio::test]
async fn raised_and_struck_words_of_cells_are_told_apart() {
    let run = |look: &str, text: &str| format!("<r><rPr>{look}</rPr><t xml:space='preserve'>{text}</t></r>");
    let runs = [run("", "10"), run("<vertAlign val='superscript'/>", "6"), run("", " km, "), run("<strike/>", "50")];
    let rows = format!(r#"<row r="1"><c r="A1" t="inlineStr"><is>{}</is></c></row>"#, runs.concat());
    assert_eq!(text(&xlsx(&[("A", &rows)])).await, "A\n\n10⁶ km, ~~50~~");
}

#[tokio::test]
async fn empty_cells_keep_the_places_of_the_others() {
    let cells = |number: usize, cells: &[(&str, &str)]| {
        let cell = |(column, text): &(&str, &str)| {
            format!(r#"<c r="{column}{number}" t="inlineStr"><is><t>{text}</t></is></c>"#)
        };
        format!(r#"<row r="{number}">{}</row>"#, cells.iter().map(cell).collect::<Vec<_>>().concat())
    };
    let rows =
        cells(1, &[("A", "Mon"), ("B", "Ann"), ("C", "Bob")]) + &cells(2, &[("A", "Tue"), ("C", "Cid"), ("D", "Dan")]);
    assert_eq!(text(&xlsx(&[("Plan", &rows)])).await, "Plan\n\nMon | Ann | Bob\nTue |  | Cid | Dan");
}

#[tokio::test]
async fn chart_sheets_are_pages() {
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let links = |links: &[(&str, &str)]| {
        let link = |(place, (kind, target)): (usize, &(&str, &str))| {
            format!(r#"<Relationship Id="rId{}" Type="{office}/{kind}" Target="{target}"/>"#, place + 1)
        };
        let links: Vec<String> = links.iter().enumerate().map(link).collect();
        format!(
            r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>"#,
            links.concat()
        )
    };
    let sheet = format!(r#"<worksheet xmlns="{main}"><sheetData>{}</sheetData></worksheet>"#, row(1, &["Ships"]));
    let sheets = r#"<sheet name="Data" sheetId="1" r:id="rId1"/><sheet name="Graph" sheetId="2" r:id="rId2"/>"#;
    let chart =
        "<c:chart xmlns:c='c' xmlns:a='a'><c:title><a:p><a:r><a:t>Ships per year</a:t></a:r></a:p></c:title></c:chart>";
    let file = container(&[
        ("_rels/.rels", &links(&[("officeDocument", "xl/workbook.xml")])),
        (
            "xl/workbook.xml",
            &format!(r#"<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{sheets}</sheets></workbook>"#),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            &links(&[("worksheet", "worksheets/sheet1.xml"), ("chartsheet", "chartsheets/sheet1.xml")]),
        ),
        ("xl/worksheets/sheet1.xml", &sheet),
        (
            "xl/chartsheets/sheet1.xml",
            &format!(r#"<chartsheet xmlns="{main}" xmlns:r="{office}"><drawing r:id="rId1"/></chartsheet>"#),
        ),
        ("xl/chartsheets/_rels/sheet1.xml.rels", &links(&[("drawing", "../drawings/drawing1.xml")])),
        ("xl/drawings/drawing1.xml", "<xdr:wsDr xmlns:xdr='x'/>"),
        ("xl/drawings/_rels/drawing1.xml.rels", &links(&[("chart", "../charts/chart1.xml")])),
        ("xl/charts/chart1.xml", chart),
    ]);
    assert_eq!(text(&file).await, "Data\n\nShips\n\nGraph\n\nShips per year");
}

/// A workbook with this sheet of data, formats of its cells, and a chart on a sheet of its own or on that of the data.
fn charted(rows: &str, formats: &[&str], chart: &str, is_sheet: bool) -> Vec<u8> {
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let links = |links: &[(&str, &str)]| {
        let link = |(place, (kind, target)): (usize, &(&str, &str))| {
            format!(r#"<Relationship Id="rId{}" Type="{office}/{kind}" Target="{target}"/>"#, place + 1)
        };
        let links: Vec<String> = links.iter().enumerate().map(link).collect();
        let namespace = "http://schemas.openxmlformats.org/package/2006/relationships";
        format!(r#"<Relationships xmlns="{namespace}">{}</Relationships>"#, links.concat())
    };
    let formats: Vec<(usize, &&str)> = formats.iter().enumerate().collect();
    let codes = |(at, code): &(usize, &&str)| format!(r#"<numFmt numFmtId="{}" formatCode="{code}"/>"#, 170 + at);
    let looks = |(at, _): &(usize, &&str)| format!(r#"<xf numFmtId="{}" applyNumberFormat="1"/>"#, 170 + at);
    let styles = format!(
        r#"<styleSheet xmlns="{main}"><numFmts>{}</numFmts><cellXfs><xf numFmtId="0"/>{}</cellXfs></styleSheet>"#,
        formats.iter().map(codes).collect::<Vec<_>>().concat(),
        formats.iter().map(looks).collect::<Vec<_>>().concat(),
    );
    let drawing = r#"<drawing r:id="rId1"/>"#;
    let on_data = if is_sheet { "" } else { drawing };
    let chart_sheet = r#"<sheet name="Graph" sheetId="2" r:id="rId2"/>"#;
    let sheets =
        format!(r#"<sheet name="Old data" sheetId="1" r:id="rId1"/>{}"#, if is_sheet { chart_sheet } else { "" });
    let drawn = links(&[("drawing", "../drawings/drawing1.xml")]);
    let rels = if is_sheet { "xl/chartsheets/_rels/sheet1.xml.rels" } else { "xl/worksheets/_rels/sheet1.xml.rels" };
    container(&[
        ("_rels/.rels", &links(&[("officeDocument", "xl/workbook.xml")])),
        (
            "xl/workbook.xml",
            &format!(r#"<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{sheets}</sheets></workbook>"#),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            &links(&[
                ("worksheet", "worksheets/sheet1.xml"),
                ("chartsheet", "chartsheets/sheet1.xml"),
                ("styles", "styles.xml"),
            ]),
        ),
        ("xl/styles.xml", &styles),
        (
            "xl/worksheets/sheet1.xml",
            &format!(
                r#"<worksheet xmlns="{main}" xmlns:r="{office}"><sheetData>{rows}</sheetData>{on_data}</worksheet>"#
            ),
        ),
        (
            "xl/chartsheets/sheet1.xml",
            &format!(r#"<chartsheet xmlns="{main}" xmlns:r="{office}">{drawing}</chartsheet>"#),
        ),
        (rels, &drawn),
        ("xl/drawings/drawing1.xml", "<xdr:wsDr xmlns:xdr='x'/>"),
        ("xl/drawings/_rels/drawing1.xml.rels", &links(&[("chart", "../charts/chart1.xml")])),
        ("xl/charts/chart1.xml", chart),
    ])
}

#[tokio::test]
async fn charts_show_numbers_as_their_cells_do() {
    let cells = [(2, 45292, "0.25"), (3, 45323, "0.5")];
    let row = |(row, day, share): &(u32, u32, &str)| {
        format!(r#"<row r="{row}"><c r="A{row}" s="1"><v>{day}</v></c><c r="B{row}" s="2"><v>{share}</v></c></row>"#)
    };
    let rows: String = cells.iter().map(row).collect::<Vec<_>>().concat();
    let copy = |column: &str, format: &str, values: [&str; 2]| {
        format!(
            "<c:numRef><c:f>'Old data'!${column}$2:${column}$3</c:f><c:numCache>{format}<c:pt idx='0'><c:v>{}</c:v></c:pt>\
             <c:pt idx='1'><c:v>{}</c:v></c:pt></c:numCache></c:numRef>",
            values[0], values[1]
        )
    };
    for format in ["", "<c:formatCode>General</c:formatCode>"] {
        let chart = format!(
            "<c:chartSpace xmlns:c='c' xmlns:a='a'><c:pivotSource><c:name>x</c:name></c:pivotSource><c:chart><c:lineChart>\
             <c:ser><c:cat>{}</c:cat><c:val>{}</c:val></c:ser></c:lineChart></c:chart></c:chartSpace>",
            copy("A", format, ["45292", "45323"]),
            copy("B", format, ["0.25", "0.5"]),
        );
        for is_sheet in [false, true] {
            let text = text(&charted(&rows, &["d/m/yyyy", "0%"], &chart, is_sheet)).await;
            let shown = "Line chart\n2024-01-01 | 25%\n2024-02-01 | 50%";
            assert!(text.ends_with(shown), "{is_sheet} {format}: {text}");
        }
    }
    let money = format!(
        "<c:chartSpace xmlns:c='c'><c:chart><c:ser><c:val>{}</c:val></c:ser></c:chart></c:chartSpace>",
        copy("B", "", ["1250", "2000"])
    );
    let rows = r#"<row r="3"><c r="B3" s="1"><v>2000</v></c></row>"#;
    let text = text(&charted(rows, &["#,##0.00\\ [$€-407]"], &money, false)).await;
    assert!(text.ends_with("1,250.00 €\n2,000.00 €"), "{text}");
}
