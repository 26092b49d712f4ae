//! Which passwords a new account may have.

use std::collections::HashSet;

const MIN_CHARS: usize = 10;
/// Argon2 takes any length; this keeps a request from costing more than it should.
const MAX_CHARS: usize = 256;
/// How many characters must remain without what people commonly put into passwords.
const MIN_OWN_CHARS: usize = 5;

/// Those that are tried first, in the letters that they are written with when digits stand for letters.
const COMMON: &str = include_str!("common_passwords.txt");

/// A sentence that says what is wrong. `about` is what others know of the person: it makes no password.
pub fn check(password: &str, about: &[&str]) -> Result<(), &'static str> {
    if !(MIN_CHARS..=MAX_CHARS).contains(&password.chars().count()) {
        return Err("Use 10 to 256 characters.");
    }
    if own_chars(password, about) < MIN_OWN_CHARS {
        return Err("This password is easy to guess. Choose a longer one, such as three or four words.");
    }
    Ok(())
}

/// Characters beside common words, what is known of the person, sequences and repetitions.
fn own_chars(password: &str, about: &[&str]) -> usize {
    let lower = password.to_lowercase();
    let known = about.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric())).map(str::to_lowercase);
    let mut words: Vec<String> = COMMON.split_whitespace().map(str::to_owned).chain(known).collect();
    words.retain(|word| word.chars().count() > 2);
    words.sort_unstable_by_key(|word| std::cmp::Reverse(word.len()));
    let rest = |text: String| words.iter().fold(text, |text, word| text.replace(word.as_str(), "\0"));
    // As it is, and then with the letters that digits and signs stand for.
    let as_it_is = rest(lower);
    let spelled = rest(as_it_is.chars().map(letter).collect());
    changes(&as_it_is).min(changes(&spelled))
}

fn letter(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

/// Characters that do not follow from those before them: as the same, as a neighbour in the alphabet, or as a pair that
/// was there already.
fn changes(text: &str) -> usize {
    let mut pairs = HashSet::new();
    let mut before = None;
    let mut changes = 0;
    for now in text.chars().filter(|c| *c != '\0') {
        let follows = before.is_some_and(|before| {
            let next = u32::from(now).abs_diff(u32::from(before)) <= 1;
            !pairs.insert((before, now)) || next
        });
        changes += usize::from(!follows);
        before = Some(now);
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn what_everybody_tries_first_is_no_password() {
        let common =
            ["12345678", "1234567890", "password123", "qwertyuiop", "aaaaaaaaaaaa", "iloveyou123", "Passw0rd123"];
        for password in
            common.into_iter().chain(["lovelace1815", "adalovelace", "adaexample", "abababababab", "P@$$w0rd2024"])
        {
            assert!(check(password, &["ada@example.org", "Ada Lovelace"]).is_err(), "{password}");
        }
    }

    #[test]
    fn words_that_do_not_belong_together_are_one() {
        for password in
            ["correct horse battery", "korrektes Pferd", "tk9-vqmz2-wq", "日本語のパスワードです", "Sup3rSecret!Pass"]
        {
            assert_eq!(check(password, &["ada@example.org", "Ada"]), Ok(()), "{password}");
        }
    }
}
