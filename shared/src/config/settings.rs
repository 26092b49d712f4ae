//! The settings as they are set, for backups.

use std::cell::RefCell;

use secrecy::SecretString;

use super::reader::Reader;
use super::{Config, environment};

/// A setting that is set.
#[derive(Debug, Clone)]
pub struct Setting {
    pub name: String,
    pub value: SecretString,
    /// Whether it is a secret, or an address that may contain a password.
    pub secret: bool,
}

impl Config {
    /// The settings in the process environment that this program reads.
    pub fn settings() -> Vec<Setting> {
        settings(&environment)
    }
}

fn settings(lookup: &dyn Fn(&str) -> Option<String>) -> Vec<Setting> {
    let asked = RefCell::new(Vec::new());
    let recorded = |name: &str| {
        let value = lookup(name).filter(|value| !value.is_empty())?;
        asked.borrow_mut().push((name.to_owned(), value.clone()));
        Some(value)
    };
    let mut read = Reader::new(&recorded);
    Config::read_all(&mut read);
    let secrets = read.secrets().to_vec();
    let mut asked = asked.take();
    asked.retain(|(name, _)| name != "PATH");
    asked.dedup();
    let setting = |(name, value): (String, String)| {
        let secret = secrets.contains(&name.as_str());
        Setting { name, value: value.into(), secret }
    };
    asked.into_iter().map(setting).collect()
}

#[cfg(test)]
mod tests {
    use super::settings;

    #[test]
    fn what_is_set_is_told_and_what_is_secret() {
        let told = settings(&|name| match name {
            "COLLABRY_MAX_PAGES" => Some("7".to_owned()),
            "MONGODB_URI" => Some("mongodb://a:b@c/d".to_owned()),
            "COLLABRY_JWT_SECRET" => Some("x".repeat(40)),
            "PATH" => Some("/bin".to_owned()),
            "COLLABRY_BIND" => Some(String::new()),
            _ => None,
        });
        let mut told: Vec<_> = told.iter().map(|one| (one.name.as_str(), one.secret)).collect();
        told.sort_unstable();
        assert_eq!(told, [("COLLABRY_JWT_SECRET", true), ("COLLABRY_MAX_PAGES", false), ("MONGODB_URI", true)]);
    }
}
