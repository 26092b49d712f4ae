//! Generations and the leases on them.

use collabry_shared::conversations::Failure;
use collabry_shared::conversations::{Conversation, CutOff, Message, Rewrite};
use collabry_shared::generations::{
    Allowance, Finish, Generation, GenerationEvent, GenerationState, Layout, Requested, Unwanted,
};
use collabry_shared::ids::{GenerationId, OwnerId, UserId};
use collabry_shared::models::ModelId;
use collabry_shared::notebooks::Role;
use collabry_shared::storage::StoreError;
use collabry_shared::stores::Stores;

use crate::backend::{Backend, contract};
use crate::fixtures::{at, conversation, join, new_generation, notebook, owned_conversation, sent, user};

contract!(
    a_generation_is_stored_once,
    a_generation_needs_its_conversation,
    unfinished_generations_are_listed_oldest_first,
    a_queued_generation_is_claimed_once,
    only_its_owner_renews_and_finishes,
    an_abandoned_generation_is_taken_over,
    an_abandoned_generation_is_taken_over_once,
    unclaimed_generations_are_listed,
    a_failure_is_kept,
    why_an_answer_ends_early_is_kept,
    an_end_says_how_much_there_was,
    what_is_deleted_is_unwanted,
    a_person_waits_for_so_many_answers_and_no_more,
    answers_of_a_day_are_counted_exactly,
    what_cost_nothing_is_given_back_once,
    what_is_withdrawn_is_gone_and_does_not_count,
    people_take_turns_in_the_queue,
    a_model_that_answered_once_is_known,
);

async fn queued(stores: &Stores, created_at: i64) -> Generation {
    let talk = owned_conversation(stores).await;
    let generation = new_generation(&talk, at(created_at));
    stores.generations.create(&generation).await.unwrap();
    generation
}

async fn a_generation_is_stored_once(Backend { stores, .. }: Backend) {
    let generation = queued(&stores, 0).await;
    assert_eq!(stores.generations.get(generation.id).await.unwrap(), Some(generation.clone()));
    let claimed = stores.generations.claim(generation.id, OwnerId::new(), at(60)).await.unwrap();
    stores.generations.create(&generation).await.unwrap();
    assert_eq!(stores.generations.get(generation.id).await.unwrap(), claimed, "storing it again changes nothing");
    assert_eq!(stores.generations.get(GenerationId::new()).await.unwrap(), None);

    let talk = owned_conversation(&stores).await;
    let bare = Generation { source_ids: None, supersedes: None, ..new_generation(&talk, at(1)) };
    stores.generations.create(&bare).await.unwrap();
    assert_eq!(stores.generations.get(bare.id).await.unwrap(), Some(bare));
}

async fn a_generation_needs_its_conversation(Backend { stores, .. }: Backend) {
    let talk = owned_conversation(&stores).await;
    stores.conversations.mark_deleted(talk.id, None, at(9)).await.unwrap();
    let created = stores.generations.create(&new_generation(&talk, at(0))).await;
    assert!(matches!(created, Err(StoreError::Missing(_))));
}

async fn unfinished_generations_are_listed_oldest_first(Backend { stores, .. }: Backend) {
    let talk = owned_conversation(&stores).await;
    let generations = [3, 1, 2].map(|created| new_generation(&talk, at(created)));
    for generation in &generations {
        stores.generations.create(generation).await.unwrap();
    }
    queued(&stores, 0).await;
    let owner = OwnerId::new();
    for generation in &generations[1..] {
        stores.generations.claim(generation.id, owner, at(60)).await.unwrap().unwrap();
    }
    stores.generations.finish(generations[2].id, owner, &GenerationState::Done.into(), at(5)).await.unwrap();
    let unfinished = stores.generations.unfinished_in(talk.id).await.unwrap();
    let expected = [Generation { state: GenerationState::Running, ..generations[1].clone() }, generations[0].clone()];
    assert_eq!(unfinished, expected);
}

async fn a_queued_generation_is_claimed_once(Backend { stores, .. }: Backend) {
    let generation = queued(&stores, 0).await;
    let claimers = (0..16).map(|_| {
        let (generations, id) = (stores.generations.clone(), generation.id);
        tokio::spawn(async move { generations.claim(id, OwnerId::new(), at(60)).await.unwrap() })
    });
    let claimed = futures::future::try_join_all(claimers).await.unwrap();
    let won: Vec<_> = claimed.into_iter().flatten().collect();
    assert_eq!(won, [Generation { state: GenerationState::Running, ..generation }]);
    assert_eq!(stores.generations.claim(GenerationId::new(), OwnerId::new(), at(60)).await.unwrap(), None);
}

