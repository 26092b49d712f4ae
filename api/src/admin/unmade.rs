//! Addresses that the settings call admins, and that give nobody the rights of one.

use collabry_shared::auth::{Email, UserRepo};

/// Says so in the log, once for each: an address alone makes nobody an admin.
pub async fn warn(users: &dyn UserRepo, named: &[Email]) {
    for email in named {
        match users.by_email(email).await {
            Ok(Some(user)) if user.admin || user.verified_at.is_some() => {}
            Ok(_) => tracing::warn!(
                %email,
                "COLLABRY_ADMIN_EMAILS names an address that is not an admin; make it one with the command `admin add`"
            ),
            Err(error) => tracing::warn!(%error, "the addresses of COLLABRY_ADMIN_EMAILS could not be looked up"),
        }
    }
}
