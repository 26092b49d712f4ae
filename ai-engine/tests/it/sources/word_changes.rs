//! Word documents with tracked changes, fields within fields and other things that are in the file and not on the page.

use collabry_shared::sources::Format;

use super::documents::{container, docx, paragraph_of, run, words};
use super::extract;

fn deleted(inside: &str) -> String {
    format!("<w:del w:id=\"1\" w:author=\"Ann\">{inside}</w:del>")
}

async fn text(body: &str) -> String {
    extract(Format::Docx, &docx(body)).await.unwrap().text
}

#[tokio::test]
async fn nothing_of_a_deletion_is_read() {
    let sign = "<w:sym w:font=\"Symbol\" w:char=\"F0B1\"/>";
    let picture = "<w:drawing><wp:inline><wp:docPr id=\"1\" name=\"x\" descr=\"Plan of the old harbour\"/></wp:inline></w:drawing>";
    let gone = [
        run("", "<w:delText>5</w:delText>"),
        run("", sign),
        run("", "<w:tab/><w:br/><w:noBreakHyphen/>"),
        run("", picture),
    ];
    let body = paragraph_of(&(words("Tolerance 2") + &deleted(&gone.concat()) + &words(" mm.")));
    let figure = |text: &str| format!("<m:r><m:t>{text}</m:t></m:r>");
    let formula = format!("<m:oMath>{}<w:ins>{}</w:ins></m:oMath>", deleted(&figure("99")), figure("42"));
    let body = body + &paragraph_of(&(words("The dose is ") + &formula + &words(" mg.")));
    assert_eq!(text(&body).await, "Tolerance 2 mm.\n\nThe dose is 42 mg.");
}

#[tokio::test]
async fn a_deleted_or_hidden_note_is_gone_with_its_mark() {
    let refers = |id: u32| format!("<w:footnoteReference w:id=\"{id}\"/>");
    let body = paragraph_of(
        &[
            words("One"),
            deleted(&run("", &refers(1))),
            words(" two"),
            run("<w:vanish/>", &refers(2)),
            words(" three"),
            run("", &refers(3)),
        ]
        .concat(),
    );
    let note = |id: u32, text: &str| format!("<w:footnote w:id=\"{id}\">{}</w:footnote>", paragraph_of(&words(text)));
    let notes = [note(1, "Deleted."), note(2, "Hidden."), note(3, "Kept.")].concat();
    let file = container(&[
        ("word/document.xml", &format!("<w:document xmlns:w=\"w\"><w:body>{body}</w:body></w:document>")),
        ("word/footnotes.xml", &format!("<w:footnotes xmlns:w=\"w\">{notes}</w:footnotes>")),
    ]);
    assert_eq!(extract(Format::Docx, &file).await.unwrap().text, "One two three[1]\n\n[1] Kept.");
}

#[tokio::test]
async fn a_deleted_end_of_a_paragraph_joins_it_to_the_next() {
    let mark = |mark: &str| format!("<w:pPr><w:rPr><{mark} w:id=\"9\"/></w:rPr></w:pPr>");
    let tabs = "<w:pPr><w:tabs><w:tab w:val=\"left\" w:pos=\"720\"/></w:tabs></w:pPr>";
    let body = [
        paragraph_of(&(mark("w:del") + &words("The rent is 500 euros "))),
        paragraph_of(&(tabs.to_owned() + &words("per year."))),
        paragraph_of(&(mark("w:moveFrom") + "<w:moveFrom w:id=\"3\">" + &words("Moved away.") + "</w:moveFrom>")),
        paragraph_of(&words("Last.")),
    ];
    let cell = |inside: &str| format!("<w:tc>{inside}</w:tc>");
    let row = cell(&paragraph_of(&(mark("w:del") + &words("in a cell")))) + &cell(&paragraph_of(&words("beside it")));
    let table = format!("<w:tbl><w:tr>{row}</w:tr></w:tbl>");
    let expected = "The rent is 500 euros per year.\n\nLast.\n\nin a cell | beside it";
    assert_eq!(text(&(body.concat() + &table)).await, expected);
}