async fn only_its_owner_renews_and_finishes(Backend { stores, .. }: Backend) {
    let generation = queued(&stores, 0).await;
    let (owner, other) = (OwnerId::new(), OwnerId::new());
    let repo = &stores.generations;
    assert!(!repo.renew(generation.id, owner, at(60)).await.unwrap(), "not claimed yet");
    assert!(!repo.finish(generation.id, owner, &GenerationState::Done.into(), at(1)).await.unwrap());
    repo.claim(generation.id, owner, at(60)).await.unwrap().unwrap();
    assert!(!repo.renew(generation.id, other, at(90)).await.unwrap());
    assert!(!repo.finish(generation.id, other, &GenerationState::Done.into(), at(1)).await.unwrap());
    assert!(repo.renew(generation.id, owner, at(120)).await.unwrap());
    assert!(repo.finish(generation.id, owner, &GenerationState::Stopped.into(), at(7)).await.unwrap());

    let finished = Generation { state: GenerationState::Stopped, finished_at: Some(at(7)), ..generation };
    assert_eq!(repo.get(finished.id).await.unwrap(), Some(finished.clone()));
    assert!(!repo.renew(finished.id, owner, at(180)).await.unwrap());
    assert!(!repo.finish(finished.id, owner, &GenerationState::Done.into(), at(8)).await.unwrap());
    assert_eq!(repo.claim(finished.id, other, at(180)).await.unwrap(), None);
    assert_eq!(repo.claim_abandoned(other, at(10_000), at(10_060)).await.unwrap(), None);
    assert_eq!(repo.get(finished.id).await.unwrap(), Some(finished));
}

async fn an_abandoned_generation_is_taken_over(Backend { stores, .. }: Backend) {
    let (late, early) = (queued(&stores, 2).await, queued(&stores, 1).await);
    let (dead, alive) = (OwnerId::new(), OwnerId::new());
    let repo = &stores.generations;
    for generation in [&late, &early] {
        repo.claim(generation.id, dead, at(60)).await.unwrap().unwrap();
    }
    queued(&stores, 0).await;
    assert_eq!(repo.claim_abandoned(alive, at(60), at(120)).await.unwrap(), None, "the lease is still running");
    let taken = repo.claim_abandoned(alive, at(61), at(120)).await.unwrap().unwrap();
    assert_eq!(taken, Generation { state: GenerationState::Running, ..early });
    assert_eq!(repo.claim_abandoned(alive, at(61), at(120)).await.unwrap().unwrap().id, late.id);
    assert_eq!(repo.claim_abandoned(alive, at(61), at(120)).await.unwrap(), None, "a queued one is not abandoned");

    assert!(!repo.renew(taken.id, dead, at(200)).await.unwrap());
    assert!(!repo.finish(taken.id, dead, &GenerationState::Done.into(), at(62)).await.unwrap());
    assert!(repo.finish(taken.id, alive, &GenerationState::Interrupted.into(), at(63)).await.unwrap());
}

async fn an_abandoned_generation_is_taken_over_once(Backend { stores, .. }: Backend) {
    let generation = queued(&stores, 0).await;
    stores.generations.claim(generation.id, OwnerId::new(), at(10)).await.unwrap().unwrap();
    let claimers = (0..16).map(|_| {
        let generations = stores.generations.clone();
        tokio::spawn(async move { generations.claim_abandoned(OwnerId::new(), at(11), at(60)).await.unwrap() })
    });
    let claimed = futures::future::try_join_all(claimers).await.unwrap();
    assert_eq!(claimed.into_iter().flatten().count(), 1);
}

async fn unclaimed_generations_are_listed(Backend { stores, .. }: Backend) {
    let (two, one, three) = (queued(&stores, 2).await, queued(&stores, 1).await, queued(&stores, 3).await);
    let claimed = queued(&stores, 0).await;
    stores.generations.claim(claimed.id, OwnerId::new(), at(60)).await.unwrap().unwrap();
    assert_eq!(stores.generations.unclaimed(at(3)).await.unwrap(), [one.id, two.id]);
    assert_eq!(stores.generations.unclaimed(at(4)).await.unwrap(), [one.id, two.id, three.id]);
}

