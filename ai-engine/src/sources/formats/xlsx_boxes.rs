//! The words of boxes and shapes that lie on a sheet.

use collabry_shared::sources::FailureCode;

use super::docx_table::Stand;
use super::drawing;
use super::xlsx_plain::struck;
use super::xml::{self, Node};
use crate::sources::builder::one_line;

/// The paragraphs of a drawing, a line each.
pub fn paragraphs(drawing: &str) -> Result<String, FailureCode> {
    let (mut lines, mut line, mut run) = (Vec::new(), String::new(), None);
    let (mut stand, mut is_struck) = (Stand::On, false);
    xml::walk(drawing, |node| {
        match node {
            Node::Open("r" | "fld" | "p", _) => (stand, is_struck) = (Stand::On, false),
            Node::Open("rPr", element) => {
                stand = drawing::raised(element);
                is_struck = xml::attribute(element, "strike").is_some_and(|strike| strike != "noStrike");
            }
            Node::Open("t", _) => run = Some(String::new()),
            Node::Text(text) => run.iter_mut().for_each(|run: &mut String| run.push_str(text)),
            Node::Close("t") => {
                let text = run.take().unwrap_or_default();
                let text = stand.applied(&text, &line);
                line.push_str(&if is_struck { struck(&text) } else { text });
            }
            Node::Open("br", _) => line.push(' '),
            Node::Close("p") => lines.push(one_line(&std::mem::take(&mut line))),
            _ => {}
        }
        Ok(())
    })?;
    lines.push(one_line(&line));
    lines.retain(|line| !line.is_empty());
    Ok(lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::paragraphs;

    #[test]
    fn raised_and_struck_words_are_told_apart() {
        let run = |look: &str, text: &str| format!("<a:r><a:rPr {look}/><a:t>{text}</a:t></a:r>");
        let runs = [
            run("", "Speed 10"),
            run("baseline='30000'", "6"),
            run("", " m, CO"),
            run("baseline='-25000'", "2"),
            run("strike='sngStrike'", " 50"),
        ];
        let drawing = format!("<x xmlns:a='a'><a:p>{}</a:p><a:p><a:r><a:t>x</a:t></a:r></a:p></x>", runs.concat());
        assert_eq!(paragraphs(&drawing).unwrap(), "Speed 10⁶ m, CO₂ ~~50~~\nx");
    }
}
