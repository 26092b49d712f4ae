//! Formats numbers as Excel shows them: 0.025 in a percentage cell is 2.5%, 742 in a cell with five digits is 00742.

use super::{xlsx_section, xlsx_special};

/// The number in the given format; `None`: the format is not for numbers (general, text, dates), or too complex.
pub fn shown(number: f64, code: &str) -> Option<String> {
    if !number.is_finite() {
        return None;
    }
    let (section, number) = xlsx_section::choose(number, code)?;
    if let Some(special) = xlsx_special::number(number, &section) {
        return Some(special);
    }
    let parts = Pattern::parse(&section)?;
    Some(parts.apply(number)).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    /// `0`, `#` or `?`.
    Digit(char),
    /// The number as a cell without a format shows it.
    General,
    Text(char),
}

#[derive(Debug, Default)]
struct Pattern {
    whole: Vec<Token>,
    decimals: Vec<Token>,
    has_point: bool,
    thousands: bool,
    /// The powers of ten by which the number is scaled.
    shift: i32,
}

impl Pattern {
    fn parse(section: &str) -> Option<Self> {
        let mut pattern = Self::default();
        let mut chars = section.chars();
        let mut commas = 0;
        while let Some(c) = chars.next() {
            match c {
                '0' | '#' | '?' => {
                    if commas > 0 {
                        pattern.thousands = true;
                        commas = 0;
                    }
                    pattern.push(Token::Digit(c));
                }
                ',' if pattern.has_digits() => commas += 1,
                '.' if !pattern.has_point => pattern.has_point = true,
                '%' => {
                    pattern.shift += 2;
                    pattern.push(Token::Text('%'));
                }
                '"' => chars.by_ref().take_while(|c| *c != '"').for_each(|c| pattern.push(Token::Text(c))),
                '\\' => pattern.push(Token::Text(chars.next()?)),
                // Space as wide as the next character, or filled with it.
                '_' | '*' => {
                    chars.next();
                    pattern.push(Token::Text(' '));
                }
                '[' => pattern.bracket(&chars.by_ref().take_while(|c| *c != ']').collect::<String>())?,
                'G' | 'g' if chars.as_str().get(..6).is_some_and(|rest| rest.eq_ignore_ascii_case("eneral")) => {
                    chars = chars.as_str()[6..].chars();
                    pattern.push(Token::General);
                }
                // Dates, times, text and special formats are handled elsewhere.
                'y' | 'm' | 'd' | 'h' | 's' | 'Y' | 'M' | 'D' | 'H' | 'S' | 'E' | 'e' | 'G' | 'g' | '/' | '@' => {
                    return None;
                }
                _ => pattern.push(Token::Text(c)),
            }
        }
        pattern.shift -= 3 * commas;
        // `General` alone is not a format.
        let is_general = pattern.whole == [Token::General];
        (!is_general).then_some(pattern)
    }

    /// A currency, `[$€-407]`; otherwise a duration.
    fn bracket(&mut self, inside: &str) -> Option<()> {
        if let Some(currency) = inside.strip_prefix('$') {
            currency.split('-').next()?.chars().for_each(|c| self.push(Token::Text(c)));
            return Some(());
        }
        None
    }

    fn push(&mut self, token: Token) {
        if self.has_point { self.decimals.push(token) } else { self.whole.push(token) }
    }

    fn has_digits(&self) -> bool {
        let is_digit = |token: &Token| matches!(token, Token::Digit(_));
        self.whole.iter().chain(&self.decimals).any(is_digit)
    }

    fn apply(&self, number: f64) -> String {
        if self.whole.contains(&Token::General) {
            let general = format!("{:.14e}", number.abs()).parse::<f64>().unwrap_or(number.abs()).to_string();
            let part = |token: &Token| match token {
                Token::General => general.clone(),
                token => token.text().to_string(),
            };
            let text: String = self.whole.iter().map(part).collect();
            return if number < 0.0 { format!("-{text}") } else { text };
        }
        if !self.has_digits() {
            // Text instead of the number.
            return self.whole.iter().chain(&self.decimals).map(Token::text).collect();
        }
        let places = self.decimals.iter().filter(|token| matches!(token, Token::Digit(_))).count();
        let scaled = format!("{:.14e}", number.abs() * 10f64.powi(self.shift)).parse::<f64>().unwrap_or(number.abs());
        // Rounds half away from zero, as Excel does.
        let power = 10f64.powi(i32::try_from(places).unwrap_or(0));
        let rounded = (scaled * power + 1e-9).round() / power;
        let digits = format!("{:.places$}", if rounded.is_finite() { rounded } else { scaled });
        let (whole, decimals) = digits.split_once('.').unwrap_or((&digits, ""));
        let text = self.whole_part(whole.trim_start_matches('0')) + &self.decimal_part(decimals);
        let is_nothing = digits.chars().all(|c| matches!(c, '0' | '.'));
        if number < 0.0 && !is_nothing { format!("-{text}") } else { text }
    }

    /// Digits are filled in from the right; surplus digits go before the first placeholder.
    fn whole_part(&self, digits: &str) -> String {
        let mut left: Vec<char> = digits.chars().collect();
        let mut places = self.whole.iter().filter(|token| matches!(token, Token::Digit(_))).count();
        let (mut reversed, mut written) = (Vec::new(), 0);
        for token in self.whole.iter().rev() {
            let Token::Digit(kind) = token else {
                reversed.push(token.text());
                continue;
            };
            places -= 1;
            let take = if places == 0 { left.len().max(1) } else { 1 };
            for _ in 0..take {
                let Some(digit) = left.pop().or((*kind == '0').then_some('0')) else {
                    continue;
                };
                if self.thousands && written > 0 && written % 3 == 0 {
                    reversed.push(',');
                }
                reversed.push(digit);
                written += 1;
            }
        }
        // A pattern like `.00` has no digit before the point.
        reversed.extend(left.into_iter().rev());
        reversed.into_iter().rev().collect()
    }

