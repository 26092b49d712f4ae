//! How text is divided into search terms, the same way for passages and questions.

use std::str::CharIndices;

use tantivy::tokenizer::{
    AsciiFoldingFilter, Language, LowerCaser, RemoveLongFilter, Stemmer, TextAnalyzer, Token, TokenStream, Tokenizer,
};

/// Longer words are data: hashes, base64.
const MAX_TERM_BYTES: usize = 64;

/// Words in lower case, without accents, by their English stem; other languages lose little by it.
pub fn analyzer() -> TextAnalyzer {
    TextAnalyzer::builder(Words::default())
        .filter(RemoveLongFilter::limit(MAX_TERM_BYTES))
        .filter(LowerCaser)
        .filter(AsciiFoldingFilter)
        .filter(Stemmer::new(Language::English))
        .build()
}

/// Runs of letters and digits. Scripts written without spaces give one term per character.
#[derive(Clone, Default)]
struct Words {
    token: Token,
}

struct WordStream<'a> {
    text: &'a str,
    chars: CharIndices<'a>,
    token: &'a mut Token,
}

impl Tokenizer for Words {
    type TokenStream<'a> = WordStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> WordStream<'a> {
        self.token.reset();
        WordStream { text, chars: text.char_indices(), token: &mut self.token }
    }
}

impl TokenStream for WordStream<'_> {
    fn advance(&mut self) -> bool {
        let Some((start, first)) = self.chars.find(|(_, c)| c.is_alphanumeric()) else { return false };
        if !is_unspaced(first) {
            let rest = self.chars.as_str();
            let len = rest.find(|c: char| !c.is_alphanumeric() || is_unspaced(c)).unwrap_or(rest.len());
            let end = self.chars.offset() + len;
            while self.chars.offset() < end && self.chars.next().is_some() {}
        }
        let end = self.chars.offset();
        self.token.text.clear();
        self.token.text.push_str(&self.text[start..end]);
        self.token.offset_from = start;
        self.token.offset_to = end;
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

/// Han, kana, Thai, Lao, Myanmar and Khmer are written without spaces between words.
fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{0E00}'..='\u{0EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}' | '\u{3040}'..='\u{30FF}'
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
        assert_eq!(terms("検索 API検索x"), ["検", "索", "api", "検", "索", "x"]);
        assert_eq!(terms(" -- 🙂 "), Vec::<String>::new());
        assert_eq!(terms(&"x".repeat(100)), Vec::<String>::new());
    }
}