#[tokio::test]
async fn paragraphs_that_are_not_there_have_no_number() {
    let numbering = "<w:numbering xmlns:w=\"w\"><w:abstractNum w:abstractNumId=\"0\"><w:lvl w:ilvl=\"0\"><w:start w:val=\"1\"/>\
        <w:numFmt w:val=\"decimal\"/><w:lvlText w:val=\"%1.\"/></w:lvl></w:abstractNum>\
        <w:num w:numId=\"1\"><w:abstractNumId w:val=\"0\"/></w:num></w:numbering>";
    let item = |mark: &str, inside: &str| {
        let list = "<w:numPr><w:ilvl w:val=\"0\"/><w:numId w:val=\"1\"/></w:numPr>";
        format!("<w:p><w:pPr>{list}<w:rPr>{mark}</w:rPr></w:pPr>{inside}</w:p>")
    };
    let body = [
        item("", &words("Scope")),
        item("<w:del w:id=\"1\"/>", &deleted(&run("", "<w:delText>Old clause</w:delText>"))),
        item("<w:vanish/>", &run("<w:vanish/>", "<w:t>Hidden clause</w:t>")),
        item("", &words("Fees")),
    ]
    .concat();
    let document = format!("<w:document xmlns:w=\"w\"><w:body>{body}</w:body></w:document>");
    let file = container(&[("word/document.xml", &document), ("word/numbering.xml", numbering)]);
    assert_eq!(extract(Format::Docx, &file).await.unwrap().text, "1. Scope\n2. Fees");
}

#[tokio::test]
async fn formatting_of_before_a_change_is_not_that_of_the_text() {
    let was = |tag: &str, inside: &str| format!("<w:{tag}Change><w:{tag}>{inside}</w:{tag}></w:{tag}Change>");
    let heading = format!("<w:pPr>{}</w:pPr>", was("pPr", "<w:pStyle w:val=\"berschrift1\"/>"));
    let struck = run(&was("rPr", "<w:strike/><w:vertAlign w:val=\"superscript\"/>"), "<w:t>50 euros</w:t>");
    let document = extract(Format::Docx, &docx(&paragraph_of(&(heading + &struck)))).await.unwrap();
    assert_eq!((document.text.as_str(), document.headings.len()), ("50 euros", 0));
}

fn mark(kind: &str) -> String {
    run("", &format!("<w:fldChar w:fldCharType=\"{kind}\"/>"))
}

fn code(code: &str) -> String {
    run("", &format!("<w:instrText xml:space=\"preserve\">{code}</w:instrText>"))
}

#[tokio::test]
async fn what_a_field_is_computed_from_is_not_read() {
    let field =
        |name: &str, result: &str| [mark("begin"), code(name), mark("separate"), words(result), mark("end")].concat();
    let outer =
        |inside: String, result: &str| [mark("begin"), inside, mark("separate"), words(result), mark("end")].concat();
    let greeting = outer(code(" IF ") + &field("MERGEFIELD Sex", "F") + &code(" = \"M\" \"Mr\" \"Ms\""), "Ms");
    let total = outer(code(" = ") + &field("MERGEFIELD Net", "100") + &code(" * 1.2"), "120");
    let shown = outer(code(" REF a "), "see ");
    let within = [mark("begin"), code("REF b"), mark("separate"), field("PAGEREF c", "7"), mark("end")].concat();
    let fraction = [mark("begin"), code("EQ \\f("), field("MERGEFIELD n", "5"), code(",8)"), mark("end")].concat();
    let body =
        paragraph_of(&[words("Dear "), greeting, words(" Miller, "), total, words(", "), shown, within].concat())
            + &paragraph_of(&fraction)
            + &paragraph_of(&(mark("begin") + &code("PAGE")))
            + &paragraph_of(&words("A field that does not end hides nothing."));
    let expected = "Dear Ms Miller, 120, see 7\n\n5/8\n\nA field that does not end hides nothing.";
    assert_eq!(text(&body).await, expected);
}

