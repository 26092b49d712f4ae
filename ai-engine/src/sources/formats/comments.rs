//! Comments in Office files: author, time, and the commented text.

use std::collections::HashMap;

use collabry_shared::sources::FailureCode;
use quick_xml::events::BytesStart;

use super::xml::{self, Node};
use crate::sources::builder::one_line;

/// The text in an old comment by which newer spreadsheets refer to the new one.
const THREADED: &str = "[Threaded comment]";

#[derive(Debug, Default)]
pub struct Comment {
    pub id: String,
    /// A cell, or words of the text.
    pub about: String,
    author: String,
    day: String,
    text: String,
    /// The old form of a comment that is there in a newer one too.
    pub is_copy: bool,
}

impl Comment {
    /// A note on a page; `None` if it is empty.
    pub fn new(author: &str, text: &str) -> Option<Self> {
        let (author, text) = (one_line(author), one_line(text));
        (!text.is_empty()).then(|| Self { author, text, ..Self::default() })
    }

    pub fn line(&self) -> String {
        let part = |before: &str, part: &str| if part.is_empty() { String::new() } else { format!("{before}{part}") };
        let (author, about, day) = (part(" by ", &self.author), part(" on ", &self.about), part(", ", &self.day));
        format!("Comment{author}{about}{day}: {}", self.text)
    }
}

