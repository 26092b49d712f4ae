//! Content around the text of Word documents: headers, footers, comments.

use collabry_shared::sources::Format;

use super::documents::{container, paragraph_of, run, words};
use super::extract;

/// The text of a document with the body "Body." and this part.
async fn beside(kind: &str, part: &str) -> String {
    let link = format!("<Relationship Id=\"r1\" Type=\"http://x/{kind}\" Target=\"{kind}1.xml\"/>");
    let body = paragraph_of(
        &["<w:commentRangeStart w:id=\"1\"/>".to_owned(), words("Body."), "<w:commentRangeEnd w:id=\"1\"/>".to_owned()]
            .concat(),
    );
    let file = container(&[
        ("word/document.xml", &format!("<w:document xmlns:w=\"w\"><w:body>{body}</w:body></w:document>")),
        ("word/_rels/document.xml.rels", &format!("<Relationships>{link}</Relationships>")),
        (&format!("word/{kind}1.xml"), part),
    ]);
    let text = extract(Format::Docx, &file).await.unwrap().text;
    text.strip_prefix("Body.").unwrap().trim_start().to_owned()
}

const RAISED: &str = "<w:vertAlign w:val=\"superscript\"/>";

fn range() -> String {
    [
        words("Tolerance "),
        run("", "<w:sym w:font=\"Symbol\" w:char=\"F0B1\"/>"),
        words("5 mm, 10"),
        run(RAISED, "<w:t>6</w:t>"),
        words(" cycles"),
        run("<w:vanish/>", "<w:t> secret</w:t>"),
        "<w:del>".to_owned() + &run("", "<w:delText>old</w:delText><w:tab/>") + "</w:del>",
    ]
    .concat()
}

#[tokio::test]
async fn headers_are_read_like_the_text() {
    let tabs = [
        words("Rivertown Mills Ltd"),
        run("", "<w:tab/>"),
        words("KX-4711"),
        run("", "<w:ptab w:alignment=\"right\"/>"),
        words("Rev. 2"),
    ];
    let cell = |text: &str| format!("<w:tc>{}</w:tc>", paragraph_of(&words(text)));
    let row = |cells: [&str; 2]| format!("<w:tr>{}{}</w:tr>", cell(cells[0]), cell(cells[1]));
    let table = format!("<w:tbl>{}{}</w:tbl>", row(["Rule", "R-17"]), row(["Valid from", "May"]));
    let header = [paragraph_of(&range()), paragraph_of(&tabs.concat()), table, paragraph_of(&words("Page 7"))].concat();
    let header = format!("<w:hdr xmlns:w=\"w\">{header}</w:hdr>");
    let expected =
        "Tolerance ±5 mm, 10⁶ cycles\n\nRivertown Mills Ltd KX-4711 Rev. 2\n\nRule | R-17\nValid from | May\n\nPage 7";
    assert_eq!(beside("header", &header).await, expected);
}

#[tokio::test]
async fn comments_are_read_like_the_text() {
    let comment = |id: u32, inside: &str| {
        format!("<w:comment w:id=\"{id}\" w:author=\"Ann\" w:date=\"2026-05-01T10:00:00Z\">{inside}</w:comment>")
    };
    let comments = [
        comment(0, &paragraph_of("")),
        comment(1, &(paragraph_of(&range()) + &paragraph_of(&words("Ask Bob.")))),
        comment(2, &paragraph_of(&words("Done."))),
    ];
    let comments = format!("<w:comments xmlns:w=\"w\">{}</w:comments>", comments.concat());
    let expected = "Comment by Ann on “Body.”, 2026-05-01: Tolerance ±5 mm, 10⁶ cycles Ask Bob.\n\nComment by Ann, 2026-05-01: Done.";
    assert_eq!(beside("comments", &comments).await, expected);
}
