//! Newtype ids: UUID version 7, so that they sort by the time they were made.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A fresh id.
            #[expect(clippy::new_without_default, reason = "an id is never a default value")]
            #[expect(clippy::disallowed_methods, reason = "the one place where ids are made")]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )+};
}

id!(
    UserId,
    /// A signed-in device: the life of one refresh token and its rotations.
    SessionId,
    NotebookId,
    /// Follows from what it invites whom to, and when.
    InvitationId,
    SourceId,
    ConversationId,
    MessageId,
    GenerationId,
    NotificationId,
    /// One sending of a file.
    UploadId,
    /// A process that holds leases.
    OwnerId,
    /// A request, in its log lines and in its error.
    RequestId,
);

impl InvitationId {
    /// From a hash, or what is as good as one.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }
}
