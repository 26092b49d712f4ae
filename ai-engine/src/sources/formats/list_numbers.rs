//! List numbers as Office writes them.

use super::number_words;

/// The most repetitions of a letter (a, aa, aaa …).
const MAX_ROUNDS: usize = 30;

/// The number in the style of a list.
pub fn formatted(number: i64, format: &str) -> String {
    match format {
        "none" => String::new(),
        "lowerLetter" => letters(number).to_lowercase(),
        "upperLetter" => letters(number),
        "lowerRoman" => roman(number).to_lowercase(),
        "upperRoman" => roman(number),
        "decimalZero" if (0..10).contains(&number) => format!("0{number}"),
        "ordinal" => format!("{number}{}", ending(number)),
        "ordinalText" => number_words::ordinal(number).unwrap_or_else(|| number.to_string()),
        "cardinalText" => number_words::cardinal(number).unwrap_or_else(|| number.to_string()),
        "hebrew1" => number_words::hebrew(number).unwrap_or_else(|| number.to_string()),
        "hex" => format!("{number:X}"),
        "numberInDash" => format!("- {number} -"),
        _ => in_script(number, format).unwrap_or_else(|| number.to_string()),
    }
}

/// In the characters of a script. After the last letter they start again doubled, like Latin letters.
fn in_script(number: i64, format: &str) -> Option<String> {
    if let Some(text) = number_words::counted(number, format).or_else(|| number_words::digits(number, format)) {
        return Some(text);
    }
    let signs: Vec<char> = number_words::signs(format)?.chars().collect();
    let place = usize::try_from(number).ok()?.checked_sub(1)?;
    let round = place / signs.len();
    let is_doubled = !format.contains("Enclosed") && round < MAX_ROUNDS;
    (round == 0 || is_doubled).then(|| std::iter::repeat_n(signs[place % signs.len()], round + 1).collect())
}

/// A to Z, then AA, BB.
fn letters(number: i64) -> String {
    if !(1..=780).contains(&number) {
        return number.to_string();
    }
    let (round, place) = ((number - 1) / 26, (number - 1) % 26);
    let letter = u8::try_from(place).map_or('A', |place| char::from(b'A' + place));
    std::iter::repeat_n(letter, usize::try_from(round + 1).unwrap_or(1)).collect()
}

fn roman(number: i64) -> String {
    const SIGNS: [(i64, &str); 13] = [
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    if !(1..5000).contains(&number) {
        return number.to_string();
    }
    let (mut rest, mut text) = (number, String::new());
    for (value, sign) in SIGNS {
        while rest >= value {
            text.push_str(sign);
            rest -= value;
        }
    }
    text
}

fn ending(number: i64) -> &'static str {
    match (number % 100, number % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    }
}