async fn a_failure_is_kept(Backend { stores, .. }: Backend) {
    let generation = queued(&stores, 0).await;
    let owner = OwnerId::new();
    stores.generations.claim(generation.id, owner, at(60)).await.unwrap().unwrap();
    let failure = Failure {
        code: "provider_unreachable".to_owned(),
        message: "The model does not answer; try again.".to_owned(),
        retryable: true,
    };
    let failed = Finish { failure: Some(failure.clone()), ..GenerationState::Failed.into() };
    assert!(stores.generations.finish(generation.id, owner, &failed, at(1)).await.unwrap());
    let stored = stores.generations.get(generation.id).await.unwrap().unwrap();
    assert_eq!((stored.state, stored.failure), (GenerationState::Failed, Some(failure)));
}

async fn why_an_answer_ends_early_is_kept(Backend { stores, .. }: Backend) {
    let generation = queued(&stores, 0).await;
    let owner = OwnerId::new();
    stores.generations.claim(generation.id, owner, at(60)).await.unwrap().unwrap();
    let cut = Finish { cut_off: Some(CutOff::Length), ..GenerationState::Done.into() };
    assert!(stores.generations.finish(generation.id, owner, &cut, at(1)).await.unwrap());
    let stored = stores.generations.get(generation.id).await.unwrap().unwrap();
    assert_eq!(stored.cut_off, Some(CutOff::Length));
    let (state, answer_id) = (GenerationState::Done, generation.answer_id);
    let done = GenerationEvent::Done { state, answer_id, cut_off: Some(CutOff::Length), text_length: None };
    assert_eq!(stored.final_event(), Some(done), "for readers whose log is gone");
}

async fn an_end_says_how_much_there_was(Backend { stores, .. }: Backend) {
    let generation = queued(&stores, 0).await;
    let owner = OwnerId::new();
    stores.generations.claim(generation.id, owner, at(60)).await.unwrap().unwrap();
    let told = ["Grün", " ist ", "es 🌱."];
    let mut layout = Layout::default();
    let Generation { question_id, answer_id, .. } = generation;
    layout.take(&GenerationEvent::Started { question_id, answer_id, model: generation.model.clone() });
    for text in told {
        layout.take(&GenerationEvent::delta(text));
    }
    let end = Finish { layout: Some(layout.clone()), ..GenerationState::Done.into() };
    assert!(stores.generations.finish(generation.id, owner, &end, at(1)).await.unwrap());
    let stored = stores.generations.get(generation.id).await.unwrap().unwrap();
    assert_eq!((stored.last_event_id, stored.text_length), (Some(5), Some(14)), "code points");
    assert_eq!(stored.layout, Some(layout.clone()));
    // With the text that is stored it is the whole log again, event for event.
    let message: Message = crate::fixtures::answer(&stored, &told.concat());
    let events = layout.retell(&stored, Some(&message)).unwrap();
    let ids: Vec<_> = events.iter().map(|event| event.event_id).collect();
    assert_eq!(ids, [1, 2, 3, 4, 5]);
    for (event, text) in events[1..4].iter().zip(told) {
        assert_eq!(event.event, GenerationEvent::delta(text));
    }
    let end = GenerationEvent::Done { state: GenerationState::Done, answer_id, cut_off: None, text_length: Some(14) };
    assert_eq!(events[4].event, end);
    // Another text is not what was told.
    assert_eq!(layout.retell(&stored, Some(&crate::fixtures::answer(&stored, "Gone"))), None);
    assert_eq!(layout.retell(&stored, None), None);
}

