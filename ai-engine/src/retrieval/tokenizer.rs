//! Splits text into search terms, in the same way for passages and questions.

use std::ops::Range;

use collabry_shared::text::fold;
use tantivy::tokenizer::{
    AsciiFoldingFilter, Language, RemoveLongFilter, Stemmer, TextAnalyzer, Token, TokenStream, Tokenizer,
};

/// Longer words are data: hashes, base64.
const MAX_TERM_BYTES: usize = 64;

/// Folded words (see [`fold`]), reduced to their English stem; other languages lose little by it.
pub fn analyzer() -> TextAnalyzer {
    TextAnalyzer::builder(Words::default())
        .filter(RemoveLongFilter::limit(MAX_TERM_BYTES))
        .filter(AsciiFoldingFilter)
        .filter(Stemmer::new(Language::English))
        .build()
}

/// Runs of letters and digits. Scripts without spaces, and Korean, whose particles are attached to words, give each
/// character and each pair of neighbours as terms: a word is found where its characters are adjacent.
#[derive(Clone, Default)]
struct Words {
    token: Token,
    folded: String,
    /// The terms of the text, as ranges of `folded`.
    terms: Vec<Range<usize>>,
}

struct WordStream<'a> {
    folded: &'a str,
    terms: std::slice::Iter<'a, Range<usize>>,
    token: &'a mut Token,
}

impl Tokenizer for Words {
    type TokenStream<'a> = WordStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> WordStream<'a> {
        self.token.reset();
        self.folded = fold(text);
        self.terms.clear();
        split(&self.folded, &mut self.terms);
        WordStream { folded: &self.folded, terms: self.terms.iter(), token: &mut self.token }
    }
}

fn split(text: &str, terms: &mut Vec<Range<usize>>) {
    let mut chars = text.char_indices().peekable();
    while let Some((start, first)) = chars.next() {
        if !first.is_alphanumeric() {
            continue;
        }
        let mut end = start + first.len_utf8();
        if by_characters(first) {
            terms.push(start..end);
            if let Some((at, next)) = chars.peek().filter(|(_, next)| by_characters(*next)) {
                terms.push(start..at + next.len_utf8());
            }
            continue;
        }
        while let Some((at, next)) = chars.next_if(|(_, next)| next.is_alphanumeric() && !by_characters(*next)) {
            end = at + next.len_utf8();
        }
        terms.push(start..end);
    }
}

impl TokenStream for WordStream<'_> {
    fn advance(&mut self) -> bool {
        let Some(term) = self.terms.next() else { return false };
        self.token.text.clear();
        self.token.text.push_str(&self.folded[term.clone()]);
        // Offsets of the folded text: nothing needs those of the passage.
        self.token.offset_from = term.start;
        self.token.offset_to = term.end;
        self.token.position = self.token.position.wrapping_add(1);
        true
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}

/// Han, kana, Thai, Lao, Myanmar and Khmer, written without spaces between words, and Hangul.
fn by_characters(c: char) -> bool {
    matches!(c,
        '\u{AC00}'..='\u{D7A3}' | '\u{0E00}'..='\u{0EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}' | '\u{3040}'..='\u{30FF}'
        | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

#[cfg(test)]
mod tests {
    fn terms(text: &str) -> Vec<String> {
        let mut terms = Vec::new();
        super::analyzer().token_stream(text).process(&mut |token| terms.push(token.text.clone()));
        terms
    }

    #[test]
    fn words_become_terms() {
        assert_eq!(terms("Running max_tokens, naïve CAFÉS: 3.5!"), ["run", "max", "token", "naiv", "cafe", "3", "5"]);
        assert_eq!(terms("検索 API検索x"), ["検", "検索", "索", "api", "検", "検索", "索", "x"]);
        assert_eq!(terms("회의를 ﾊﾝ"), ["회", "회의", "의", "의를", "를", "ハ", "ハン", "ン"]);
        assert_eq!(terms(" -- 🙂 "), Vec::<String>::new());
        assert_eq!(terms(&"x".repeat(100)), Vec::<String>::new());
    }
}
