//! Quotation marks of CSV as the rules have them: marks that a backslash escapes are doubled, one that a field never
//! closes is a sign as any other, an inch, and blanks before one go.

use std::borrow::Cow;

/// How many times a table may be scanned.
const MAX_LOOKS: usize = 8;

/// The table with its quotation marks repaired; most need no repair.
pub fn mended(text: &str, delimiter: u8) -> Cow<'_, str> {
    if !text.contains('"') {
        return Cow::Borrowed(text);
    }
    let fields = Fields { bytes: text.as_bytes(), delimiter };
    let mut mended = String::new();
    // The start of what is not copied yet.
    let (mut start, mut at) = (0, 0);
    // Scanning a field that never ends is wasted work, which is bounded.
    let mut room = text.len().saturating_mul(MAX_LOOKS);
    while at < text.len() && room > 0 {
        let open = fields.after_blanks(at);
        let field = if fields.bytes.get(open) == Some(&b'"') { fields.quoted(open) } else { Field::Plain };
        let next = match field {
            Field::Closed { end, escaped } => {
                let next = fields.after_blanks(end);
                if escaped || open > at || next > end {
                    mended.push_str(&text[start..at]);
                    let inner = &text[open + 1..end - 1];
                    let inner = if escaped { doubled(inner) } else { Cow::Borrowed(inner) };
                    mended.extend(["\"", &*inner, "\""]);
                    start = next;
                }
                next
            }
            Field::Open { looked } if open == at => {
                room = room.saturating_sub(looked);
                let end = fields.end_of_plain(open);
                mended.push_str(&text[start..at]);
                mended.extend(["\"", &*text[open..end].replace('"', "\"\""), "\""]);
                start = end;
                end
            }
            Field::Open { .. } | Field::Plain => fields.end_of_plain(at),
        };
        // The delimiter, or the end of the line.
        at = next + 1;
    }
    if start == 0 {
        return Cow::Borrowed(text);
    }
    mended.push_str(text.get(start..).unwrap_or_default());
    Cow::Owned(mended)
}

enum Field {
    /// Where it ends, and whether there are marks in it that are not doubled.
    Closed {
        end: usize,
        escaped: bool,
    },
    /// Its quotation mark is never closed, or another field starts first; the number of bytes that were scanned.
    Open {
        looked: usize,
    },
    Plain,
}

struct Fields<'a> {
    bytes: &'a [u8],
    delimiter: u8,
}

impl Fields<'_> {
    fn after_blanks(&self, at: usize) -> usize {
        let blanks = self.bytes[at..].iter().take_while(|byte| **byte == b' ').count();
        if self.delimiter == b' ' { at } else { at + blanks }
    }

    fn ends_at(&self, at: usize) -> bool {
        self.bytes.get(at).is_none_or(|byte| *byte == self.delimiter || *byte == b'\n')
    }

    fn end_of_plain(&self, at: usize) -> usize {
        at + self.bytes[at..].iter().take_while(|byte| **byte != self.delimiter && **byte != b'\n').count()
    }

    /// The field whose quotation mark is at `open`.
    fn quoted(&self, open: usize) -> Field {
        let (mut at, mut escaped, mut backslashed, mut lines) = (open + 1, false, 0, 0);
        while let Some(byte) = self.bytes.get(at) {
            let next = self.bytes.get(at + 1);
            match byte {
                b'\n' => lines += 1,
                // One of a pair, or the end of a path, `C:\`.
                b'\\' if next == Some(&b'"') && (backslashed % 2 == 1 || !self.ends_at(self.after_blanks(at + 2))) => {
                    (escaped, backslashed) = (true, backslashed + 1);
                    at += 1;
                }
                b'"' if next == Some(&b'"') => at += 1,
                b'"' if self.ends_at(self.after_blanks(at + 1)) => return Field::Closed { end: at + 1, escaped },
                b'"' if lines > 0 || at > open + 1 && self.bytes[at - 1] == self.delimiter => break,
                b'"' => escaped = true,
                _ => {}
            }
            at += 1;
        }
        Field::Open { looked: at - open }
    }
}

/// The text of a field with all its quotation marks doubled.
fn doubled(inner: &str) -> Cow<'_, str> {
    let plain = inner.replace("\\\"", "\"").replace("\"\"", "\"");
    Cow::Owned(plain.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_put_right() {
        assert_eq!(
            mended("1,\"She said \\\"great, thanks\\\"\",5\n", b','),
            "1,\"She said \"\"great, thanks\"\"\",5\n"
        );
        assert_eq!(mended("1,\"a \\\"b\\\", c\",5\n", b','), "1,\"a \"\"b\"\", c\",5\n");
        assert_eq!(mended("city, \"Oslo, Norway\" , 7\n", b','), "city,\"Oslo, Norway\", 7\n");
        assert_eq!(mended("1,\"7 inch,Bolt\n2,\"8 inch,Nut\n", b','), "1,\"\"\"7 inch\",Bolt\n2,\"\"\"8 inch\",Nut\n");
        assert_eq!(mended("1,\"7\" pipe,Bolt\n2,8,Nut\n", b','), "1,\"\"\"7\"\" pipe\",Bolt\n2,8,Nut\n");
        assert_eq!(mended("1,\"7\" pipe,\"Bolt\"\n", b','), "1,\"\"\"7\"\" pipe\",\"Bolt\"\n");
        assert_eq!(mended("a;\"say \"hi\", you\";b\n", b';'), "a;\"say \"\"hi\"\", you\";b\n");
    }

    #[test]
    fn what_is_right_stays() {
        for right in [
            "a,\"b \"\"c\"\"\",d\n",
            "a,\"two\nlines, and more\",d\n\"\",\"\"\n",
            "a,\"C:\\\",d\n",
            "a,5\" pipe,d\n",
            "a,\"\"\"quoted\"\"\",d",
            "no marks",
        ] {
            assert!(matches!(mended(right, b','), Cow::Borrowed(same) if same == right), "{right}");
        }
    }
}
