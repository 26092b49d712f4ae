//! The sentences that refused callers read.

use collabry_shared::limits::Rule;

/// Says what was too much, and how long to wait.
pub fn sentence(rule: Rule, seconds: u32) -> String {
    let what = match rule {
        Rule::Anonymous => "Too many requests from your address",
        Rule::SignIn | Rule::Account => "Too many attempts to sign in to this account",
        Rule::Api | Rule::Events => "Too many requests",
        Rule::Messages => "Too many messages at once",
        Rule::Uploads => "Too many sources added within an hour",
        Rule::Codes => "Too many codes tried",
        Rule::Invitations => "Too many invitations within an hour",
        Rule::Exports => "Too many exports within an hour",
    };
    format!("{what}. Try again in {}.", wait(seconds))
}

/// Formats seconds in a suitable unit.
pub fn wait(seconds: u32) -> String {
    match seconds {
        0 | 1 => "a second".to_owned(),
        2..=90 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}

#[cfg(test)]
mod tests {
    use collabry_shared::limits::Rule;

    use super::sentence;

    #[test]
    fn a_wait_is_told_in_words_of_its_size() {
        let end = |seconds| sentence(Rule::Api, seconds).split(" in ").last().unwrap().to_owned();
        let told = [1, 2, 90, 91, 180, 181].map(end);
        assert_eq!(told, ["a second.", "2 seconds.", "90 seconds.", "2 minutes.", "3 minutes.", "4 minutes."]);
    }
}
