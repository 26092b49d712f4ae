//! Content of slides besides plain text.

use collabry_shared::sources::Format;

use super::documents::container;
use super::extract;

/// The text of a presentation with one slide and one text box.
async fn text(paragraphs: &str) -> String {
    let shape = format!("<p:sp><p:txBody>{paragraphs}</p:txBody></p:sp>");
    let slide = format!("<p:sld xmlns:p=\"p\" xmlns:a=\"a\">{shape}</p:sld>");
    let list = "<p:presentation xmlns:p=\"p\" xmlns:r=\"r\"><p:sldIdLst><p:sldId id=\"256\" r:id=\"rId1\"/></p:sldIdLst></p:presentation>";
    let link = "<Relationships><Relationship Id=\"rId1\" Type=\"http://x/slide\" Target=\"slides/slide1.xml\"/></Relationships>";
    let file = container(&[
        ("ppt/presentation.xml", list),
        ("ppt/_rels/presentation.xml.rels", link),
        ("ppt/slides/slide1.xml", &slide),
    ]);
    extract(Format::Pptx, &file).await.unwrap().text
}

fn run(attributes: &str, properties: &str, text: &str) -> String {
    format!("<a:r><a:rPr {attributes}>{properties}</a:rPr><a:t>{text}</a:t></a:r>")
}

fn paragraph(runs: &[String]) -> String {
    format!("<a:p>{}</a:p>", runs.concat())
}

#[tokio::test]
async fn struck_text_says_so() {
    let body = paragraph(&[
        run("", "", "Was "),
        run("strike=\"sngStrike\"", "", "50"),
        run("strike=\"dblStrike\"", "", " euros"),
        run("strike=\"noStrike\"", "", " 70 euros"),
    ]);
    assert_eq!(text(&body).await, "Was ~~50 euros~~ 70 euros");
}

#[tokio::test]
async fn fonts_of_signs_show_signs() {
    let font = |tag: &str, name: &str| format!("<a:{tag} typeface=\"{name}\"/>");
    let body = paragraph(&[
        run("", &font("latin", "Wingdings"), "à"),
        run("", "", " leads to "),
        run("", &font("latin", "Symbol"), "m"),
        run("", &(font("latin", "Arial") + &font("sym", "Wingdings")), " à "),
        run("", &(font("latin", "Arial") + &font("sym", "Wingdings")), "voilà, il va à Paris "),
        run("", "", "\u{f0e0}"),
    ]);
    assert_eq!(text(&body).await, "→ leads to µ → voilà, il va à Paris →");
}
