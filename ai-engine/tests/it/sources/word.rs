//! Content of Word documents besides plain text.

use collabry_shared::sources::Format;

use super::documents::{container, docx};
use super::extract;

fn run(properties: &str, text: &str) -> String {
    format!("<w:r><w:rPr>{properties}</w:rPr><w:t xml:space=\"preserve\">{text}</w:t></w:r>")
}

fn paragraph(inside: &str) -> String {
    format!("<w:p>{inside}</w:p>")
}

fn cell(inside: &str) -> String {
    format!("<w:tc>{inside}</w:tc>")
}

async fn text(body: &str) -> String {
    extract(Format::Docx, &docx(body)).await.unwrap().text
}

#[tokio::test]
async fn a_whole_number_before_a_fraction_stays_one() {
    let run = |text: &str| format!("<m:r><m:t>{text}</m:t></m:r>");
    let fraction = |above, below| format!("<m:f><m:num>{}</m:num><m:den>{}</m:den></m:f>", run(above), run(below));
    let formula = |inside: String| format!("<m:oMath>{inside}</m:oMath>");
    let words = |text: &str| format!("<w:r><w:t xml:space=\"preserve\">{text}</w:t></w:r>");
    let raised =
        |text: &str, how: &str| format!("<w:r><w:rPr><w:vertAlign w:val=\"{how}\"/></w:rPr><w:t>{text}</w:t></w:r>");
    let root = format!("<m:rad><m:e>{}</m:e></m:rad>", run("a+b"));
    let carbon =
        format!("<m:sPre><m:sub>{}</m:sub><m:sup>{}</m:sup><m:e>{}</m:e></m:sPre>", run("6"), run("14"), run("C"));
    let paragraphs = [
        words("add 1") + &formula(fraction("1", "2")) + &words(" litres"),
        formula(run("2") + &fraction("1", "3")) + &words("3 cups"),
        formula(root + &fraction("x", "2y") + &run("z")),
        words("2") + &formula(carbon),
        words("2") + &raised("3", "superscript") + &words("/") + &raised("4", "subscript") + &words(" inch"),
    ];
    let body: String = paragraphs.map(|inside| format!("<w:p>{inside}</w:p>")).concat();
    let cell = format!("<w:p>{}{}</w:p>", words("3"), formula(fraction("1", "8")));
    let text = extract(Format::Docx, &docx(&format!("{body}<w:tbl><w:tr><w:tc>{cell}</w:tc></w:tr></w:tbl>"))).await;
    let text = text.unwrap().text;
    let expected = "add 1 1/2 litres\n\n2 1/3 3 cups\n\n√(a+b) x/(2y) z\n\n2 ¹⁴₆C\n\n2 3/4 inch\n\n3 1/8";
    assert_eq!(text, expected);
    let page = "<p>Add 2<sup>1</sup>&frasl;<sub>3</sub> cups; <math><mn>3</mn><mfrac><mn>1</mn><mn>4</mn></mfrac></math> kg</p>";
    assert_eq!(extract(Format::Html, page.as_bytes()).await.unwrap().text, "Add 2 1/3 cups; 3 1/4 kg");
}

#[tokio::test]
async fn one_of_many_is_bracketed_once() {
    let run = |text: &str| format!("<m:r><m:t>{text}</m:t></m:r>");
    let choice = format!(
        "<m:f><m:fPr><m:type m:val=\"noBar\"/></m:fPr><m:num>{}</m:num><m:den>{}</m:den></m:f>",
        run("n"),
        run("k")
    );
    let body = paragraph(&format!("<m:oMath>{}{choice}=<m:d><m:e>{choice}</m:e></m:d></m:oMath>", run("2")));
    assert_eq!(text(&body).await, "2(n choose k)(n choose k)");
}

#[tokio::test]
async fn a_number_is_all_that_a_cell_shows() {
    let numbering = "<w:numbering xmlns:w=\"w\"><w:abstractNum w:abstractNumId=\"0\"><w:lvl w:ilvl=\"0\"><w:start w:val=\"1\"/>\
        <w:numFmt w:val=\"decimal\"/><w:lvlText w:val=\"%1.\"/></w:lvl></w:abstractNum>\
        <w:num w:numId=\"1\"><w:abstractNumId w:val=\"0\"/></w:num></w:numbering>";
    let number = "<w:p><w:pPr><w:numPr><w:ilvl w:val=\"0\"/><w:numId w:val=\"1\"/></w:numPr></w:pPr></w:p>";
    let row = |task: &str| format!("<w:tr>{}{}</w:tr>", cell(number), cell(&paragraph(&run("", task))));
    let body = format!("<w:tbl>{}{}</w:tbl>", row("Sweep"), row("Paint"));
    let document = format!("<w:document xmlns:w=\"w\"><w:body>{body}</w:body></w:document>");
    let file = container(&[("word/document.xml", &document), ("word/numbering.xml", numbering)]);
    assert_eq!(extract(Format::Docx, &file).await.unwrap().text, "1. | Sweep\n2. | Paint");
}

