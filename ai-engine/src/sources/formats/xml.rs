//! Walking through XML parts. Entities other than XML's own five are left out, so none can grow.

use collabry_shared::sources::FailureCode;
use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

/// A node of a walk; names have no namespace prefix.
pub enum Node<'a> {
    Open(&'a str, &'a BytesStart<'a>),
    Text(&'a str),
    Close(&'a str),
}

/// Calls `visit` for each node of `xml` in order.
pub fn walk(xml: &str, mut visit: impl FnMut(Node<'_>) -> Result<(), FailureCode>) -> Result<(), FailureCode> {
    let mut reader = Reader::from_str(xml);
    loop {
        match reader.read_event().map_err(|_| FailureCode::Damaged)? {
            Event::Start(element) => visit(Node::Open(element.local_name().as_ref(), &element))?,
            Event::Empty(element) => {
                visit(Node::Open(element.local_name().as_ref(), &element))?;
                visit(Node::Close(element.local_name().as_ref()))?;
            }
            Event::End(element) => visit(Node::Close(element.local_name().as_ref()))?,
            Event::Text(text) => visit(Node::Text(&text.xml10_content()))?,
            Event::CData(text) => visit(Node::Text(&text.xml10_content()))?,
            Event::GeneralRef(reference) => {
                if let Some(character) = resolve(&reference) {
                    visit(Node::Text(character.encode_utf8(&mut [0; 4])))?;
                }
            }
            Event::Eof => return Ok(()),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
}

/// The character for a reference.
pub fn resolve(reference: &BytesRef<'_>) -> Option<char> {
    match reference.resolve_char_ref() {
        Ok(Some(character)) => Some(character),
        Ok(None) => match reference.xml10_content().as_ref() {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => None,
        },
        Err(_) => None,
    }
}

/// The value of an attribute, by its name without prefix.
pub fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    element
        .attributes()
        .with_checks(false)
        .flatten()
        .find(|attribute| attribute.key.local_name().as_ref() == name)
        .and_then(|attribute| quick_xml::escape::unescape(&attribute.value).ok().map(std::borrow::Cow::into_owned))
}

/// The text of the first element called `name`.
pub fn text_of(xml: &str, name: &str) -> Result<Option<String>, FailureCode> {
    let (mut inside, mut found) = (false, None);
    walk(xml, |node| {
        match node {
            Node::Open(tag, _) if tag == name && found.is_none() => {
                inside = true;
                found = Some(String::new());
            }
            Node::Close(tag) if tag == name => inside = false,
            Node::Text(text) if inside => found.get_or_insert_default().push_str(text),
            _ => {}
        }
        Ok(())
    })?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_do_not_grow() {
        let bomb = "<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><x>1 &lt; &#50; &b;</x>";
        assert_eq!(text_of(bomb, "x").unwrap().as_deref(), Some("1 < 2 "));
    }

    #[test]
    fn broken_xml_is_damage() {
        assert_eq!(text_of("<x><y></x>", "x"), Err(FailureCode::Damaged));
    }
}
