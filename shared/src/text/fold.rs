//! Spellings that people take for the same word, in one form.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::canonical_combining_class;

const TATWEEL: char = '\u{640}';

/// `text` without differences of width, ligature, case, accent, vowel mark and elongation: İstanbul and istanbul, ё and е,
/// half-width and full-width kana have one form. To compare by, not to show.
pub fn fold(text: &str) -> String {
    let bare: String = text.nfkd().filter(|c| !is_ornament(*c)).collect();
    // There and back takes along what has no pair of its own: final sigma, long s, dotless i, sharp s.
    bare.to_uppercase().to_lowercase().nfkd().filter(|c| !is_ornament(*c)).nfc().map(plain_sigma).collect()
}

/// Lower case ends words with a form of its own, where it sees the end of one.
fn plain_sigma(c: char) -> char {
    if c == 'ς' { 'σ' } else { c }
}

/// Marks that stand around a letter, and what only says how to set it: Hebrew and Arabic points, accents, elongation, soft
/// hyphens. Marks that spell a sound of their own, as the vowels of Thai and of Indian scripts and the voicing of kana,
/// have other classes.
fn is_ornament(c: char) -> bool {
    matches!(canonical_combining_class(c), 10..=36 | 200..=240)
        || matches!(c, TATWEEL | '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::fold;

    #[test]
    fn spellings_of_a_word_meet() {
        for (one, other) in [
            ("İSTANBUL", "istanbul"),
            ("ışık", "isik"),
            ("Ёлка", "елка"),
            ("résumé", "re\u{301}sume\u{301}"),
            ("bệnh", "be\u{323}\u{302}nh"),
            ("край", "краи\u{306}"),
            ("كَتَبَ", "كتب"),
            ("العـــربية", "العربية"),
            // As PDFs have them: forms of letters by their place in a word, and two letters in one.
            ("\u{fe8d}\u{fedf}\u{feb4}\u{fefc}\u{fee1}", "السلام"),
            ("\u{fee3}\u{fea4}\u{fee4}\u{feaa}", "محمد"),
            ("\u{fdf2}", "الله"),
            ("ﾊﾝｶｸ", "ハンカク"),
            ("ｶﾞ", "ガ"),
            ("ＡＰＩ", "api"),
            ("Straße", "strasse"),
            ("ﬁgure", "figure"),
            ("ΟΔΟΣ", "οδός"),
            ("שָׁלוֹם", "שלום"),
            ("Auf\u{ad}gabe", "aufgabe"),
        ] {
            assert_eq!(fold(one), fold(other), "{one}");
        }
    }

    #[test]
    fn words_that_differ_stay_apart() {
        for (one, other) in [("カ", "ガ"), ("กิน", "กิ่น"), ("कि", "की"), ("한", "하")] {
            assert_ne!(fold(one), fold(other), "{one}");
        }
    }
}
