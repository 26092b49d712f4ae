//! What a refresh token is worth to its session.
//!
//! A session knows the token in force, the one before it, and who ever got a token of it (the family). The token before
//! stays good until the one in force was used: the answer that carried it may have been lost, however long ago. Any older
//! one is in two hands, and ends the session.

use jiff::{SignedDuration, Timestamp};

use super::{Session, TokenHash};
use crate::ids::SessionId;

/// Two tabs may refresh at once: for so long the one that came second gets no token of its own.
const RACE: SignedDuration = SignedDuration::from_secs(10);

/// A token as it was presented, hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Presented {
    pub token: TokenHash,
    /// The session that it says it is of, and the hash of what all tokens of that session have in common. Tokens of
    /// earlier versions say nothing.
    pub claim: Option<(SessionId, TokenHash)>,
}

/// Ordered: the best standing first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// The token in force.
    InForce,
    /// The token before, while the one in force was never used: its holder lost the answer.
    Lost,
    /// The token before, a moment after it was traded: another tab has the new one.
    Race,
    /// A token of this session that somebody else has gone on from.
    Stolen,
    /// Not a token of this session.
    Unknown,
}

/// How long sessions live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLifetimes {
    /// `COLLABRY_SESSION_IDLE_DAYS`: without a refresh.
    pub idle: SignedDuration,
    /// `COLLABRY_SESSION_DAYS`: from the sign-in, however much it is used.
    pub whole: SignedDuration,
}

impl SessionLifetimes {
    /// When a session that began at `created_at` and is used at `now` ends.
    pub fn end(self, created_at: Timestamp, now: Timestamp) -> Timestamp {
        let after = |from: Timestamp, time| from.saturating_add(time).unwrap_or(Timestamp::MAX);
        after(now, self.idle).min(after(created_at, self.whole))
    }
}

impl Session {
    pub fn standing(&self, presented: &Presented, now: Timestamp) -> Standing {
        let is = |known: Option<TokenHash>| known == Some(presented.token);
        if is(Some(self.token_hash)) || is(self.other_hash) {
            return Standing::InForce;
        }
        if is(self.previous_hash) {
            let traded_now = now.duration_since(self.rotated_at) < RACE;
            return if traded_now { Standing::Race } else { Standing::Lost };
        }
        match (presented.claim, self.family_hash) {
            (Some((id, family)), Some(known)) if id == self.id && family == known => Standing::Stolen,
            _ => Standing::Unknown,
        }
    }

    /// The session with `next` in force, traded for a token whose standing is good.
    #[must_use]
    pub fn rotated(&self, presented: &Presented, next: Next, now: Timestamp, lifetimes: SessionLifetimes) -> Self {
        let lost = self.previous_hash == Some(presented.token);
        Self {
            token_hash: next.token,
            previous_hash: Some(presented.token),
            // Who asked for it may have it after all: whichever of the two is used first puts an end to the other.
            other_hash: lost.then_some(self.token_hash),
            family_hash: Some(next.family),
            rotated_at: now,
            expires_at: lifetimes.end(self.created_at, now),
            ..self.clone()
        }
    }
}

/// Hashes of a token to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Next {
    pub token: TokenHash,
    pub family: TokenHash,
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::{Next, Presented, SessionLifetimes, Standing};
    use crate::auth::Session;
    use crate::ids::{SessionId, UserId};

    const FAMILY: [u8; 32] = [9; 32];

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn days(days: i64) -> SignedDuration {
        SignedDuration::from_hours(24 * days)
    }

    fn begun() -> Session {
        Session {
            id: SessionId::new(),
            user_id: UserId::new(),
            token_hash: [1; 32],
            previous_hash: None,
            other_hash: None,
            family_hash: Some(FAMILY),
            created_at: at(0),
            rotated_at: at(0),
            expires_at: at(1_000),
        }
    }

    fn token(session: &Session, number: u8) -> Presented {
        Presented { token: [number; 32], claim: Some((session.id, FAMILY)) }
    }

    fn trade(session: &Session, number: u8, next: u8, seconds: i64) -> Session {
        let lifetimes = SessionLifetimes { idle: days(30), whole: days(90) };
        let next = Next { token: [next; 32], family: FAMILY };
        session.rotated(&token(session, number), next, at(seconds), lifetimes)
    }

    #[test]
    fn a_lost_answer_is_asked_for_again_at_any_time() {
        let session = trade(&begun(), 1, 2, 0);
        assert_eq!(session.standing(&token(&session, 1), at(9)), Standing::Race);
        assert_eq!(session.standing(&token(&session, 1), at(1_000_000)), Standing::Lost);
        let again = trade(&session, 1, 3, 100);
        for number in [2, 3] {
            assert_eq!(again.standing(&token(&again, number), at(200)), Standing::InForce, "{number}");
        }
        assert_eq!(again.standing(&token(&again, 1), at(200)), Standing::Lost);
    }

    #[test]
    fn whoever_uses_a_token_ends_what_came_of_those_before() {
        let session = trade(&trade(&begun(), 1, 2, 0), 2, 3, 100);
        assert_eq!(session.standing(&token(&session, 1), at(200)), Standing::Stolen);
        let forked = trade(&trade(&begun(), 1, 2, 0), 1, 3, 100);
        let decided = trade(&forked, 2, 4, 200);
        assert_eq!(decided.standing(&token(&decided, 3), at(300)), Standing::Stolen, "the other of two");
        assert_eq!(decided.standing(&token(&decided, 2), at(300)), Standing::Lost);
    }

    #[test]
    fn who_never_had_a_token_cannot_end_a_session_by_its_id() {
        let session = begun();
        let made_up = |claim| Presented { token: [7; 32], claim };
        for claim in [None, Some((session.id, [8; 32])), Some((SessionId::new(), FAMILY))] {
            assert_eq!(session.standing(&made_up(claim), at(1)), Standing::Unknown);
        }
    }

    #[test]
    fn a_session_ends_however_much_it_is_used() {
        let lifetimes = SessionLifetimes { idle: days(30), whole: days(90) };
        let begin = at(0);
        assert_eq!(lifetimes.end(begin, begin + days(10)), begin + days(40));
        assert_eq!(lifetimes.end(begin, begin + days(80)), begin + days(90));
    }
}
