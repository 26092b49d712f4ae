//! Right-to-left ligatures: several letters that a font draws as one glyph.
//!
//! `pdftotext` returns the letters of a word in visual order, but those of one glyph in reading order, and does not
//! tell which they are. So it gets a copy of the file in which such a glyph maps to its single Unicode character, as
//! lam-alef to U+FEFB. Later that character is replaced by its letters, which stay together.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use lopdf::{Document, Object, ObjectId, Stream};
use unicode_normalization::UnicodeNormalization as _;

use super::pdf_direction::is_right_to_left;

/// Larger files are read as they are, because rewriting one takes several times its size.
const MAX_FILE_BYTES: u64 = 32 * 1024 * 1024;
const MAX_MAP_BYTES: usize = 1024 * 1024;

/// The single character for each sequence of letters; of several forms, the isolated one.
static CHARACTERS: LazyLock<HashMap<String, char>> = LazyLock::new(|| {
    let forms = ('\u{fb1d}'..='\u{fb4f}').chain('\u{fbea}'..='\u{fdfb}').chain('\u{fef5}'..='\u{fefc}');
    let mut characters = HashMap::new();
    for form in forms {
        let letters: String = std::iter::once(form).nfkc().collect();
        if letters.chars().nth(1).is_some() && letters.chars().all(is_right_to_left) {
            characters.entry(letters).or_insert(form);
        }
    }
    characters
});

/// The file with its ligatures as single characters; `None` if it has none or cannot be rewritten.
pub fn as_characters(path: &Path) -> Option<Vec<u8>> {
    if fs::metadata(path).ok()?.len() > MAX_FILE_BYTES {
        return None;
    }
    let mut document = Document::load(path).ok()?;
    if document.is_encrypted() || document.was_encrypted() {
        return None;
    }
    let maps: BTreeSet<ObjectId> = document.objects.values().filter_map(map_of_font).collect();
    let mut changed = false;
    for id in maps {
        if let Some(Object::Stream(stream)) = document.objects.get_mut(&id)
            && let Some(renamed) = plain(stream).as_deref().and_then(renamed)
        {
            *stream = Stream::new(lopdf::Dictionary::new(), renamed);
            changed = true;
        }
    }
    let mut bytes = Vec::new();
    (changed && document.save_to(&mut bytes).is_ok()).then_some(bytes)
}

fn map_of_font(object: &Object) -> Option<ObjectId> {
    object.as_dict().ok()?.get(b"ToUnicode").ok()?.as_reference().ok()
}

fn plain(map: &Stream) -> Option<Vec<u8>> {
    let plain = map.get_plain_content().ok()?;
    (plain.len() <= MAX_MAP_BYTES).then_some(plain)
}

/// The map with `<06440627>` as `<FEFB>`, and so on; nothing when none is in it.
fn renamed(map: &[u8]) -> Option<Vec<u8>> {
    let mut renamed = Vec::with_capacity(map.len());
    let (mut rest, mut changed) = (map, false);
    while let Some(start) = rest.iter().position(|byte| *byte == b'<') {
        let (before, from) = rest.split_at(start + 1);
        renamed.extend_from_slice(before);
        let Some(length) = from.iter().position(|byte| *byte == b'>') else { break };
        let (hex, after) = from.split_at(length);
        match letters(hex).and_then(|letters| CHARACTERS.get(&letters)) {
            Some(character) => {
                renamed.extend_from_slice(format!("{:04X}", u32::from(*character)).as_bytes());
                changed = true;
            }
            None => renamed.extend_from_slice(hex),
        }
        rest = after;
    }
    renamed.extend_from_slice(rest);
    changed.then_some(renamed)
}

/// Two letters or more, written as UTF-16.
fn letters(hex: &[u8]) -> Option<String> {
    let digits: Vec<u8> = hex.iter().filter(|byte| !byte.is_ascii_whitespace()).copied().collect();
    let unit = |four: &[u8]| u16::from_str_radix(std::str::from_utf8(four).ok()?, 16).ok();
    let units: Vec<u16> = digits.chunks(4).map(unit).collect::<Option<_>>()?;
    (units.len() > 1).then(|| String::from_utf16(&units).ok())?
}

#[cfg(test)]
mod tests {
    use super::renamed;

    #[test]
    fn the_letters_of_one_glyph_are_named_by_one_character() {
        let map =
            b"2 beginbfchar\n<41> <0628>\n<42> <0644 0627>\nendbfchar 1 beginbfrange <43> <44> [<06440623> <0041>]";
        let mended = "2 beginbfchar\n<41> <0628>\n<42> <FEFB>\nendbfchar 1 beginbfrange <43> <44> [<FEF7> <0041>]";
        assert_eq!(renamed(map).as_deref(), Some(mended.as_bytes()));
        assert_eq!(renamed(b"1 beginbfchar <42> <00660069> <0644"), None);
    }
}
