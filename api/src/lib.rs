//! The api: REST, server-sent events, Socket.IO, and the web client's files. Stateless.

mod access_log;
mod admin;
mod app;
mod audit;
mod auth;
mod bounds;
mod conversations;
mod generations;
mod health;
mod http;
mod limits;
mod metrics;
mod models;
mod notebooks;
mod notices;
mod notifications;
mod openapi;
mod realtime;
mod search;
mod sources;
mod state;
mod text;
mod usage;
mod web;

pub use self::admin::command::{self as account_command, AccountCommand, AdminCommand};
pub use self::app::{App, AppParts};
pub use self::auth::accounts::{self, AccountError, NewAccount};
pub use self::auth::{PasswordError, Passwords, random_password};
