//! New accounts.

use collabry_shared::auth::{Credentials, Email, Name, User, UserRepo};
use collabry_shared::clock::Clock;
use collabry_shared::storage::StoreError;
use secrecy::SecretString;

use super::passwords::{PasswordError, Passwords};
use crate::http::{ApiError, Code};

/// What an account is made from.
#[derive(Debug)]
pub struct NewAccount {
    pub email: Email,
    pub name: Name,
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
            AccountError::EmailTaken => Code::EmailTaken.into(),
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
) -> Result<Credentials, AccountError> {
    // The index knows one spelling of an address, this look-up knows all.
    if users.by_email(&new.email).await?.is_some() {
        return Err(AccountError::EmailTaken);
    }
    let password_hash = passwords.hash(new.password).await?;
    let user = User::new(new.email, new.name, clock.now());
    users.create(&user, &password_hash).await.map_err(|error| match error {
        StoreError::Conflict(_) => AccountError::EmailTaken,
        other => AccountError::Store(other),
    })?;
    Ok(Credentials { user, password_hash })
}