#[tokio::test]
async fn fonts_of_signs_show_signs() {
    let font = |name: &str| format!("<w:rFonts w:ascii=\"{name}\" w:hAnsi=\"{name}\"/>");
    let body = paragraph(
        &[
            run("", "5 "),
            run(&font("Symbol"), "m"),
            run("", "m; "),
            run(&font("Wingdings"), "\u{fe}\u{a8}xo"),
            "<w:r><w:rPr><w:rFonts w:ascii=\"Symbol\"/></w:rPr><w:sym w:font=\"Symbol\" w:char=\"F06D\"/></w:r>"
                .to_owned(),
        ]
        .concat(),
    );
    assert_eq!(text(&body).await, "5 µm; ☑☐☒☐µ");
}

#[tokio::test]
async fn a_formula_of_the_old_kind_is_computed() {
    let mark = |kind: &str| format!("<w:r><w:fldChar w:fldCharType=\"{kind}\"/></w:r>");
    let code = |code: &str| format!("<w:r><w:instrText>{code}</w:instrText></w:r>");
    let field = [mark("begin"), code(" EQ \\f(5,"), code("8) "), mark("end")].concat();
    let page = [mark("begin"), code("PAGE"), mark("separate"), run("", "7"), mark("end")].concat();
    let body = paragraph(&[run("", "Use 1"), field, run("", " inch, page "), page].concat());
    assert_eq!(text(&body).await, "Use 1 5/8 inch, page 7");
}

#[tokio::test]
async fn text_that_is_not_shown_is_not_read_and_text_that_is_struck_says_so() {
    let body = paragraph(
        &[
            run("", "Pay "),
            run("<w:strike/>", "40"),
            run("<w:dstrike/>", " euro"),
            run("<w:strike w:val=\"0\"/>", " 55"),
            run("<w:vanish/>", " secret"),
            run("<w:vanish w:val=\"false\"/>", " shown"),
        ]
        .concat(),
    );
    let mark_only = paragraph(&format!("<w:pPr><w:rPr><w:vanish/></w:rPr></w:pPr>{}", run("", "Seen.")));
    assert_eq!(text(&(body + &mark_only)).await, "Pay ~~40 euro~~ 55 shown\n\nSeen.");
}

#[tokio::test]
async fn rows_of_a_table_in_a_cell_are_its_own() {
    let words = |text: &str| cell(&paragraph(&run("", text)));
    let inner = format!(
        "<w:tbl><w:tr>{}{}</w:tr><w:tr>{}{}</w:tr></w:tbl>",
        words("1"),
        words("2.50"),
        words("2"),
        words("3.50")
    );
    let body = format!("<w:tbl><w:tr>{}{}{}</w:tr></w:tbl>", words("Ferry"), cell(&inner), words("daily"));
    assert_eq!(text(&body).await, "Ferry | 1 / 2.50; 2 / 3.50 | daily");
}

#[tokio::test]
async fn notes_are_found_where_they_belong() {
    let refers = |tag: &str, id: u32| format!("<w:r><w:{tag}Reference w:id=\"{id}\"/></w:r>");
    let body = paragraph(
        &[
            run("", "The bridge"),
            refers("footnote", 3),
            run("", " opened"),
            refers("endnote", 2),
            run("", " in May"),
            refers("footnote", 2),
            run("", "."),
        ]
        .concat(),
    );
    let notes = |tag: &str, notes: &[(u32, &str)]| {
        let note = |(id, text): &(u32, &str)| format!("<w:{tag} w:id=\"{id}\">{}</w:{tag}>", paragraph(&run("", text)));
        format!("<w:{tag}s xmlns:w=\"w\">{}</w:{tag}s>", notes.iter().map(note).collect::<Vec<_>>().concat())
    };
    let document = format!("<w:document xmlns:w=\"w\"><w:body>{body}</w:body></w:document>");
    let file = container(&[
        ("word/document.xml", &document),
        ("word/footnotes.xml", &notes("footnote", &[(0, ""), (2, "On the 4th."), (3, "Of stone.")])),
        ("word/endnotes.xml", &notes("endnote", &[(2, "See the archive.")])),
    ]);
    let expected = "The bridge[1] opened[i] in May[2].\n\n[2] On the 4th.\n\n[1] Of stone.\n\n[i] See the archive.";
    assert_eq!(extract(Format::Docx, &file).await.unwrap().text, expected);
}