async fn what_is_deleted_is_unwanted(Backend { stores, .. }: Backend) {
    let (ada, bob) = (user(&stores, "ada").await, user(&stores, "bob").await);
    let (book, other) = (notebook(&stores, &ada).await, notebook(&stores, &ada).await);
    assert!(join(&stores, &book, bob.id, Role::Viewer, at(0)).await);
    let (talk, short) = (conversation(&stores, &book, at(0)).await, conversation(&stores, &book, at(0)).await);
    let elsewhere = conversation(&stores, &other, at(0)).await;
    let mut asked = Vec::new();
    for (number, (place, by)) in
        [(&talk, &ada), (&talk, &ada), (&talk, &bob), (&short, &ada), (&elsewhere, &ada)].into_iter().enumerate()
    {
        let question = sent(&stores, place.id, &number.to_string()).await;
        let generation = Generation { question_id: question.id, requested_by: by.id, ..new_generation(place, at(1)) };
        stores.generations.create(&generation).await.unwrap();
        asked.push(generation);
    }
    let ids: Vec<_> = asked.iter().map(|one| one.id).collect();
    assert_eq!(stores.generations.unwanted(&ids).await.unwrap(), []);
    assert_eq!(stores.generations.unwanted(&[]).await.unwrap(), []);

    let delete = stores.conversations.rewrite(talk.id, asked[1].question_id, &Rewrite::Delete, at(2));
    assert!(delete.await.unwrap().is_some());
    assert!(stores.members.remove_member(book.id, bob.id).await.unwrap());
    assert!(stores.conversations.mark_deleted(short.id, None, at(9)).await.unwrap());
    assert!(stores.notebooks.mark_deleted(other.id, None, at(2)).await.unwrap());
    let early = Generation { requested_by: ada.id, ..new_generation(&talk, at(1)) };
    stores.generations.create(&early).await.unwrap();
    let all: Vec<_> = ids.iter().copied().chain([early.id]).collect();
    let mut unwanted = stores.generations.unwanted(&all).await.unwrap();
    unwanted.sort_by_key(|(id, _)| all.iter().position(|one| one == id));
    let expected = [
        (ids[1], Unwanted::QuestionGone),
        (ids[2], Unwanted::AskerGone),
        (ids[3], Unwanted::ConversationGone),
        (ids[4], Unwanted::ConversationGone),
        (early.id, Unwanted::NoQuestion),
    ];
    assert_eq!(unwanted, expected);
}

/// A request by `asker`.
fn by(asker: UserId, talk: &Conversation, created_at: i64) -> Generation {
    Generation { requested_by: asker, ..new_generation(talk, at(created_at)) }
}

/// What becomes of so many requests at the same time, from several processes.
async fn at_once(backend: &Backend, askers: &[UserId], talk: &Conversation, allowance: Allowance) -> Vec<Requested> {
    let processes = backend.processes(3).await;
    let requests = askers.iter().enumerate().map(|(number, asker)| {
        let (stores, generation) = (processes[number % processes.len()].clone(), by(*asker, talk, 1));
        tokio::spawn(async move { stores.generations.request(&generation, &allowance).await.unwrap() })
    });
    futures::future::try_join_all(requests).await.unwrap()
}

fn count(all: &[Requested], one: Requested) -> usize {
    all.iter().filter(|this| **this == one).count()
}

async fn a_person_waits_for_so_many_answers_and_no_more(backend: Backend) {
    let (stores, talk) = (backend.stores.clone(), owned_conversation(&backend.stores).await);
    let (eve, ada) = (UserId::new(), UserId::new());
    let allowance = Allowance { unfinished: 3, ..Allowance::default() };
    let requested = at_once(&backend, &[eve; 12], &talk, allowance).await;
    assert_eq!((count(&requested, Requested::Queued), count(&requested, Requested::TooManyUnfinished)), (3, 9));
    let unfinished = stores.generations.unfinished_in(talk.id).await.unwrap();
    assert_eq!(unfinished.len(), 3, "what is refused is not stored");
    let again = stores.generations.request(&unfinished[0], &allowance).await.unwrap();
    assert_eq!(again, Requested::Queued, "it is stored already");
    let hers = stores.generations.request(&by(ada, &talk, 2), &allowance).await.unwrap();
    assert_eq!(hers, Requested::Queued, "another person's");

    // One that runs is unfinished; one that has ended is not.
    let owner = OwnerId::new();
    stores.generations.claim(unfinished[0].id, owner, at(60)).await.unwrap().unwrap();
    let refused = stores.generations.request(&by(eve, &talk, 3), &allowance).await.unwrap();
    assert_eq!(refused, Requested::TooManyUnfinished);
    assert!(stores.generations.finish(unfinished[0].id, owner, &GenerationState::Done.into(), at(4)).await.unwrap());
    let requested = at_once(&backend, &[eve; 6], &talk, allowance).await;
    assert_eq!(count(&requested, Requested::Queued), 1);
}

