//! Accounts and sessions.

use collabry_shared::auth::{Email, RotateOutcome, Session, User};
use collabry_shared::ids::{SessionId, UserId};
use collabry_shared::storage::{StoreError, Stores};

use crate::backend::{Backend, contract};
use crate::fixtures::{at, user};

contract!(
    an_account_is_found_by_id_and_address,
    an_address_is_taken_once,
    a_session_lives_until_it_expires,
    a_rotated_token_is_recognised_once_more,
    of_racing_rotations_one_wins,
    an_expired_token_is_unknown,
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
    let other = User { id: UserId::new(), name: "Somebody else".to_owned(), ..ada.clone() };
    assert!(matches!(stores.users.create(&other).await, Err(StoreError::Conflict(_))));
    assert_eq!(stores.users.by_email(&ada.email).await.unwrap(), Some(ada));
}

async fn session(stores: &Stores, token: u8, expires_at: i64) -> Session {
    let user = user(stores, &format!("user-{}", UserId::new())).await;
    let session = Session {
        id: SessionId::new(),
        user_id: user.id,
        token_hash: [token; 32],
        previous_hash: None,
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

async fn a_rotated_token_is_recognised_once_more(Backend { stores, .. }: Backend) {
    let session = session(&stores, 1, 100).await;
    let rotated = Session {
        token_hash: [2; 32],
        previous_hash: Some([1; 32]),
        rotated_at: at(10),
        expires_at: at(200),
        ..session.clone()
    };
    let rotate = async |presented, next| stores.sessions.rotate(presented, next, at(10), at(200)).await.unwrap();
    assert_eq!(rotate([1; 32], [2; 32]).await, RotateOutcome::Rotated(rotated.clone()));
    assert_eq!(rotate([1; 32], [3; 32]).await, RotateOutcome::Reused(rotated.clone()));
    assert_eq!(stores.sessions.get(session.id, at(10)).await.unwrap(), Some(rotated), "reuse changes nothing");
    assert!(matches!(rotate([2; 32], [3; 32]).await, RotateOutcome::Rotated(_)));
    assert_eq!(rotate([1; 32], [4; 32]).await, RotateOutcome::Unknown, "only the token just before is kept");
}

async fn of_racing_rotations_one_wins(Backend { stores, .. }: Backend) {
    session(&stores, 0, 100).await;
    let racers = (1..=16_u8).map(|next| {
        let sessions = stores.sessions.clone();
        tokio::spawn(async move { sessions.rotate([0; 32], [next; 32], at(1), at(100)).await.unwrap() })
    });
    let outcomes = futures::future::try_join_all(racers).await.unwrap();
    let won: Vec<_> = outcomes.iter().filter(|outcome| matches!(outcome, RotateOutcome::Rotated(_))).collect();
    let lost = outcomes.iter().filter(|outcome| matches!(outcome, RotateOutcome::Reused(_))).count();
    assert_eq!((won.len(), lost), (1, 15));
}

async fn an_expired_token_is_unknown(Backend { stores, .. }: Backend) {
    session(&stores, 1, 100).await;
    let outcome = stores.sessions.rotate([1; 32], [2; 32], at(100), at(200)).await.unwrap();
    assert_eq!(outcome, RotateOutcome::Unknown);
    assert!(matches!(
        stores.sessions.rotate([1; 32], [2; 32], at(99), at(150)).await.unwrap(),
        RotateOutcome::Rotated(_)
    ));
    let outcome = stores.sessions.rotate([1; 32], [3; 32], at(150), at(200)).await.unwrap();
    assert_eq!(outcome, RotateOutcome::Unknown, "the token before has expired with the session");
}

async fn ended_sessions_are_gone(Backend { stores, .. }: Backend) {
    let session = session(&stores, 1, 100).await;
    stores.sessions.delete(session.id).await.unwrap();
    stores.sessions.delete(session.id).await.unwrap();
    assert_eq!(stores.sessions.get(session.id, at(0)).await.unwrap(), None);
    assert_eq!(stores.sessions.rotate([1; 32], [2; 32], at(0), at(100)).await.unwrap(), RotateOutcome::Unknown);
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
        rotated_at: at(0),
        expires_at: at(1),
    };
    assert!(matches!(stores.sessions.create(&session).await, Err(StoreError::Missing(_))));
}
