//! Passwords: Argon2id, off the async threads, few at a time.

use std::num::NonZero;
use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;

use crate::http::ApiError;

#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    #[error("too many sign-ins at once; try again in a moment")]
    Busy,
    #[error("hashing failed: {0}")]
    Hashing(String),
}

impl From<PasswordError> for ApiError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => Self::busy(),
            PasswordError::Hashing(_) => Self::internal(error),
        }
    }
}

fn hashing(error: impl std::fmt::Display) -> PasswordError {
    PasswordError::Hashing(error.to_string())
}

/// A hash takes 19 MiB and about 20 ms of a core. Half of the cores at most work on them, so that a flood of sign-ins leaves
/// the other half for other requests. Further hashes wait their turn.
fn concurrent() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    (cores / 2).max(1)
}

/// More waiting than this is an attack or an overload: refused.
const WAITING: usize = 256;

/// Verified when the account does not exist, so that the answer takes as long as for one that does.
const DUMMY: &str = "$argon2id$v=19$m=19456,t=2,p=1$Y29sbGFicnktZHVtbXkh$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A random password for an account that an operator creates.
pub fn random_password() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 12]>())
}

#[derive(Debug, Clone)]
pub struct Passwords {
    admitted: Arc<Semaphore>,
    running: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        let running = concurrent();
        Self { admitted: Arc::new(Semaphore::new(running + WAITING)), running: Arc::new(Semaphore::new(running)) }
    }
}

impl Passwords {
    /// A PHC string.
    pub async fn hash(&self, password: SecretString) -> Result<SecretString, PasswordError> {
        self.run(move || {
            let hash = Argon2::default().hash_password(password.expose_secret().as_bytes());
            hash.map(|hash| hash.to_string().into()).map_err(hashing)
        })
        .await?
    }

    /// Whether `password` is the one behind `hash`; `None` for an account that does not exist.
    pub async fn verify(&self, password: SecretString, hash: Option<SecretString>) -> Result<bool, PasswordError> {
        self.run(move || {
            let known = hash.is_some();
            let hash = hash.as_ref().map_or(DUMMY, |hash| hash.expose_secret());
            let parsed = PasswordHash::new(hash).map_err(hashing)?;
            let right = Argon2::default().verify_password(password.expose_secret().as_bytes(), &parsed).is_ok();
            Ok(right && known)
        })
        .await?
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, PasswordError> {
        let _admitted = self.admitted.try_acquire().map_err(|_| PasswordError::Busy)?;
        let _running = self.running.acquire().await.map_err(hashing)?;
        tokio::task::spawn_blocking(work).await.map_err(hashing)
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::Passwords;

    #[tokio::test]
    async fn only_the_right_password_of_a_known_account_verifies() {
        let passwords = Passwords::default();
        let hash = passwords.hash("correct horse".into()).await.unwrap();
        assert!(hash.expose_secret().starts_with("$argon2id$"));
        assert!(passwords.verify("correct horse".into(), Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify("wrong horse".into(), Some(hash)).await.unwrap());
        assert!(!passwords.verify("correct horse".into(), None).await.unwrap());
    }
}