async fn answers_of_a_day_are_counted_exactly(backend: Backend) {
    let (stores, talk) = (backend.stores.clone(), owned_conversation(&backend.stores).await);
    let (eve, ada) = (UserId::new(), UserId::new());
    let allowance = Allowance { unfinished: 0, daily: 4, daily_of_all: 6 };
    let requested = at_once(&backend, &[eve; 10], &talk, allowance).await;
    assert_eq!((count(&requested, Requested::Queued), count(&requested, Requested::Spent)), (4, 6));
    // No more than she may have herself, so that all are refused for the same reason.
    let requested = at_once(&backend, &[ada; 4], &talk, allowance).await;
    assert_eq!((count(&requested, Requested::Queued), count(&requested, Requested::SpentByAll)), (2, 2));
    // What was refused did not count: on the next day all may be had again, and she has had her two of this one.
    let more = Allowance { daily_of_all: 0, ..allowance };
    let requested = at_once(&backend, &[ada; 5], &talk, more).await;
    assert_eq!(count(&requested, Requested::Queued), 2);
    let tomorrow = by(eve, &talk, 24 * 60 * 60);
    assert_eq!(stores.generations.request(&tomorrow, &allowance).await.unwrap(), Requested::Queued);
}

async fn what_cost_nothing_is_given_back_once(backend: Backend) {
    let (stores, talk) = (backend.stores.clone(), owned_conversation(&backend.stores).await);
    let (eve, allowance) = (UserId::new(), Allowance { unfinished: 0, daily: 2, daily_of_all: 2 });
    let (first, second) = (by(eve, &talk, 1), by(eve, &talk, 1));
    for generation in [&first, &second] {
        assert_eq!(stores.generations.request(generation, &allowance).await.unwrap(), Requested::Queued);
    }
    assert_eq!(stores.generations.request(&by(eve, &talk, 2), &allowance).await.unwrap(), Requested::Spent);
    for _ in 0..3 {
        stores.generations.give_back(first.id).await.unwrap();
    }
    stores.generations.give_back(GenerationId::new()).await.unwrap();
    let requested = at_once(&backend, &[eve; 4], &talk, allowance).await;
    assert_eq!(count(&requested, Requested::Queued), 1);
}

async fn what_is_withdrawn_is_gone_and_does_not_count(Backend { stores, .. }: Backend) {
    let talk = owned_conversation(&stores).await;
    let (eve, allowance) = (UserId::new(), Allowance { unfinished: 1, daily: 1, daily_of_all: 1 });
    let generation = by(eve, &talk, 1);
    assert_eq!(stores.generations.request(&generation, &allowance).await.unwrap(), Requested::Queued);
    stores.generations.withdraw(generation.id).await.unwrap();
    assert_eq!(stores.generations.get(generation.id).await.unwrap(), None);
    let next = by(eve, &talk, 1);
    assert_eq!(stores.generations.request(&next, &allowance).await.unwrap(), Requested::Queued);
    stores.generations.claim(next.id, OwnerId::new(), at(60)).await.unwrap().unwrap();
    stores.generations.withdraw(next.id).await.unwrap();
    assert!(stores.generations.get(next.id).await.unwrap().is_some(), "somebody is at it");
}

async fn people_take_turns_in_the_queue(Backend { stores, .. }: Backend) {
    let talk = owned_conversation(&stores).await;
    let (eve, ada, bob) = (UserId::new(), UserId::new(), UserId::new());
    let mut ids = Vec::new();
    for (second, asker) in [eve, eve, eve, ada, bob, ada].into_iter().enumerate() {
        let generation = by(asker, &talk, i64::try_from(second).unwrap());
        stores.generations.create(&generation).await.unwrap();
        ids.push(generation.id);
    }
    let order = |wanted: [usize; 5]| wanted.map(|index| ids[index]);
    assert_eq!(stores.generations.unclaimed(at(5)).await.unwrap(), order([0, 3, 4, 1, 2]));
    stores.generations.claim(ids[0], OwnerId::new(), at(60)).await.unwrap().unwrap();
    assert_eq!(stores.generations.unclaimed(at(6)).await.unwrap(), order([3, 4, 1, 5, 2]), "what runs counts");
}

async fn a_model_that_answered_once_is_known(Backend { stores, .. }: Backend) {
    let talk = owned_conversation(&stores).await;
    let (known, other) = (ModelId::parse("openai/known").unwrap(), ModelId::parse("openai/other").unwrap());
    for (model, state) in [(&known, GenerationState::Done), (&other, GenerationState::Failed)] {
        let generation = Generation { model: model.clone(), ..new_generation(&talk, at(1)) };
        stores.generations.create(&generation).await.unwrap();
        let owner = OwnerId::new();
        stores.generations.claim(generation.id, owner, at(60)).await.unwrap().unwrap();
        assert!(stores.generations.finish(generation.id, owner, &state.into(), at(2)).await.unwrap());
    }
    assert!(stores.generations.has_answered(&known).await.unwrap());
    assert!(!stores.generations.has_answered(&other).await.unwrap());
}
