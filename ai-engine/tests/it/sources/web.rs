//! Content of web pages that is in their elements and not in their text.

use collabry_shared::sources::Format;

use super::extract;

async fn text(page: &str) -> String {
    extract(Format::Html, page.as_bytes()).await.unwrap().text
}

#[tokio::test]
async fn lists_have_the_numbers_that_a_browser_shows() {
    let page = "<h1>Rules</h1><ol><li value=7>Seventh</li><li>Eighth</li></ol><p>Then</p><ol type=a><li>Point a<li>Point b<ol type=i start=3>\
        <li>third</ol></ol><p>Then</p><ol type=I start=3><li>three<li>four</ol><p>Then</p><ol reversed><li>c<li>b<li>a</ol>";
    let expected = "# Rules\n\n7. Seventh\n8. Eighth\n\nThen\n\na. Point a\nb. Point b\n   iii. third\n\nThen\n\n\
        III. three\nIV. four\n\nThen\n\n3. c\n2. b\n1. a";
    assert_eq!(text(page).await, expected);
}

#[tokio::test]
async fn boxes_are_ticked_or_not() {
    let page = "<main><p><input type=checkbox checked disabled> Insured <input type=checkbox> Rented</p>\
        <ul><li><span role=checkbox aria-checked=true></span> Paid</ul><p><input type=text value=x> Name</p></main>";
    assert_eq!(text(page).await, "☒ Insured ☐ Rented\n\n- ☒ Paid\n\nx Name");
}

#[tokio::test]
async fn what_no_longer_holds_is_marked() {
    let page = "<p>Now <s>40</s> 55, <strike>60</strike> 70 and <del>80</del><ins>90</ins> euro.</p>";
    assert_eq!(text(page).await, "Now ~~40~~ 55, ~~60~~ 70 and 90 euro.");
}

#[tokio::test]
async fn readings_beside_characters_are_left_out() {
    assert_eq!(
        text("<p><ruby>漢字<rtc><rt>かん<rt>じ</rtc></ruby>を<ruby>明日<rtc>tomorrow</rtc></ruby>読む。</p>").await,
        "漢字を明日読む。"
    );
}

#[tokio::test]
async fn a_table_may_be_made_of_blocks() {
    let row = |role: &str, one: &str, two: &str| {
        format!("<div role=row><div role={role}>{one}</div><div role={role}>{two}</div></div>")
    };
    let rows = [row("columnheader", "Name", "Age"), row("cell", "Ann", "31"), row("cell", "Bo", "28")].concat();
    let page = format!("<article><h1>People</h1><div role=table><div role=rowgroup>{rows}</div></div></article>");
    assert_eq!(text(&page).await, "# People\n\n| Name | Age |\n| --- | --- |\n| Ann | 31 |\n| Bo | 28 |");
}

#[tokio::test]
async fn questions_that_unfold_their_answers_are_headings() {
    let page = "<main><h1>Help</h1><div class=faq><button class=faq-question>How long is it valid?</button>\
        <div class=faq-answer>Ninety minutes.</div></div><button class='accordion-button collapsed'>If it rains</button>\
        <div>Half the price.</div>\
        <h2>Fees</h2><div><button class=faq-question>Is it dear?</button><p>No.</div><button>Load more</button><button>Share</button></main>";
    let expected = "# Help\n\n## How long is it valid?\n\nNinety minutes.\n\n## If it rains\n\nHalf the price.\n\n\
        ## Fees\n\n### Is it dear?\n\nNo.";
    assert_eq!(text(page).await, expected);
}
