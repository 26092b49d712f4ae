//! Numbers of lists as Office writes them.

/// The number as lists write it.
pub fn formatted(number: i64, format: &str) -> String {
    match format {
        "none" => String::new(),
        "lowerLetter" => letters(number).to_lowercase(),
        "upperLetter" => letters(number),
        "lowerRoman" => roman(number).to_lowercase(),
        "upperRoman" => roman(number),
        "decimalZero" if (0..10).contains(&number) => format!("0{number}"),
        "ordinal" => format!("{number}{}", ending(number)),
        "decimalEnclosedCircle" if (1..=20).contains(&number) => {
            u32::try_from(number).ok().and_then(|number| char::from_u32('①' as u32 + number - 1)).into_iter().collect()
        }
        _ => number.to_string(),
    }
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
}
