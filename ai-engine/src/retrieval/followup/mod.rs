//! Recognizes questions that make sense only together with the previous one.

mod languages;

use std::ops::RangeInclusive;

use collabry_shared::text::fold;
use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;

use self::languages::{LANGUAGES, Language, is_empty_in_english};

/// A question with more content words than this stands on its own.
const FEW_WORDS: usize = 3;

/// The number of characters that count as a word in scripts without spaces.
const CHARS_OF_A_WORD: usize = 2;

/// The folded words that tell what a text is about.
pub(crate) fn content_words(text: &str) -> impl Iterator<Item = String> {
    text.unicode_words().map(fold).filter(|word| !is_empty_in_english(word))
}

/// The text to search for: the question, together with the previous one if it refers to it.
pub(crate) fn query(question: &str, previous: Option<&str>) -> String {
    match previous {
        Some(previous) if refers_to(question, previous) => format!("{previous}\n{question}"),
        _ => question.to_owned(),
    }
}

/// The language of a question (ISO 639-1): the one with most of its function words. If it has too few of them, the
/// language of the previous question; on a tie, English.
pub(crate) fn language(question: &str, previous: Option<&str>) -> &'static str {
    [Some(question), previous].into_iter().flatten().find_map(|text| Words::of(text).language()).unwrap_or("en")
}

/// Tries English, and the languages that the previous question has words of: "die" and "war" are content words in one
/// language and function words in another. Scripts that few languages share need no such hint.
fn refers_to(question: &str, previous: &str) -> bool {
    let (question, previous) = (Words::of(question), Words::of(previous));
    LANGUAGES.iter().any(|language| {
        let spoken = language.code == "en" || !question.is_latin() || previous.has_words_of(language);
        spoken && question.refers_back(language)
    })
}

/// A folded text with its words.
struct Words {
    text: String,
    words: Vec<String>,
}

impl Words {
    fn of(text: &str) -> Self {
        let text = fold(text.trim_start_matches(|c: char| !c.is_alphanumeric()));
        // Not `unicode_words`, which treats each Chinese character as a word.
        let words = text.split(|c: char| !c.is_alphanumeric() && !is_combining_mark(c)).filter(|word| !word.is_empty());
        Self { words: words.map(str::to_owned).collect(), text }
    }

    fn refers_back(&self, language: &Language) -> bool {
        let content: usize = self.words.iter().map(|word| content(word, language)).sum();
        content == 0 || (content <= FEW_WORDS && self.continues(language))
    }

    fn continues(&self, language: &Language) -> bool {
        let points = self.words.iter().any(|word| language.pointers.contains(word));
        let opens = language.openings.iter().any(|opening| self.opens_with(opening));
        let last = self.words.last().is_some_and(|last| {
            language
                .endings
                .iter()
                .any(|end| if is_unspaced(last) { last.ends_with(end.as_str()) } else { last == end })
        });
        points || opens || last
    }

    fn opens_with(&self, opening: &str) -> bool {
        self.text
            .strip_prefix(opening)
            .is_some_and(|rest| is_unspaced(opening) || !rest.starts_with(char::is_alphanumeric))
    }

    fn has_words_of(&self, language: &Language) -> bool {
        self.words.iter().any(|word| language.empty.contains(word))
    }

    /// `None`: no language, or a tie.
    fn language(&self) -> Option<&'static str> {
        let has = |range: RangeInclusive<char>| self.text.contains(|c| range.contains(&c));
        if has('\u{3040}'..='\u{30ff}') {
            return Some("ja");
        }
        if has('\u{3400}'..='\u{9fff}') {
            return Some("zh");
        }
        let known = |language: &Language| self.words.iter().filter(|word| language.empty.contains(*word)).count();
        let most = LANGUAGES.iter().map(known).max().filter(|most| *most > 0)?;
        let mut best = LANGUAGES.iter().filter(|language| known(language) == most);
        best.next().filter(|_| best.next().is_none()).map(|language| language.code)
    }

    fn is_latin(&self) -> bool {
        self.text.chars().filter(|c| c.is_alphabetic()).all(|c| c < '\u{250}' || ('\u{1e00}'..'\u{1f00}').contains(&c))
    }
}

/// The number of content words in a word: one or none. In scripts without spaces, as many as its characters that no
/// function word covers.
fn content(word: &str, language: &Language) -> usize {
    if !is_unspaced(word) {
        return usize::from(!language.empty.contains(word));
    }
    // The least number of uncovered characters, up to each position in the word.
    let chars: Vec<char> = word.chars().collect();
    let mut least = vec![0_usize];
    for end in 1..=chars.len() {
        let covered = (0..end).filter(|start| language.empty.contains(&chars[*start..end].iter().collect::<String>()));
        let best = covered.map(|start| least[start]).min().unwrap_or(usize::MAX);
        least.push(best.min(least[end - 1] + 1));
    }
    least[chars.len()].div_ceil(CHARS_OF_A_WORD)
}

/// Whether the word has characters of a script without spaces between words.
fn is_unspaced(word: &str) -> bool {
    word.chars().any(|c| {
        matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}')
    })
}

