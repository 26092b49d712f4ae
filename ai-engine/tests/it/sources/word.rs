//! What Word documents say in other ways than by plain text.

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
