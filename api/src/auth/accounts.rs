//! New accounts.

use collabry_shared::auth::{Email, User};
use collabry_shared::clock::Clock;
use collabry_shared::ids::UserId;
use collabry_shared::storage::{StoreError, Stores};
use secrecy::SecretString;

use super::passwords::{PasswordError, Passwords};
use crate::http::ApiError;

/// What an account is made from.
#[derive(Debug)]
pub struct NewAccount {
    pub email: Email,
    pub name: String,
    pub password: SecretString,
}

#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    #[error("there is an account with this e-mail address")]
    EmailTaken,
    #[error(transparent)]
    Password(#[from] PasswordError),
    #[error(transparent)]
    Store(StoreError),
}

impl From<AccountError> for ApiError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::EmailTaken => {
                Self::conflict("email_taken", "There is an account with this e-mail address. Sign in instead.")
            }
            AccountError::Password(error) => error.into(),
            AccountError::Store(error) => error.into(),
        }
    }
}

/// Stores an account. The notebooks that its address was invited to take it in when it signs in.
pub async fn create(
    stores: &Stores,
    passwords: &Passwords,
    clock: &dyn Clock,
    new: NewAccount,
) -> Result<User, AccountError> {
    let password_hash = passwords.hash(new.password).await?;
    let (id, created_at) = (UserId::new(), clock.now());
    let user = User { id, email: new.email, name: new.name, password_hash, created_at };
    stores.users.create(&user).await.map_err(|error| match error {
        StoreError::Conflict(_) => AccountError::EmailTaken,
        other => AccountError::Store(other),
    })?;
    Ok(user)
}
