//! What stands behind the end of a text: the zeros that devices and lost power leave, and the mark that DOS ends it with.

/// Fewer zeros than this end a text only where a line has ended.
const MIN_ZEROS: usize = 4;

/// Ctrl-Z.
const END: u8 = 0x1A;

/// The text without it. Text of wide characters has zeros of its own, and so have programs.
pub fn without(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| !matches!(*byte, 0 | END)).map_or(0, |last| last + 1);
    let (text, padding) = bytes.split_at(end);
    let zeros = padding.iter().filter(|byte| **byte != END).count();
    let is_ended = zeros == 0 || zeros >= MIN_ZEROS || text.ends_with(b"\n");
    if is_ended && !text.contains(&0) { text } else { bytes }
}

#[cfg(test)]
mod tests {
    use super::without;

    #[test]
    fn only_what_stands_behind_the_text_goes() {
        assert_eq!(without(&[b"a log\n".as_slice(), &[0; 9]].concat()), b"a log\n");
        assert_eq!(without(b"a log\n\0"), b"a log\n");
        assert_eq!(without(b"DOS\r\n\x1A"), b"DOS\r\n");
        for whole in [b"MZ\x90\0".as_slice(), b"a\0b\0\0\0\0\0", b"h\0i\0\n\0", b"plain", b""] {
            assert_eq!(without(whole), whole);
        }
    }
}
