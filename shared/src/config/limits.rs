//! The settings of limits on callers.

use std::num::NonZeroU32;
use std::time::Duration;

use ipnet::IpNet;

use super::reader::Reader;
use crate::generations::Allowance;
use crate::limits::{Quota, Rule};

const MINUTE: Duration = Duration::from_mins(1);
const QUARTER: Duration = Duration::from_mins(15);
const HOUR: Duration = Duration::from_hours(1);
const MOST: u64 = 1_000_000;

/// `None` and 0: no limit.
#[derive(Debug, Clone)]
pub struct LimitsConfig {
    /// `COLLABRY_LIMIT_ANONYMOUS`: in 15 minutes, per address.
    pub anonymous: Option<Quota>,
    /// `COLLABRY_LIMIT_SIGN_IN`: in 15 minutes, per address and account.
    pub sign_in: Option<Quota>,
    /// `COLLABRY_LIMIT_ACCOUNT`: attempts to sign in, in an hour, per account from all addresses together.
    pub account: Option<Quota>,
    /// `COLLABRY_LIMIT_API`: in 15 minutes, per user.
    pub api: Option<Quota>,
    /// `COLLABRY_LIMIT_EVENTS`: in a minute, per user.
    pub events: Option<Quota>,
    /// `COLLABRY_LIMIT_MESSAGES`: in a minute, per user.
    pub messages: Option<Quota>,
    /// `COLLABRY_LIMIT_UPLOADS`: in an hour, per user.
    pub uploads: Option<Quota>,
    /// `COLLABRY_LIMIT_CODES`: in an hour, per user.
    pub codes: Option<Quota>,
    /// `COLLABRY_LIMIT_INVITATIONS`: in an hour, per user.
    pub invitations: Option<Quota>,
    /// `COLLABRY_LIMIT_EXPORTS`: in an hour, per user.
    pub exports: Option<Quota>,
    /// `COLLABRY_LIMIT_UNFINISHED_ANSWERS`, `COLLABRY_LIMIT_DAILY_ANSWERS`, `COLLABRY_LIMIT_DAILY_ANSWERS_OF_ALL`: how many
    /// answers a user may wait for at a time, and how many a user and all users together may request in a day.
    pub answers: Allowance,
    /// `COLLABRY_LIMIT_FLOOD`: requests of any kind in a second, per address.
    pub flood: u32,
    /// `COLLABRY_LIMIT_SOCKETS`: sockets of one user at a time, on each replica.
    pub sockets: u32,
    /// `COLLABRY_LIMIT_SOCKET_EVENTS`: events of one socket in a second.
    pub socket_events: u32,
    /// `COLLABRY_LIMIT_CONNECTIONS`: connections at a time, in total, on each replica.
    pub connections: u32,
    /// `COLLABRY_LIMIT_ADDRESS_CONNECTIONS`: connections from one address, unless it is a trusted proxy's.
    pub address_connections: u32,
    /// `COLLABRY_TRUSTED_PROXIES`: proxies whose `X-Forwarded-For` is trusted.
    pub trusted_proxies: Vec<IpNet>,
}

impl LimitsConfig {
    pub(super) fn read(read: &mut Reader<'_>) -> Self {
        Self {
            anonymous: quota(read, "COLLABRY_LIMIT_ANONYMOUS", 100, QUARTER),
            sign_in: quota(read, "COLLABRY_LIMIT_SIGN_IN", 5, QUARTER),
            account: quota(read, "COLLABRY_LIMIT_ACCOUNT", 100, HOUR),
            api: quota(read, "COLLABRY_LIMIT_API", 1200, QUARTER),
            events: quota(read, "COLLABRY_LIMIT_EVENTS", 300, MINUTE),
            messages: quota(read, "COLLABRY_LIMIT_MESSAGES", 60, MINUTE),
            uploads: quota(read, "COLLABRY_LIMIT_UPLOADS", 20, HOUR),
            codes: quota(read, "COLLABRY_LIMIT_CODES", 20, HOUR),
            invitations: quota(read, "COLLABRY_LIMIT_INVITATIONS", 100, HOUR),
            exports: quota(read, "COLLABRY_LIMIT_EXPORTS", 10, HOUR),
            answers: Allowance {
                unfinished: count(read, "COLLABRY_LIMIT_UNFINISHED_ANSWERS", 3),
                daily: count(read, "COLLABRY_LIMIT_DAILY_ANSWERS", 500),
                daily_of_all: count(read, "COLLABRY_LIMIT_DAILY_ANSWERS_OF_ALL", 20_000),
            },
            flood: count(read, "COLLABRY_LIMIT_FLOOD", 100),
            sockets: count(read, "COLLABRY_LIMIT_SOCKETS", 100),
            socket_events: count(read, "COLLABRY_LIMIT_SOCKET_EVENTS", 50),
            connections: count(read, "COLLABRY_LIMIT_CONNECTIONS", 20_000),
            address_connections: count(read, "COLLABRY_LIMIT_ADDRESS_CONNECTIONS", 1000),
            trusted_proxies: read.networks("COLLABRY_TRUSTED_PROXIES"),
        }
    }

    pub fn quota(&self, rule: Rule) -> Option<Quota> {
        match rule {
            Rule::Anonymous => self.anonymous,
            Rule::SignIn => self.sign_in,
            Rule::Account => self.account,
            Rule::Api => self.api,
            Rule::Events => self.events,
            Rule::Messages => self.messages,
            Rule::Uploads => self.uploads,
            Rule::Codes => self.codes,
            Rule::Invitations => self.invitations,
            Rule::Exports => self.exports,
        }
    }
}

fn count(read: &mut Reader<'_>, variable: &'static str, default: u64) -> u32 {
    u32::try_from(read.number(variable, default, 0..=MOST)).unwrap_or(u32::MAX)
}

fn quota(read: &mut Reader<'_>, variable: &'static str, default: u64, window: Duration) -> Option<Quota> {
    NonZeroU32::new(count(read, variable, default)).map(|count| Quota { count, window })
}