#[tokio::test]
async fn signs_that_fields_stand_for_are_read() {
    let sign = |name: &str| [mark("begin"), code(name), mark("end")].concat();
    let with_result =
        [mark("begin"), code(" SYMBOL 176 \\f \"Symbol\" "), mark("separate"), words("°"), mark("end")].concat();
    let simple = "<w:fldSimple w:instr=\" SYMBOL 163 \\f Symbol \"/>".to_owned();
    let simple_with_result = format!("<w:fldSimple w:instr=\" EQ \\f(1,2) \">{}</w:fldSimple>", words("½"));
    let body = paragraph_of(
        &[
            words("21 "),
            sign(" SYMBOL 177 \\f \"Symbol\" \\s 11 "),
            words("2 "),
            with_result,
            words("C, "),
            sign("SYMBOL 0x80 \\a"),
            words("5, "),
            sign("SYMBOL 8364 \\u"),
            words("7, "),
            simple,
            words("9, "),
            simple_with_result,
        ]
        .concat(),
    );
    assert_eq!(text(&body).await, "21 ±2 °C, €5, €7, ≤9, ½");
}

#[tokio::test]
async fn boxes_and_signs_above_formulas_keep_what_they_hold() {
    let run = |text: &str| format!("<m:r><m:t>{text}</m:t></m:r>");
    let held = |tag: &str, properties: &str, text: &str| {
        format!("<m:{tag}><m:{tag}Pr>{properties}</m:{tag}Pr><m:e>{}</m:e></m:{tag}>", run(text))
    };
    let formula = [
        run("x="),
        held("borderBox", "", "42"),
        held("box", "", "≡"),
        held("phant", "", "y"),
        held("phant", "<m:show m:val=\"0\"/>", "unseen"),
        run("; "),
        held("bar", "<m:pos m:val=\"top\"/>", "x"),
        run("; "),
        held("bar", "<m:pos m:val=\"top\"/>", "AB"),
        run("; "),
        held("acc", "", "p"),
        run("; "),
        held("acc", "<m:chr/>", "q"),
    ];
    let body = paragraph_of(&format!("<m:oMath>{}</m:oMath>", formula.concat()));
    assert_eq!(text(&body).await, "x=42≡y; x\u{304}; A\u{305}B\u{305}; p\u{302}; q");
}

#[tokio::test]
async fn what_is_drawn_large_belongs_to_the_text() {
    let frame = "<w:pPr><w:framePr w:dropCap=\"drop\" w:lines=\"3\" w:wrap=\"around\"/></w:pPr>";
    let art = "<w:pict><v:shape><v:textpath style=\"x\" string=\"HARBOUR FESTIVAL &amp; FAIR\"/></v:shape></w:pict>";
    let body = [
        paragraph_of(&(frame.to_owned() + &words("T"))),
        paragraph_of(&words("riton pumps were first built in 1912.")),
        paragraph_of(&run("", art)),
    ];
    assert_eq!(
        text(&body.concat()).await,
        "Triton pumps were first built in 1912.\n\nHARBOUR FESTIVAL &amp; FAIR".replace("&amp;", "&")
    );
}

#[tokio::test]
async fn what_word_asks_for_is_not_what_people_wrote() {
    let control = |properties: &str, inside: &str| {
        format!("<w:sdt><w:sdtPr>{properties}</w:sdtPr><w:sdtContent>{inside}</w:sdtContent></w:sdt>")
    };
    let standard =
        "<w:placeholder><w:docPart w:val=\"DefaultPlaceholder_-1854013440\"/></w:placeholder><w:showingPlcHdr/>";
    let own = "<w:placeholder><w:docPart w:val=\"8A1F\"/></w:placeholder><w:showingPlcHdr/>";
    let body = [
        paragraph_of(&(words("Name: ") + &control(standard, &words("Click or tap here to enter text.")))),
        paragraph_of(&(words("Day: ") + &control("<w:showingPlcHdr/>", &words("Click to enter a date.")))),
        paragraph_of(&(words("Grade: ") + &control(own, &words("A to F, as on the certificate")))),
        paragraph_of(&control("<w:showingPlcHdr w:val=\"0\"/>", &words("Ada Marsh"))),
    ];
    assert_eq!(text(&body.concat()).await, "Name:\n\nDay:\n\nGrade: A to F, as on the certificate\n\nAda Marsh");
}

#[tokio::test]
async fn a_bar_in_a_cell_is_no_end_of_the_cell() {
    let cell = |text: &str| format!("<w:tc>{}</w:tc>", paragraph_of(&words(text)));
    let body = format!("<w:tbl><w:tr>{}{}</w:tr></w:tbl>", cell("a | b |"), cell("x|y"));
    assert_eq!(text(&body).await, "a / b / | x|y");
}
