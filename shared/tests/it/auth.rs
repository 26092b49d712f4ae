//! Accounts and sessions.

use collabry_shared::auth::{Email, Name, Session, User};
use collabry_shared::ids::{SessionId, UserId};
use collabry_shared::storage::StoreError;
use collabry_shared::stores::Stores;
use secrecy::ExposeSecret as _;

use crate::backend::{Backend, contract};
use crate::fixtures::{at, user};

contract!(
    an_account_is_found_by_id_and_address,
    an_address_is_taken_once,
    an_address_is_found_as_an_earlier_version_stored_it,
    an_admin_is_made_and_unmade,
    a_password_is_replaced_once,
    a_session_lives_until_it_expires,
    a_rotation_changes_the_tokens_and_times,
    of_racing_rotations_one_wins,
    an_expired_session_is_not_rotated,
    a_session_is_found_by_its_last_two_tokens,
    the_sessions_of_a_user_are_listed,
    ended_sessions_are_gone,
    expired_sessions_are_removed,
    a_session_needs_its_user,
);

async fn an_account_is_found_by_id_and_address(Backend { stores, .. }: Backend) {
    let ada = user(&stores, "ada").await;
    assert_eq!(stores.users.get(ada.id).await.unwrap().as_ref(), Some(&ada));
    assert_eq!(stores.users.by_email(&ada.email).await.unwrap(), Some(ada));
    assert_eq!(stores.users.get(UserId::new()).await.unwrap(), None);
    assert_eq!(stores.users.by_email(&Email::parse("bob@example.org").unwrap()).await.unwrap(), None);
}

async fn an_address_is_taken_once(Backend { stores, .. }: Backend) {
    let ada = user(&stores, "ada").await;
    let other = User { id: UserId::new(), name: Name::parse("Somebody else").unwrap(), ..ada.clone() };
    assert!(matches!(stores.users.create(&other, &"$argon2id$".into()).await, Err(StoreError::Conflict(_))));
    assert_eq!(stores.users.by_email(&ada.email).await.unwrap(), Some(ada));
}

async fn an_address_is_found_as_an_earlier_version_stored_it(Backend { stores, .. }: Backend) {
    let email = Email::parse("info@xn--mnchen-3ya.de").unwrap();
    assert_eq!(email, Email::parse("info@münchen.de").unwrap());
    let info = User { id: UserId::new(), email: email.clone(), ..user(&stores, "ada").await };
    stores.users.create(&info, &"$argon2id$".into()).await.unwrap();
    assert_eq!(stores.users.by_email(&email).await.unwrap(), Some(info));
}

async fn an_admin_is_made_and_unmade(Backend { stores, .. }: Backend) {
    let (ada, bob) = (user(&stores, "ada").await, user(&stores, "bob").await);
    for admin in [&bob, &ada] {
        assert!(stores.users.set_admin(admin.id, true, at(5)).await.unwrap());
    }
    let made = |user: &User| User { admin: true, verified_at: Some(at(5)), ..user.clone() };
    assert_eq!(stores.users.admins().await.unwrap(), [made(&ada), made(&bob)]);
    assert!(stores.users.set_admin(ada.id, false, at(6)).await.unwrap());
    assert!(stores.users.set_admin(bob.id, true, at(7)).await.unwrap());
    let unmade = User { verified_at: Some(at(5)), ..ada.clone() };
    assert_eq!(stores.users.get(ada.id).await.unwrap(), Some(unmade));
    assert_eq!(stores.users.admins().await.unwrap(), [made(&bob)], "an address is proven once");
    assert!(!stores.users.set_admin(UserId::new(), true, at(8)).await.unwrap());
}

async fn a_password_is_replaced_once(Backend { stores, .. }: Backend) {
    let (ada, bob) = (user(&stores, "ada").await, user(&stores, "bob").await);
    let before = stores.users.password_hash(ada.id).await.unwrap().unwrap();
    let (second, third) = ("second".into(), "third".into());
    assert!(stores.users.set_password(ada.id, &before, &second).await.unwrap());
    assert!(!stores.users.set_password(ada.id, &before, &third).await.unwrap(), "it was replaced meanwhile");
    assert!(!stores.users.set_password(UserId::new(), &before, &third).await.unwrap());
    assert_eq!(stores.users.password_hash(ada.id).await.unwrap().unwrap().expose_secret(), "second");
    assert_eq!(stores.users.credentials(&ada.email).await.unwrap().unwrap().password_hash.expose_secret(), "second");
    assert_eq!(stores.users.get(bob.id).await.unwrap(), Some(bob));
}

async fn session(stores: &Stores, token: u8, expires_at: i64) -> Session {
    let user = user(stores, &format!("user-{}", UserId::new())).await;
    let session = Session {
        id: SessionId::new(),
        user_id: user.id,
        token_hash: [token; 32],
        previous_hash: None,
        other_hash: None,
        family_hash: None,
        created_at: at(0),
        rotated_at: at(0),
        expires_at: at(expires_at),
    };
    stores.sessions.create(&session).await.unwrap();
    session
}

