//! What people are told.

use collabry_shared::limits::Rule;

/// Says what there was too much of, and how long to wait.
pub fn sentence(rule: Rule, seconds: u32) -> String {
    let what = match rule {
        Rule::Anonymous => "There are too many requests from your address",
        Rule::SignIn | Rule::Account => "There were too many attempts to sign in to this account",
        Rule::Api | Rule::Events => "You ask for too much at once",
        Rule::Messages => "You send more messages than the server takes at once",
        Rule::Uploads => "You add more sources than the server takes in an hour",
        Rule::Codes => "You have tried too many codes",
        Rule::Invitations => "You have made more invitations than the server takes in an hour",
    };
    format!("{what}. Try again in {}.", wait(seconds))
}

/// A number of seconds in words of its size.
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
