//! Answers kept for requests that are sent again.

use collabry_shared::idempotency::{Claim, KeptAnswer, MAX_KEYS, Request};
use collabry_shared::ids::UserId;

use crate::backend::{Backend, contract};
use crate::fixtures::{at, user};

contract!(
    a_key_is_taken_once_and_its_answer_kept,
    a_key_that_is_given_back_or_past_its_time_is_free,
    the_newest_keys_of_a_person_are_kept,
);

fn request<'a>(user: UserId, key: &'a str, fingerprint: &'a str) -> Request<'a> {
    Request { user, key, fingerprint }
}

fn answer() -> KeptAnswer {
    KeptAnswer {
        status: 201,
        location: Some("/api/things/1".to_owned()),
        content_type: Some("application/json".to_owned()),
        file: None,
        body: r#"{"id":1}"#.to_owned(),
    }
}

async fn a_key_is_taken_once_and_its_answer_kept(Backend { stores, .. }: Backend) {
    let (ada, bob) = (user(&stores, "ada").await.id, user(&stores, "bob").await.id);
    let keys = &stores.idempotency;
    let mine = request(ada, "k", "a");
    assert_eq!(keys.claim(mine, at(1), at(60)).await.unwrap(), Claim::New);
    assert_eq!(keys.claim(mine, at(2), at(60)).await.unwrap(), Claim::Running);
    assert_eq!(keys.claim(request(ada, "k", "b"), at(2), at(60)).await.unwrap(), Claim::Other);
    assert_eq!(keys.claim(request(bob, "k", "b"), at(2), at(60)).await.unwrap(), Claim::New);
    keys.keep(mine, &answer(), at(1_000)).await.unwrap();
    assert_eq!(keys.claim(mine, at(999), at(1_060)).await.unwrap(), Claim::Done(answer()));
    assert_eq!(keys.claim(request(ada, "k", "b"), at(999), at(1_060)).await.unwrap(), Claim::Other);
    // What was carried out is not given back.
    keys.give_back(mine).await.unwrap();
    assert_eq!(keys.claim(mine, at(999), at(1_060)).await.unwrap(), Claim::Done(answer()));
    assert_eq!(keys.claim(mine, at(1_000), at(1_060)).await.unwrap(), Claim::New);
}

async fn a_key_that_is_given_back_or_past_its_time_is_free(Backend { stores, .. }: Backend) {
    let ada = user(&stores, "ada").await.id;
    let keys = &stores.idempotency;
    let mine = request(ada, "k", "a");
    assert_eq!(keys.claim(mine, at(1), at(60)).await.unwrap(), Claim::New);
    keys.give_back(mine).await.unwrap();
    assert_eq!(keys.claim(request(ada, "k", "b"), at(2), at(60)).await.unwrap(), Claim::New);
    // Its process died.
    assert_eq!(keys.claim(mine, at(60), at(120)).await.unwrap(), Claim::New);
    // And whoever was taken for dead keeps nothing.
    keys.keep(request(ada, "k", "b"), &answer(), at(1_000)).await.unwrap();
    assert_eq!(keys.claim(mine, at(61), at(120)).await.unwrap(), Claim::Running);
}

async fn the_newest_keys_of_a_person_are_kept(Backend { stores, .. }: Backend) {
    let ada = user(&stores, "ada").await.id;
    let keys = &stores.idempotency;
    let names: Vec<_> = (0..i64::from(MAX_KEYS) + 200).map(|number| (number, format!("k{number}"))).collect();
    for (number, name) in &names {
        keys.claim(request(ada, name, "a"), at(*number), at(1_000_000)).await.unwrap();
    }
    let (last, newest) = names.last().unwrap();
    assert_eq!(keys.claim(request(ada, newest, "a"), at(*last), at(1_000_000)).await.unwrap(), Claim::Running);
    assert_eq!(keys.claim(request(ada, "k0", "a"), at(*last), at(1_000_000)).await.unwrap(), Claim::New);
}
