//! New accounts.

use collabry_shared::auth::{Email, User, UserRepo};
use collabry_shared::clock::Clock;
use collabry_shared::ids::UserId;
use collabry_shared::storage::StoreError;
use secrecy::SecretString;

use super::passwords::{PasswordError, Passwords};
use crate::http::ApiError;

pub const MAX_NAME_CHARS: usize = 80;

/// What an account is made from.
#[derive(Debug)]
pub struct NewAccount {
    pub email: Email,
    pub name: String,
    pub password: SecretString,
}

#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    #[error("an account with this email address already exists")]
    EmailTaken,
    #[error(transparent)]
    Password(#[from] PasswordError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<AccountError> for ApiError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::EmailTaken => {
                Self::conflict("email_taken", "An account with this email already exists. Sign in instead.")
            }
            AccountError::Password(error) => error.into(),
            AccountError::Store(error) => error.into(),
        }
    }
}

/// Stores an account.
pub async fn create(
    users: &dyn UserRepo,
    passwords: &Passwords,
    clock: &dyn Clock,
    new: NewAccount,
) -> Result<User, AccountError> {
    // The index knows one spelling of an address, and this one all.
    if users.by_email(&new.email).await?.is_some() {
        return Err(AccountError::EmailTaken);
    }
    let password_hash = passwords.hash(new.password).await?;
    let (id, created_at) = (UserId::new(), clock.now());
    let user =
        User { id, email: new.email, name: new.name, password_hash, created_at, verified_at: None, admin: false };
    users.create(&user).await.map_err(|error| match error {
        StoreError::Conflict(_) => AccountError::EmailTaken,
        other => AccountError::Store(other),
    })?;
    Ok(user)
}