/// The names of comment authors by id, or by position in the list when they have no ids.
pub fn people(xml: &str) -> Result<HashMap<String, String>, FailureCode> {
    let mut people = HashMap::new();
    let mut open: Option<String> = None;
    xml::walk(xml, |node| {
        match node {
            Node::Open("author" | "cmAuthor" | "person", element) => {
                let id = xml::attribute(element, "id").unwrap_or_else(|| people.len().to_string());
                let name = xml::attribute(element, "name").or_else(|| xml::attribute(element, "displayName"));
                people.insert(id.clone(), with_initials(name.unwrap_or_default(), element));
                open = Some(id);
            }
            Node::Close("author") => open = None,
            Node::Text(text) => {
                if let Some(name) = open.as_ref().and_then(|id| people.get_mut(id)) {
                    name.push_str(text);
                }
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(people)
}

/// The comments of a document, slide or sheet, each followed by its replies.
pub fn comments(xml: &str, people: &HashMap<String, String>) -> Result<Vec<Comment>, FailureCode> {
    Ok(settled(read(xml, people)?))
}

/// The comments of a document, with these texts instead of their plain words.
pub fn with_texts(xml: &str, texts: Vec<String>) -> Result<Vec<Comment>, FailureCode> {
    let mut comments = read(xml, &HashMap::new())?;
    if comments.len() == texts.len() {
        comments.iter_mut().zip(texts).for_each(|(comment, text)| comment.text = text);
    }
    Ok(settled(comments))
}

fn read(xml: &str, people: &HashMap<String, String>) -> Result<Vec<Comment>, FailureCode> {
    let mut comments: Vec<Comment> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut in_text = 0_usize;
    xml::walk(xml, |node| {
        match node {
            Node::Open("comment" | "cm" | "reply" | "threadedComment", element) => {
                let value = |names: &[&str]| names.iter().find_map(|name| xml::attribute(element, name));
                let author = value(&["authorId", "personId"]).and_then(|id| people.get(&id).cloned());
                open.push(comments.len());
                comments.push(Comment {
                    id: value(&["id"]).unwrap_or_default(),
                    about: value(&["ref"]).unwrap_or_default(),
                    author: one_line(
                        &author.unwrap_or_else(|| with_initials(value(&["author"]).unwrap_or_default(), element)),
                    ),
                    day: value(&["date", "dt", "dT", "created"])
                        .and_then(|day| day.get(..10).map(str::to_owned))
                        .unwrap_or_default(),
                    ..Comment::default()
                });
            }
            Node::Close("comment" | "cm" | "reply" | "threadedComment") => drop(open.pop()),
            Node::Open("t" | "text", _) => in_text += 1,
            Node::Close("t" | "text") => in_text = in_text.saturating_sub(1),
            Node::Close("p") => push(&mut comments, &open, " "),
            Node::Text(text) if in_text > 0 => push(&mut comments, &open, text),
            _ => {}
        }
        Ok(())
    })?;
    Ok(comments)
}

fn settled(mut comments: Vec<Comment>) -> Vec<Comment> {
    for comment in &mut comments {
        comment.text = one_line(&comment.text);
        if comment.text.starts_with(THREADED) {
            comment.text = comment.text.split_once("Comment: ").map(|(_, said)| said.to_owned()).unwrap_or_default();
            // An id, not a name.
            comment.author.clear();
            comment.is_copy = true;
        }
    }
    comments.retain(|comment| !comment.text.is_empty());
    comments
}

/// `Ada Marsh (AM)`: others may know the author by the initials only.
fn with_initials(name: String, element: &BytesStart<'_>) -> String {
    match xml::attribute(element, "initials").filter(|initials| !initials.is_empty() && *initials != name) {
        Some(initials) if !name.is_empty() => format!("{name} ({initials})"),
        _ => name,
    }
}

fn push(comments: &mut [Comment], open: &[usize], text: &str) {
    if let Some(comment) = open.last().and_then(|last| comments.get_mut(*last)) {
        comment.text.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(xml: &str, authors: &str) -> Vec<String> {
        comments(xml, &people(authors).unwrap()).unwrap().iter().map(Comment::line).collect()
    }

    #[test]
    fn comments_say_who_and_when_and_on_what() {
        let word = "<w:comments xmlns:w='w'><w:comment w:id='0' w:author='Ada' w:date='2026-05-01T10:00:00Z'><w:p><w:r>\
                    <w:t>Check </w:t></w:r><w:r><w:t>this.</w:t></w:r></w:p></w:comment></w:comments>";
        assert_eq!(lines(word, "<a/>"), ["Comment by Ada, 2026-05-01: Check this."]);
        let sheet = "<comments><authors><author>Bob</author></authors><commentList><comment ref='B2' authorId='0'><text>\
                     <r><t>Too low</t></r></text></comment></commentList></comments>";
        assert_eq!(lines(sheet, sheet), ["Comment by Bob on B2: Too low"]);
        let slide = "<p:cmLst xmlns:p='p'><p:cm authorId='3' dt='2026-05-02T10:00:00'><p:text>Larger?</p:text></p:cm></p:cmLst>";
        let authors = "<p:cmAuthorLst xmlns:p='p'><p:cmAuthor id='3' name='Eve Hill' initials='EH'/></p:cmAuthorLst>";
        assert_eq!(lines(slide, authors), ["Comment by Eve Hill (EH), 2026-05-02: Larger?"]);
    }

    #[test]
    fn answers_follow_what_they_answer() {
        let slide = "<c:cmLst xmlns:c='c'><c:cm authorId='{1}'><c:replyLst><c:reply authorId='{2}'><c:txBody><a:p><a:t>No.</a:t>\
                     </a:p></c:txBody></c:reply></c:replyLst><c:txBody><a:p><a:t>Done?</a:t></a:p></c:txBody></c:cm></c:cmLst>";
        let authors =
            "<c:authorLst xmlns:c='c'><c:author id='{1}' name='Ada'/><c:author id='{2}' name='Bob'/></c:authorLst>";
        assert_eq!(lines(slide, authors), ["Comment by Ada: Done?", "Comment by Bob: No."]);
        let old = "<comments><comment ref='A1'><text><t>[Threaded comment]\n\nYour version allows you to read it.\n\nComment:\n  Low</t></text></comment></comments>";
        assert_eq!(lines(old, "<a/>"), ["Comment on A1: Low"]);
    }
}
