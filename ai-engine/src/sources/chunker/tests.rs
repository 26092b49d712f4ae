use super::{MAX_PIECES, chunk, pieces};
use crate::sources::{Document, Heading, PageStart};

fn plain(text: &str) -> Document {
    Document { text: text.to_owned(), ..Document::default() }
}

/// What holds for any document.
fn check(document: &Document) {
    let mut at = 0;
    for passage in chunk(document) {
        assert!(passage.start >= at, "in order, without overlap");
        assert!(document.text[at..passage.start].trim().is_empty(), "nothing is left out before {}", passage.start);
        assert_eq!(passage.text, document.text[passage.start..passage.end]);
        assert_eq!(passage.text, passage.text.trim());
        assert!(!passage.text.is_empty());
        assert!(pieces::estimate(&passage.text) <= MAX_PIECES, "{}", passage.text);
        at = passage.end;
    }
    assert!(document.text[at..].trim().is_empty(), "nothing is left out at the end");
}

#[test]
fn any_text_is_covered() {
    let sentence = "The committee met again in spring, and Dr. Weber said that nothing had changed. ";
    let texts = [
        String::new(),
        " \n\t\n ".to_owned(),
        "Hi".to_owned(),
        sentence.repeat(60),
        sentence.to_lowercase().repeat(60),
        "word ".repeat(3_000),
        "nospace".repeat(2_000),
        "検索拡張生成は便利です。".repeat(200),
        "검색증강생성은유용합니다".repeat(200),
        "🙂👩‍👩‍👧‍👦 ".repeat(500),
        format!("{sentence}\r\n\r\n").repeat(40),
        "| a | b |\n| 1 | 2 |\n".repeat(300),
        "\u{feff}a\u{0}b\u{200b}c\n\n\n\n\nd".repeat(100),
    ];
    for text in texts {
        check(&plain(&text));
    }
}

#[test]
fn sentences_stay_whole() {
    let text =
        "Dr. Weber spoke first. Nobody answered her question about the budget. Then the meeting ended. ".repeat(40);
    for passage in chunk(&plain(&text)) {
        assert!(passage.text.ends_with('.'));
        assert!(!passage.text.ends_with("Dr."), "{}", passage.text);
    }
}

#[test]
fn wrapped_lines_are_one_sentence() {
    let line = "This sentence was wrapped by a mail program at\nabout fifty characters, and it should be whole. ";
    let text = line.repeat(50);
    assert!(chunk(&plain(&text)).iter().all(|passage| passage.text.ends_with("whole.")));
}

#[test]
fn a_heading_goes_with_what_follows() {
    let body = "A sentence about this part of the subject. ".repeat(8);
    let text = format!("# Plants\n\n{body}\n\n## Roots\n\n{body}\n\n## Leaves\n\n{body}{body}{body}");
    let headings = [("# Plants", 1, "Plants"), ("## Roots", 2, "Roots"), ("## Leaves", 2, "Leaves")]
        .map(|(line, level, name)| Heading { start: text.find(line).unwrap(), level, text: name.to_owned() });
    let document = Document { text, headings: headings.into(), ..Document::default() };
    check(&document);
    let passages = chunk(&document);
    let roots = passages.iter().find(|passage| passage.text.starts_with("## Roots")).unwrap();
    assert_eq!(roots.headings, ["Plants"]);
    let last = passages.last().unwrap();
    assert!(!last.text.contains('#'));
    assert_eq!(last.headings, ["Plants", "Leaves"]);
}

#[test]
fn each_passage_of_a_table_has_the_names_of_its_columns() {
    let row = |n| format!("Stop{n} | {} | {n}.5 | {n}00\n", 1900 + n % 99);
    let rows = (0..300).map(row).collect::<Vec<_>>().concat();
    let document = plain(&format!("All stops of the town.\n\nStation | Opened | Depth m | Passengers\n{rows}"));
    check(&document);
    let passages = chunk(&document);
    assert!(passages.len() > 10);
    for passage in &passages {
        let text = passage.readable();
        assert!(text.contains("Station | Opened | Depth m | Passengers\n"), "{text}");
        assert_eq!(document.text[passage.start..passage.end], passage.text);
    }
    assert_eq!(passages[0].names, None);
}

#[test]
fn the_title_is_said_once() {
    let body = "A sentence about this part of the subject. ".repeat(30);
    let document = Document { title: Some("Botany".to_owned()), ..plain(&format!("Botany\n\n{body}")) };
    let passages = chunk(&document);
    assert!(passages[0].headings.is_empty());
    assert_eq!(passages[1].headings, ["Botany"]);
}

#[test]
fn a_passage_lies_on_one_page() {
    let body = "A sentence that ends on its page. ".repeat(5);
    let text = format!("{body}The next page holds\n\nthe rest of this one. {body}\n\nSlide three");
    let pages = [(1, 0), (2, text.find("the rest").unwrap()), (3, text.find("Slide").unwrap())]
        .map(|(number, start)| PageStart { number, start });
    let document = Document { text, pages: pages.into(), ..Document::default() };
    check(&document);
    let passages = chunk(&document);
    assert_eq!(passages.iter().map(|passage| passage.page).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(passages[0].text.ends_with("the rest of this one."), "a sentence over a page break stays whole");
    assert_eq!(passages[2].text, "Slide three");
}

/// With a cost that grows with the square of the length this would not end before the reader's patience.
#[test]
fn a_word_of_megabytes_is_cut_in_one_go() {
    for letter in ["1", "x", "検", "\u{0}"] {
        check(&plain(&letter.repeat(4 * 1024 * 1024)));
    }
}