/// The number of a slide's paragraph in its list, with a space behind it.
pub fn next_number(numbers: &mut Vec<i64>, depth: usize, numbering: Option<(String, i64)>, is_empty: bool) -> String {
    let Some((kind, start)) = numbering.filter(|_| !is_empty) else {
        if !is_empty {
            numbers.truncate(depth);
        }
        return String::new();
    };
    numbers.truncate(depth + 1);
    let number = match numbers.get(depth) {
        Some(number) if numbers.len() == depth + 1 && *number >= start => number + 1,
        _ => start,
    };
    // Depths in between that are not numbered.
    numbers.resize(depth + 1, i64::MIN);
    numbers[depth] = number;
    let format = match kind.as_str() {
        kind if kind.starts_with("alphaLc") => "lowerLetter",
        kind if kind.starts_with("alphaUc") => "upperLetter",
        kind if kind.starts_with("romanLc") => "lowerRoman",
        kind if kind.starts_with("romanUc") => "upperRoman",
        _ => "decimal",
    };
    let (before, after) = match kind.as_str() {
        kind if kind.ends_with("ParenBoth") => ("(", ")"),
        kind if kind.ends_with("ParenR") => ("", ")"),
        kind if kind.ends_with("Plain") => ("", ""),
        _ => ("", "."),
    };
    format!("{before}{}{after} ", formatted(number, format))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_many_ways() {
        assert_eq!([4, 9, 14, 1990].map(roman), ["IV", "IX", "XIV", "MCMXC"]);
        assert_eq!([1, 26, 27].map(letters), ["A", "Z", "AA"]);
        assert_eq!(formatted(3, "decimalZero") + &formatted(22, "ordinal"), "0322nd");
    }

    #[test]
    fn numbers_are_written_in_many_scripts() {
        let all = |format: &str, numbers: &[i64]| numbers.iter().map(|n| formatted(*n, format)).collect::<Vec<_>>();
        assert_eq!(
            all("japaneseCounting", &[1, 10, 12, 20, 105, 1203]),
            ["一", "十", "十二", "二十", "百五", "千二百三"]
        );
        assert_eq!(all("chineseCounting", &[3, 10, 21]), ["三", "十", "二十一"]);
        let thousand = all("chineseCountingThousand", &[9, 10, 11, 30, 105, 110, 1001]);
        assert_eq!(thousand, ["九", "十", "十一", "三十", "一百零五", "一百一十", "一千零一"]);
        assert_eq!(all("taiwaneseCountingThousand", &[14, 101]), ["十四", "一百零一"]);
        assert_eq!(all("koreanCounting", &[2, 11]), ["이", "십일"]);
        assert_eq!(all("ideographDigital", &[1, 10, 205]), ["一", "一〇", "二〇五"]);
        assert_eq!(all("japaneseLegal", &[1, 12]), ["壱", "壱拾弐"]);
        assert_eq!(all("chineseLegalSimplified", &[3, 10]), ["叁", "壹拾"]);
        assert_eq!(all("ideographTraditional", &[1, 10]), ["甲", "癸"]);
        assert_eq!(all("ideographZodiac", &[1, 12]), ["子", "亥"]);
        assert_eq!(all("aiueoFullWidth", &[1, 6, 46]), ["ア", "カ", "ン"]);
        assert_eq!(all("aiueo", &[2]), ["ｲ"]);
        assert_eq!(all("irohaFullWidth", &[1, 3]), ["イ", "ハ"]);
        assert_eq!(all("ganada", &[1, 4, 14]), ["가", "라", "하"]);
        assert_eq!(all("chosung", &[1, 4, 14]), ["ㄱ", "ㄹ", "ㅎ"]);
        assert_eq!(all("russianLower", &[1, 7, 10, 29]), ["а", "ж", "к", "я"]);
        assert_eq!(all("russianUpper", &[2, 30]), ["Б", "АА"]);
        assert_eq!(all("hebrew1", &[1, 15, 16, 21]), ["א", "טו", "טז", "כא"]);
        assert_eq!(all("arabicAlpha", &[1, 3]), ["أ", "ت"]);
        assert_eq!(all("arabicAbjad", &[1, 3]), ["أ", "ج"]);
        assert_eq!(
            all("ordinalText", &[1, 12, 20, 21, 100]),
            ["First", "Twelfth", "Twentieth", "Twenty-first", "One hundredth"]
        );
        assert_eq!(all("cardinalText", &[1, 40, 99, 342]), ["One", "Forty", "Ninety-nine", "Three hundred forty-two"]);
        assert_eq!(all("decimalFullWidth", &[12]), ["１２"]);
        assert_eq!(all("numberInDash", &[4]), ["- 4 -"]);
        assert_eq!(all("hex", &[26]), ["1A"]);
        assert_eq!(all("decimalEnclosedParen", &[3]), ["⑶"]);
        assert_eq!(all("decimalEnclosedFullstop", &[3]), ["⒊"]);
        assert_eq!(all("ideographEnclosedCircle", &[3]), ["㊂"]);
    }
}
