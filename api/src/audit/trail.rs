//! What is found out of a request on its way, for the lines that are written of it.

use std::convert::Infallible;
use std::fmt::Display;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use collabry_shared::ids::UserId;

/// Of one request. Cheap to clone: all clones are one.
#[derive(Debug, Clone, Default)]
pub struct Trail(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
pub struct Known {
    pub actor: Option<UserId>,
    pub object: Option<String>,
    pub client: Option<String>,
}

impl Trail {
    /// Who acts, proven.
    pub fn by(&self, actor: UserId) {
        self.known().actor = Some(actor);
    }

    /// What it is about, where the path does not say it.
    pub fn about(&self, object: impl Display) {
        self.known().object = Some(object.to_string());
    }

    /// From where, as far as proxies are believed.
    pub fn address(&self, client: impl Display) {
        self.known().client = Some(client.to_string());
    }

    /// Id of who acts, and the address that they come from, as a line of the log has them.
    pub fn who(&self) -> (Option<String>, Option<String>) {
        let known = self.known();
        (known.actor.map(|actor| actor.to_string()), known.client.clone())
    }

    pub(super) fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Sync> FromRequestParts<S> for Trail {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}