async fn a_session_lives_until_it_expires(Backend { stores, .. }: Backend) {
    let session = session(&stores, 1, 100).await;
    assert_eq!(stores.sessions.get(session.id, at(99)).await.unwrap(), Some(session.clone()));
    assert_eq!(stores.sessions.get(session.id, at(100)).await.unwrap(), None);
}

fn rotated(session: &Session, next: u8) -> Session {
    Session {
        token_hash: [next; 32],
        previous_hash: Some(session.token_hash),
        other_hash: Some([90; 32]),
        family_hash: Some([91; 32]),
        created_at: at(1),
        rotated_at: at(10),
        expires_at: at(200),
        ..session.clone()
    }
}

async fn a_rotation_changes_the_tokens_and_times(Backend { stores, .. }: Backend) {
    let session = session(&stores, 1, 100).await;
    let changed = rotated(&session, 2);
    assert!(stores.sessions.rotate([1; 32], &changed, at(10)).await.unwrap());
    assert_eq!(stores.sessions.get(session.id, at(150)).await.unwrap().as_ref(), Some(&changed));
    assert!(!stores.sessions.rotate([1; 32], &rotated(&session, 3), at(10)).await.unwrap(), "it is not in force");
    assert_eq!(stores.sessions.get(session.id, at(10)).await.unwrap(), Some(changed), "and nothing is changed");
}

async fn of_racing_rotations_one_wins(Backend { stores, .. }: Backend) {
    let session = session(&stores, 0, 100).await;
    let racers = (1..=16_u8).map(|next| {
        let (sessions, next) = (stores.sessions.clone(), rotated(&session, next));
        tokio::spawn(async move { sessions.rotate([0; 32], &next, at(1)).await.unwrap() })
    });
    let outcomes = futures::future::try_join_all(racers).await.unwrap();
    assert_eq!(outcomes.iter().filter(|won| **won).count(), 1);
}

async fn an_expired_session_is_not_rotated(Backend { stores, .. }: Backend) {
    let session = session(&stores, 1, 100).await;
    assert!(!stores.sessions.rotate([1; 32], &rotated(&session, 2), at(100)).await.unwrap());
    assert!(stores.sessions.rotate([1; 32], &rotated(&session, 2), at(99)).await.unwrap());
}

async fn a_session_is_found_by_its_last_two_tokens(Backend { stores, .. }: Backend) {
    let first = session(&stores, 1, 100).await;
    session(&stores, 5, 100).await;
    let second = rotated(&first, 2);
    assert!(stores.sessions.rotate([1; 32], &second, at(1)).await.unwrap());
    let found = async |token: u8, time| stores.sessions.by_token([token; 32], at(time)).await.unwrap();
    assert_eq!(found(1, 1).await, Some(second.clone()));
    assert_eq!(found(2, 1).await, Some(second));
    assert_eq!(found(3, 1).await, None);
    assert_eq!(found(2, 200).await, None, "it has expired");
}

async fn the_sessions_of_a_user_are_listed(Backend { stores, .. }: Backend) {
    let first = session(&stores, 1, 100).await;
    session(&stores, 2, 100).await;
    let second = Session { id: SessionId::new(), token_hash: [3; 32], rotated_at: at(5), ..first.clone() };
    let short = Session { id: SessionId::new(), token_hash: [4; 32], expires_at: at(50), ..first.clone() };
    for session in [&second, &short] {
        stores.sessions.create(session).await.unwrap();
    }
    assert_eq!(stores.sessions.list_for(first.user_id, at(60)).await.unwrap(), [second, first]);
}

async fn ended_sessions_are_gone(Backend { stores, .. }: Backend) {
    let session = session(&stores, 1, 100).await;
    stores.sessions.delete(session.id).await.unwrap();
    stores.sessions.delete(session.id).await.unwrap();
    assert_eq!(stores.sessions.get(session.id, at(0)).await.unwrap(), None);
    assert!(!stores.sessions.rotate([1; 32], &rotated(&session, 2), at(0)).await.unwrap());
    assert_eq!(stores.sessions.by_token([1; 32], at(0)).await.unwrap(), None);
}

async fn expired_sessions_are_removed(Backend { stores, .. }: Backend) {
    session(&stores, 1, 50).await;
    session(&stores, 2, 60).await;
    let living = session(&stores, 3, 100).await;
    assert_eq!(stores.sessions.delete_expired(at(70)).await.unwrap(), 2);
    assert_eq!(stores.sessions.delete_expired(at(70)).await.unwrap(), 0);
    assert!(stores.sessions.get(living.id, at(70)).await.unwrap().is_some());
}

async fn a_session_needs_its_user(Backend { stores, .. }: Backend) {
    let session = Session {
        id: SessionId::new(),
        user_id: UserId::new(),
        token_hash: [1; 32],
        previous_hash: None,
        other_hash: None,
        family_hash: None,
        created_at: at(0),
        rotated_at: at(0),
        expires_at: at(1),
    };
    assert!(matches!(stores.sessions.create(&session).await, Err(StoreError::Missing(_))));
}
