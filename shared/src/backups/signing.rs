//! Ed25519 signatures of backups.
//!
//! A key is the one line between the markers of OpenSSL's PEM file (RFC 8410), so that OpenSSL can check a signature too.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, ParsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The bytes before the 32 bytes of a public key; they say that it is an Ed25519 key.
const PUBLIC: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// The size of a signature.
pub const SIGNATURE_BYTES: usize = 64;

#[derive(Debug, thiserror::Error)]
#[error("this is not an Ed25519 key as collabry backup-key makes it")]
pub struct InvalidKey;

/// The secret key that signs backups. `Debug` shows the public key.
#[derive(Debug, Clone)]
pub struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    /// Generates a key. Fails only where there is no randomness.
    pub fn generate() -> Result<Self, InvalidKey> {
        Ed25519KeyPair::generate().map(Self).map_err(|_| InvalidKey)
    }

    /// The key in the format of `COLLABRY_BACKUP_SIGNING_KEY`.
    pub fn text(&self) -> Result<SecretString, InvalidKey> {
        let der: Pkcs8V1Der<'_> = self.0.as_der().map_err(|_| InvalidKey)?;
        Ok(STANDARD.encode(der.as_ref()).into())
    }

    pub fn signer(&self) -> Signer {
        let mut key = [0; 32];
        key.copy_from_slice(self.0.public_key().as_ref());
        Signer(key)
    }

    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(message).as_ref().to_vec()
    }
}

impl FromStr for SigningKey {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        let der = STANDARD.decode(text).map_err(|_| InvalidKey)?;
        Ed25519KeyPair::from_pkcs8(&der).map(Self).map_err(|_| InvalidKey)
    }
}

/// The public key that checks backups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer([u8; 32]);

impl Signer {
    /// Whether `signature` is the holder's signature of `message`.
    pub fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        ParsedPublicKey::new(&ED25519, self.0).is_ok_and(|key| key.verify_sig(message, signature).is_ok())
    }
}

impl FromStr for Signer {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        let der = STANDARD.decode(text).map_err(|_| InvalidKey)?;
        let key: [u8; 32] = der.strip_prefix(&PUBLIC).and_then(|key| key.try_into().ok()).ok_or(InvalidKey)?;
        ParsedPublicKey::new(&ED25519, key).map(|_| Self(key)).map_err(|_| InvalidKey)
    }
}

impl fmt::Display for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode([&PUBLIC[..], &self.0].concat()))
    }
}

impl Serialize for Signer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Signer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use secrecy::ExposeSecret as _;

    use super::{STANDARD, Signer, SigningKey};

    /// Made by `openssl genpkey -algorithm ed25519`, and the signature of "Rivers flow.\n" by `openssl pkeyutl -sign -rawin`.
    const SECRET: &str = "MC4CAQAwBQYDK2VwBCIEIOOGqVmQ3WB3f1TzJj5la49vgwRFSMqnyNjL4dLfJVJT";
    const PUBLIC: &str = "MCowBQYDK2VwAyEAIZCaAtQsvaQpuwH3cM4qM6KuZkSyv967glRcPwwQ6Q8=";
    const SIGNATURE: &str = "xmuiMmu0twsXw+H1/UtLuMA33SXvcmKurDKx17U6GCWXylag9Bk/xtZFUVlqfN7dXk4lr4MF9a8QuC8aZcWwDg==";

    #[test]
    fn keys_and_signatures_are_those_of_openssl() {
        let key: SigningKey = SECRET.parse().unwrap();
        assert_eq!(key.text().unwrap().expose_secret(), SECRET);
        assert_eq!(key.signer().to_string(), PUBLIC);
        assert_eq!(PUBLIC.parse::<Signer>().unwrap(), key.signer());
        let signature = key.sign(b"Rivers flow.\n");
        assert_eq!(STANDARD.encode(&signature), SIGNATURE);
        assert!(key.signer().has_signed(b"Rivers flow.\n", &signature));
        assert!(!key.signer().has_signed(b"Rivers flow!\n", &signature));
        assert!(!SigningKey::generate().unwrap().signer().has_signed(b"Rivers flow.\n", &signature));
        assert!(!key.signer().has_signed(b"Rivers flow.\n", &signature[..63]));
    }

    #[test]
    fn a_half_is_not_taken_for_the_other_nor_shown() {
        assert!(PUBLIC.parse::<SigningKey>().is_err());
        assert!(SECRET.parse::<Signer>().is_err());
        for wrong in ["", "age1", &SECRET[1..], &PUBLIC[..40]] {
            assert!(wrong.parse::<SigningKey>().is_err() && wrong.parse::<Signer>().is_err(), "{wrong}");
        }
        let shown = format!("{:?}", SECRET.parse::<SigningKey>().unwrap());
        assert!(!shown.contains(&SECRET[24..]), "{shown}");
    }
}