    fn decimal_part(&self, digits: &str) -> String {
        if !self.has_point {
            return String::new();
        }
        let mut digits = digits.chars();
        let mut text = ".".to_owned();
        let mut tail = String::new();
        let mut optional = 0;
        for token in &self.decimals {
            match token {
                Token::Digit(kind) => {
                    text.push(digits.next().unwrap_or('0'));
                    optional = if *kind == '0' { 0 } else { optional + 1 };
                }
                token => tail.push(token.text()),
            }
        }
        while optional > 0 && text.ends_with('0') {
            text.pop();
            optional -= 1;
        }
        text + &tail
    }
}

impl Token {
    fn text(&self) -> char {
        match self {
            Self::Digit(c) | Self::Text(c) => *c,
            Self::General => ' ',
        }
    }
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn numbers_are_shown_by_their_format() {
        let shown = |number, code| shown(number, code).unwrap_or_default();
        assert_eq!(shown(0.025, "0.0%"), "2.5%");
        assert_eq!(shown(1.0, "0%"), "100%");
        assert_eq!(shown(1599.5, "#,##0.00\\ \"€\""), "1,599.50 €");
        assert_eq!(shown(-20.0, "#,##0.00\\ \"€\""), "-20.00 €");
        assert_eq!(shown(-1234.5, "#,##0.00_);[Red]\\(#,##0.00\\)"), "(1,234.50)");
        assert_eq!(shown(-1234.5, "_-[$£-809]* #,##0.00_-;-[$£-809]* #,##0.00_-"), "-£ 1,234.50");
        assert_eq!(shown(742.0, "00000"), "00742");
        assert_eq!(shown(1_234_567_890.0, "000-000-0000"), "123-456-7890");
        assert_eq!(shown(1_500_000.0, "0.0,,\"M\""), "1.5M");
        assert_eq!(shown(2.5, "0.##"), "2.5");
        assert_eq!(shown(1.005, "0.00"), "1.01");
        assert_eq!(shown(0.0, "0;-0;\"none\""), "none");
        assert_eq!(shown(12.0, "0\" kg\""), "12 kg");
        assert_eq!(shown(5.0, "General\" kg\""), "5 kg");
        assert_eq!(shown(-0.5, "General\" kg\""), "-0.5 kg");
        for none in ["General", "GENERAL", "yyyy-mm-dd", "@", "[h]:mm", "[>100]0"] {
            assert_eq!(super::shown(1.5, none), None, "{none}");
        }
    }

    #[test]
    fn what_is_below_zero_says_so() {
        let shown = |number, code| shown(number, code).unwrap_or_default();
        for (code, expected) in [
            ("0.00;[Red]0.00", "-1500.00"),
            ("#,##0;[Red]#,##0", "-1,500"),
            ("#,##0.00_);[Red]#,##0", "-1,500"),
            ("#,##0\\ \"€\";[Red]#,##0\\ \"€\"", "-1,500 €"),
            ("[Color10]0;[Magenta]0", "-1500"),
            ("0;[Red]-0", "-1500"),
            ("0;[Red]\\(0\\)", "(1500)"),
            ("0\" CR\";0\" DR\"", "1500 DR"),
            ("General;[Red]-General", "-1500"),
            ("0;\"below zero\"", "below zero"),
        ] {
            assert_eq!(shown(-1500.0, code), expected, "{code}");
        }
        assert_eq!(shown(-0.05, "0.0%;[Red]0.0%"), "-5.0%");
        assert_eq!(shown(-1.5, "# ?/?;[Red]# ?/?"), "-1 1/2");
    }

    #[test]
    fn sections_may_have_conditions() {
        let shown = |number, code| shown(number, code).unwrap_or_default();
        for (number, code, expected) in [
            (-1234.0, "[<0]\"minus \"0;0", "minus 1234"),
            (5.0, "[<0]\"minus \"0;0", "5"),
            (-1234.0, "[>=1000]#,##0;0", "-1234"),
            (1234.0, "[>=1000]#,##0;0", "1,234"),
            (-1234.0, "[Red][<0]-0;0", "-1234"),
            (-5.0, "[>100]0.0;[<-100]0.0;0", "-5"),
            (-150.0, "[>100]0.0;[<-100]0.0;0", "-150.0"),
            (0.5, "[<1]0.0%;0", "50.0%"),
            (-3.0, "[=0]\"nil\";0", "-3"),
            (0.0, "[=0]\"nil\";0", "nil"),
            (-7.0, "[>0]0;0;\"none\"", "-7"),
            (1.0, "[=1]0\" day\";0\" days\"", "1 day"),
            (3.0, "[=1]0\" day\";0\" days\"", "3 days"),
            (2_500_000.0, "[>=1000000]0.0,,\"M\";[>=1000]0.0,\"K\";0", "2.5M"),
            (1_500.0, "[>=1000000]0.0,,\"M\";[>=1000]0.0,\"K\";0", "1.5K"),
            (12.0, "[>=1000000]0.0,,\"M\";[>=1000]0.0,\"K\";0", "12"),
        ] {
            assert_eq!(shown(number, code), expected, "{number} in {code}");
        }
    }
}
