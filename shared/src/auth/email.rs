//! E-mail addresses in one normal form.

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

/// An address: trimmed, NFC, lower case, so that equal addresses are equal strings.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

#[derive(Debug, thiserror::Error)]
#[error("that is not an e-mail address")]
pub struct InvalidEmail;

/// RFC 5321, 4.5.3.1.3: a path is at most 256 octets with its brackets.
const MAX_BYTES: usize = 254;

impl Email {
    /// Accepts `local@domain` with a dot or a plain host name in the domain; whether mail arrives is for mail to show.
    pub fn parse(text: &str) -> Result<Self, InvalidEmail> {
        let address: String = text.trim().nfc().collect::<String>().to_lowercase();
        let (local, domain) = address.rsplit_once('@').ok_or(InvalidEmail)?;
        let domain_ok = !domain.is_empty()
            && domain.split('.').all(|label| {
                !label.is_empty()
                    && !label.starts_with('-')
                    && !label.ends_with('-')
                    && label.chars().all(|c| c.is_alphanumeric() || c == '-')
            });
        let local_ok = !local.is_empty()
            && local.chars().all(|c| !c.is_whitespace() && !c.is_control() && !"@<>()[],;:\\\"".contains(c));
        if domain_ok && local_ok && address.len() <= MAX_BYTES { Ok(Self(address)) } else { Err(InvalidEmail) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<String> for Email {
    type Error = InvalidEmail;

    fn try_from(text: String) -> Result<Self, InvalidEmail> {
        Self::parse(&text)
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}

#[cfg(test)]
mod tests {
    use super::Email;

    #[test]
    fn equal_addresses_have_one_form() {
        assert_eq!(Email::parse(" Ada@Example.ORG ").unwrap(), Email::parse("ada@example.org").unwrap());
    }

    #[test]
    fn rejects_what_cannot_be_an_address() {
        for bad in ["", "ada", "@example.org", "ada@", "a b@example.org", "ada@-x.org", "ada@x..org", "<ada@x.org>"] {
            assert!(Email::parse(bad).is_err(), "{bad:?}");
        }
        assert!(Email::parse(&format!("{}@example.org", "a".repeat(250))).is_err());
    }
}
