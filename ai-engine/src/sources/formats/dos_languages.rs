//! Recognizes the language of DOS text by its most common words without accents: code pages that differ in few letters
//! are distinguished by the letters of the language.

/// A language, by words that are in nearly every text of it, and the letters that it has beyond a to z.
#[derive(Debug)]
pub struct Language {
    words: &'static [&'static str],
    letters: &'static str,
}

const LANGUAGES: &[Language] = &[
    Language {
        words: &[
            "de", "da", "do", "que", "os", "as", "uma", "um", "em", "para", "por", "com", "no", "na", "dos", "das",
            "não", "é", "são", "há", "o", "tem", "porque", "ao",
        ],
        letters: "áâãàçéêíóôõúü",
    },
    Language {
        words: &[
            "le", "la", "les", "des", "et", "est", "une", "un", "du", "dans", "pour", "que", "qui", "ne", "pas", "ou",
        ],
        letters: "àâæçéèêëîïôœùûüÿ",
    },
    Language {
        words: &["og", "er", "det", "av", "af", "til", "som", "med", "den", "ikke", "for", "var", "et", "en", "men"],
        letters: "æøåéèóòôêü",
    },
    Language {
        words: &["og", "er", "ekki", "var", "sem", "af", "vi", "um", "hann", "fyrir", "fara", "heim", "gott"],
        letters: "áðéíóúýþæö",
    },
    Language {
        words: &["och", "att", "det", "som", "en", "inte", "av", "med", "den", "var", "men", "ett", "till"],
        letters: "åäöéü",
    },
    Language {
        words: &["der", "die", "das", "und", "ist", "nicht", "ein", "eine", "im", "mit", "von", "zu", "den", "auf"],
        letters: "äöüßé",
    },
    Language {
        words: &["el", "la", "los", "las", "que", "y", "en", "un", "una", "por", "con", "del", "se", "es"],
        letters: "áéíñóúüªº",
    },
];

/// Fewer words may belong to another language.
const MIN_WORDS: usize = 2;

/// The language with the most words in the text, if it has more than any other. `read` is for words that are not ASCII,
/// few of which are among those known here.
pub fn of(bytes: &[u8], read: impl Fn(&[u8]) -> String) -> Option<&'static Language> {
    let sample = &bytes[..bytes.len().min(20_000)];
    let words: Vec<String> = sample
        .split(|byte| !byte.is_ascii_alphabetic() && byte.is_ascii())
        .filter(|word| !word.is_empty())
        .map(|word| read(word).to_lowercase())
        .collect();
    let count = |language: &Language| words.iter().filter(|word| language.words.contains(&word.as_str())).count();
    let mut counts: Vec<(usize, &Language)> = LANGUAGES.iter().map(|language| (count(language), language)).collect();
    counts.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    let [(most, language), (next, _), ..] = counts[..] else {
        return None;
    };
    (most >= MIN_WORDS && most > next).then_some(language)
}

impl Language {
    /// The number of letters in the text that the language does not have.
    pub fn strange_letters(&self, text: &str) -> usize {
        let is_strange = |c: &char| {
            let small = c.to_lowercase().next().unwrap_or(*c);
            !c.is_ascii() && c.is_alphabetic() && !self.letters.contains(small)
        };
        text.chars().take(20_000).filter(is_strange).count()
    }
}
