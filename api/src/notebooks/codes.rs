//! Codes that let people into notebooks: the notebook's own, for whoever has it, and those of invitations, for one each.

use collabry_shared::auth::NOBODY;
use collabry_shared::ids::{NotebookId, NotificationId, UserId};
use collabry_shared::locks::Lock;
use collabry_shared::notebooks::{CodeHash, Invitation, InvitationLink, JoinCode, Notebook, Role};
use collabry_shared::notifications::{About, Notification};
use collabry_shared::realtime::{Event, Room};
use jiff::{SignedDuration, Timestamp};
use rand::RngExt as _;
use sha2::{Digest as _, Sha256};

use super::members::joined;
use crate::bounds;
use crate::http::{ApiError, ApiResult, Code};
use crate::state::ApiState;

/// Crockford's base 32: none of its characters is mistaken for another.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// 50 bits: not to be found by trying.
const LENGTH: usize = 10;
/// 100 bits: not to be found in a copy of the database either, where its hash is.
const INVITATION_LENGTH: usize = 20;
const JOIN_CODE_WORKS: SignedDuration = SignedDuration::from_hours(30 * 24);
const INVITATION_WORKS: SignedDuration = SignedDuration::from_hours(14 * 24);

/// What a code opens.
#[derive(Debug)]
pub enum Ticket {
    Notebook(Notebook, JoinCode),
    Invitation(Invitation),
}

impl Ticket {
    pub fn notebook_id(&self) -> NotebookId {
        match self {
            Self::Notebook(notebook, _) => notebook.id,
            Self::Invitation(invitation) => invitation.notebook_id,
        }
    }
}

/// A new join code.
pub fn join_code(role: Role, uses_left: Option<u32>, now: Timestamp) -> JoinCode {
    JoinCode { code: random(LENGTH), role, expires_at: Some(after(now, JOIN_CODE_WORKS)), uses_left }
}

/// The code of a new invitation, and what is kept of it.
pub fn invitation(now: Timestamp) -> (String, InvitationLink) {
    let code = random(INVITATION_LENGTH);
    let link = InvitationLink { code_hash: hash(&code), expires_at: after(now, INVITATION_WORKS) };
    (code, link)
}

/// Looks a code up. 404 when it opens nothing, now or any more.
pub async fn look_up(state: &ApiState, code: &str) -> ApiResult<Ticket> {
    let (code, now) = (normalise(code), state.clock.now());
    if code.len() == INVITATION_LENGTH {
        let invitation = state.stores.invitations.by_invitation(hash(&code), now).await?;
        return invitation.map(Ticket::Invitation).ok_or_else(unknown);
    }
    let notebook = state.stores.members.by_join_code(&code).await?.ok_or_else(unknown)?;
    let code = notebook.join_code.clone().filter(|code| code.works(now)).ok_or_else(unknown)?;
    Ok(Ticket::Notebook(notebook, code))
}

/// Makes someone a member by a code. Those who are members already stay what they are, and use nothing up.
pub async fn enter(state: &ApiState, ticket: Ticket, user_id: UserId) -> ApiResult<(Notebook, Role)> {
    let (stores, now) = (&state.stores, state.clock.now());
    let id = ticket.notebook_id();
    let offered = match &ticket {
        Ticket::Notebook(_, code) => code.role,
        Ticket::Invitation(invitation) => invitation.role,
    };
    let alone = bounds::alone(state, Lock::Members(id)).await?;
    let members = stores.members.member_ids(id).await?;
    if !members.contains(&user_id) {
        bounds::check(members.len(), state.config.bounds.members, Code::TooManyMembers, "members in this notebook")?;
        let is_new = match &ticket {
            Ticket::Notebook(_, code) => stores.members.join(id, &code.code, user_id, now).await?,
            Ticket::Invitation(invitation) => stores.invitations.accept_invitation(invitation, user_id, now).await?,
        };
        drop(alone);
        if is_new {
            joined(state, id, user_id, offered).await;
            if let Ticket::Invitation(invitation) = &ticket {
                tell(state, invitation, user_id).await?;
            }
        }
    }
    let role = stores.members.role_of(id, user_id).await?;
    let role = match (role, &ticket) {
        (Some(role), _) => role,
        (None, Ticket::Notebook(..)) if stores.members.is_removed(id, user_id).await? => return Err(removed()),
        (None, _) => return Err(unknown()),
    };
    let notebook = stores.notebooks.get(id).await?.ok_or_else(unknown)?;
    Ok((notebook, role))
}

/// Says to somebody whose notebook they are in now.
async fn tell(state: &ApiState, invitation: &Invitation, user_id: UserId) -> ApiResult<()> {
    let stores = &state.stores;
    let Some(notebook) = stores.notebooks.get(invitation.notebook_id).await? else { return Ok(()) };
    let by = stores.users.get(invitation.invited_by).await?.map_or_else(|| NOBODY.to_owned(), |user| user.name.into());
    let notification = Notification {
        id: NotificationId::new(),
        user_id,
        about: About::AddedToNotebook { notebook_id: notebook.id, title: notebook.title.into(), by },
        created_at: state.clock.now(),
        read_at: None,
    };
    stores.notifications.create(&notification).await?;
    state.coordination.fan_out.emit(Room::User(user_id), Event::NotificationNew { notification }).await;
    Ok(())
}

fn unknown() -> ApiError {
    Code::JoinCodeUnknown.into()
}

fn removed() -> ApiError {
    Code::MemberRemoved.into()
}

fn after(now: Timestamp, time: SignedDuration) -> Timestamp {
    now.saturating_add(time).unwrap_or(Timestamp::MAX)
}

fn hash(code: &str) -> CodeHash {
    Sha256::digest(code.as_bytes()).into()
}

fn random(length: usize) -> String {
    let mut rng = rand::rng();
    (0..length).map(|_| char::from(ALPHABET[rng.random_range(0..ALPHABET.len())])).collect()
}

/// As people type it: any case, with spaces or dashes, O for 0, I and L for 1.
fn normalise(code: &str) -> String {
    let significant = code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase());
    significant
        .map(|c| match c {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{ALPHABET, LENGTH, normalise, random};

    #[test]
    fn codes_survive_being_typed() {
        let code = random(LENGTH);
        assert_eq!(code.len(), LENGTH);
        assert!(code.bytes().all(|byte| ALPHABET.contains(&byte)));
        assert_eq!(normalise(&format!(" {}-{} ", code[..5].to_lowercase(), &code[5..])), code);
        assert_eq!(normalise("oil0"), "0110");
    }
}