#[cfg(test)]
mod tests {
    use super::{language, query, refers_to};

    #[test]
    fn questions_that_lean_on_the_one_before() {
        for (question, previous) in [
            ("Why?", "Is the sky blue?"),
            ("Tell me more", "What is mitosis?"),
            ("And in winter?", "What do bears do in summer?"),
            ("How does it work?", "What is a pump?"),
            ("What about mitosis?", "What is meiosis?"),
            ("Und warum?", "Was ist Photosynthese?"),
            ("Wie funktioniert das?", "Was ist Photosynthese?"),
            ("Erkläre das genauer", "Was ist Photosynthese?"),
            ("Und im Winter?", "Was machen Bären im Sommer?"),
            ("Pourquoi ?", "Qu'est-ce que la photosynthèse ?"),
            ("Et en hiver ?", "Que font les ours en été ?"),
            ("¿Por qué?", "¿Qué es la fotosíntesis?"),
            ("¿Y en invierno?", "¿Qué hacen los osos en verano?"),
            ("Perché?", "Che cos'è la fotosintesi?"),
            ("Por quê?", "O que é a fotossíntese?"),
            ("Waarom?", "Wat is fotosynthese?"),
            ("Dlaczego?", "Co to jest fotosynteza?"),
            ("Neden?", "Fotosentez nedir ve nasıl çalışır?"),
            ("Почему?", "Что такое фотосинтез?"),
            ("А зимой?", "Что делают медведи летом?"),
            ("Чому?", "Що таке фотосинтез?"),
            ("لماذا؟", "ما هو التمثيل الضوئي؟"),
            ("למה?", "מהי פוטוסינתזה?"),
            ("क्यों?", "प्रकाश संश्लेषण क्या है?"),
            ("Γιατί;", "Τι είναι η φωτοσύνθεση;"),
            ("为什么？", "什么是光合作用？"),
            ("那冬天呢？", "熊夏天做什么？"),
            ("なぜですか？", "光合成とは何ですか？"),
            ("왜?", "광합성이란 무엇입니까?"),
            ("Tại sao?", "Quang hợp là gì?"),
            ("Mengapa?", "Apa itu fotosintesis?"),
        ] {
            assert!(refers_to(question, previous), "{question}");
        }
    }

    #[test]
    fn questions_that_stand_for_themselves() {
        for (question, previous) in [
            ("What is photosynthesis?", "Why is the sky blue?"),
            ("Who wrote the constitution?", "Why is the sky blue?"),
            ("chlorophyll", "Why is the sky blue?"),
            ("Warum ist der Himmel blau?", "Was ist Photosynthese?"),
            ("Was ist Zellatmung?", "Was ist Photosynthese?"),
            ("Pourquoi le ciel est-il bleu pendant la journée ?", "Qu'est-ce que la photosynthèse ?"),
            ("¿Qué es la respiración celular?", "¿Qué es la fotosíntesis?"),
            ("Почему небо голубое?", "Что такое фотосинтез?"),
            ("什么是光合作用？", "天空为什么是蓝色的？"),
            ("光合成とは何ですか？", "空はなぜ青いのですか？"),
            ("광합성이란 무엇입니까?", "하늘은 왜 파란가요?"),
            // Words of another language's list.
            ("War die Bank da?", "What did the soldiers see?"),
        ] {
            assert!(!refers_to(question, previous), "{question}");
        }
    }

    #[test]
    fn the_language_of_a_question_is_known_by_its_small_words() {
        for (code, question) in [
            ("en", "How many chromosomes do people have?"),
            ("de", "Wie viele Chromosomen hat der Mensch?"),
            ("fr", "Combien de chromosomes l'être humain a-t-il ?"),
            ("es", "¿Cuántos cromosomas tiene el ser humano?"),
            ("pt", "Quantos cromossomos o ser humano tem?"),
            ("it", "Quanti cromosomi ha l'essere umano?"),
            ("ro", "Câți cromozomi are omul și de ce?"),
            ("pl", "Ile chromosomów ma człowiek i dlaczego?"),
            ("uk", "Скільки хромосом має людина і чому?"),
            ("ru", "Сколько хромосом у человека и почему?"),
            ("tr", "İnsanın kaç kromozomu vardır ve neden?"),
            ("ar", "كم عدد الكروموسومات في جسم الإنسان؟"),
            ("zh", "人类有多少条染色体？"),
            ("ja", "ヒトの染色体は何本ですか？"),
            // Nothing to tell it by.
            ("en", "Chromosomes?"),
            ("en", "46"),
        ] {
            assert_eq!(language(question, None), code, "{question}");
        }
        assert_eq!(language("Chromosomen?", Some("Wie viele Zellen hat der Mensch?")), "de");
    }

    #[test]
    fn the_question_before_lends_its_words() {
        assert_eq!(query("Why?", Some("Is the sky blue?")), "Is the sky blue?\nWhy?");
        assert_eq!(query("Why?", None), "Why?");
    }
}
