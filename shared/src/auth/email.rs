//! E-mail addresses in one normal form.

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

/// An address: trimmed, NFC, lower case, its domain in Unicode (UTS 46), so that equal addresses are equal strings.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

#[derive(Debug, thiserror::Error)]
#[error("not a valid email address")]
pub struct InvalidEmail;

/// RFC 5321, 4.5.3.1.3: a path is at most 256 octets with its brackets.
const MAX_BYTES: usize = 254;

impl Email {
    /// Accepts `local@domain` with a dot or a plain host name in the domain; whether mail arrives is for mail to show.
    pub fn parse(text: &str) -> Result<Self, InvalidEmail> {
        let (local, domain) = text.trim().rsplit_once('@').ok_or(InvalidEmail)?;
        let local = local.nfc().collect::<String>().to_lowercase();
        let ascii = idna::domain_to_ascii(domain).map_err(|_| InvalidEmail)?;
        let (domain, readable) = idna::domain_to_unicode(&ascii);
        readable.map_err(|_| InvalidEmail)?;
        let domain_ok = !domain.is_empty()
            && domain.split('.').all(|label| {
                !label.is_empty()
                    && !label.starts_with('-')
                    && !label.ends_with('-')
                    && label.chars().all(|c| c.is_alphanumeric() || c == '-')
            });
        let local_ok = !local.is_empty()
            && local.chars().all(|c| !c.is_whitespace() && !c.is_control() && !"@<>()[],;:\\\"".contains(c));
        let address = format!("{local}@{domain}");
        let short = address.len() <= MAX_BYTES && local.len() + 1 + ascii.len() <= MAX_BYTES;
        if domain_ok && local_ok && short { Ok(Self(address)) } else { Err(InvalidEmail) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// With its domain in ASCII: earlier versions stored it as it was typed.
    pub fn in_ascii(&self) -> String {
        let (local, domain) = self.0.rsplit_once('@').unwrap_or((&self.0, ""));
        let ascii = idna::domain_to_ascii(domain);
        format!("{local}@{}", ascii.as_deref().unwrap_or(domain))
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
    fn a_domain_has_one_form_however_it_is_spelled() {
        let one = Email::parse("info@münchen.de").unwrap();
        let spellings =
            ["info@xn--mnchen-3ya.de", "Info@XN--MNCHEN-3YA.DE", "info@mu\u{308}nchen.de", "info@ｍünchen。de"];
        for spelling in spellings {
            assert_eq!(Email::parse(spelling).unwrap(), one, "{spelling}");
        }
        assert_eq!((one.as_str(), &*one.in_ascii()), ("info@münchen.de", "info@xn--mnchen-3ya.de"));
        assert_ne!(Email::parse("info@munchen.de").unwrap(), one);
    }

    #[test]
    fn rejects_what_cannot_be_an_address() {
        for bad in ["", "ada", "@example.org", "ada@", "a b@example.org", "ada@-x.org", "ada@x..org", "<ada@x.org>"] {
            assert!(Email::parse(bad).is_err(), "{bad:?}");
        }
        assert!(Email::parse(&format!("{}@example.org", "a".repeat(250))).is_err());
    }
}
