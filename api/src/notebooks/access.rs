//! Rights in a notebook, proven by type: a handler that takes `NotebookAccess<Editor>` cannot run for a viewer.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use collabry_shared::ids::{NotebookId, UserId};
use collabry_shared::notebooks::Role;

use crate::auth::Identity;
use crate::http::{ApiError, ApiResult, path};
use crate::state::ApiState;

/// The least role that an access needs.
pub trait AtLeast: Send + Sync {
    const ROLE: Role;
    const NAME: &'static str;
}

macro_rules! at_least {
    ($($name:ident = $text:literal),+) => {$(
        #[derive(Debug, Clone, Copy)]
        pub struct $name;

        impl AtLeast for $name {
            const ROLE: Role = Role::$name;
            const NAME: &'static str = $text;
        }
    )+};
}

at_least!(Viewer = "member", Editor = "editor", Owner = "owner");

/// Proof that `user_id` is a member of the notebook with at least the role `R`.
#[derive(Debug, Clone, Copy)]
pub struct NotebookAccess<R> {
    pub notebook_id: NotebookId,
    pub user_id: UserId,
    pub role: Role,
    proof: PhantomData<R>,
}

impl<R: AtLeast> NotebookAccess<R> {
    /// 404 for those who are no members, 403 for members whose role is too small.
    pub async fn prove(state: &ApiState, user_id: UserId, notebook_id: NotebookId) -> ApiResult<Self> {
        let role = state.stores.members.role_of(notebook_id, user_id).await?.ok_or_else(ApiError::not_found)?;
        Self::of(notebook_id, user_id, role)
    }

    /// What a member may by the role that the store just gave: 403 when it is too small.
    pub fn of(notebook_id: NotebookId, user_id: UserId, role: Role) -> ApiResult<Self> {
        if role < R::ROLE {
            return Err(ApiError::role_too_small(R::NAME));
        }
        Ok(Self { notebook_id, user_id, role, proof: PhantomData })
    }
}

/// From the path parameter `notebookId`.
impl<R: AtLeast> FromRequestParts<ApiState> for NotebookAccess<R> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        let identity = Identity::from_request_parts(parts, state).await?;
        let notebook_id = path::param(parts, state, "notebookId").await?;
        Self::prove(state, identity.user_id, notebook_id).await
    }
}
