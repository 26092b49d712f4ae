//! Notebooks, members, invitations.

use collabry_shared::auth::{Email, User, UserSummary};
use collabry_shared::ids::{NotebookId, UserId};
use collabry_shared::notebooks::{Invitation, InvitationLink, JoinCode, Notebook, Role};
use collabry_shared::sources::SegmentId;
use collabry_shared::storage::StoreError;
use collabry_shared::stores::Stores;

use crate::backend::{Backend, contract};
use crate::fixtures::{at, chunk, conversation, join, notebook, sent, source, title, user};
use crate::storage::Log;

contract!(
    its_creator_owns_a_notebook,
    notebooks_are_listed_last_changed_first,
    a_join_code_names_one_notebook,
    a_join_code_is_used_up,
    of_many_who_use_a_join_code_at_once_no_more_come_in,
    a_smaller_role_takes_along_what_would_give_the_greater_one_back,
    members_are_listed_in_the_order_they_joined,
    ids_of_members_are_read_without_their_accounts,
    whoever_is_in_keeps_their_role,
    the_last_owner_stays,
    of_two_owners_leaving_at_once_one_stays,
    of_many_owners_leaving_through_several_processes_one_stays,
    an_invitation_lets_one_person_in,
    an_invitation_without_a_link_lets_nobody_in,
    whoever_is_expelled_stays_out,
    an_invitation_is_replaced_and_withdrawn,
    a_deleted_notebook_is_gone_at_once,
    a_purge_leaves_nothing_and_may_run_again,
    only_deleted_notebooks_are_purged,
);

async fn its_creator_owns_a_notebook(Backend { stores, .. }: Backend) {
    let ada = user(&stores, "ada").await;
    let stored = notebook(&stores, &ada).await;
    assert_eq!(stores.notebooks.get(stored.id).await.unwrap(), Some(stored.clone()));
    assert_eq!(stores.members.role_of(stored.id, ada.id).await.unwrap(), Some(Role::Owner));
    assert_eq!(stores.members.role_of(stored.id, UserId::new()).await.unwrap(), None);
    let members = stores.members.members(stored.id).await.unwrap();
    assert_eq!(members.iter().map(|member| &member.user).collect::<Vec<_>>(), [&UserSummary::from(&ada)]);
    assert_eq!((members[0].role, members[0].joined_at), (Role::Owner, stored.created_at));
    assert!(matches!(stores.notebooks.create(&stored).await, Err(StoreError::Conflict(_))));
}

async fn notebooks_are_listed_last_changed_first(Backend { stores, .. }: Backend) {
    let ada = user(&stores, "ada").await;
    let bob = user(&stores, "bob").await;
    let first = notebook(&stores, &ada).await;
    let second = notebook(&stores, &ada).await;
    notebook(&stores, &bob).await;

    let renamed = stores.notebooks.rename(first.id, None, &title("Optics"), at(5)).await.unwrap().unwrap();
    assert_eq!(renamed, Notebook { title: title("Optics"), updated_at: at(5), ..first });
    let listed = stores.notebooks.list_for(ada.id).await.unwrap();
    assert_eq!(listed, [(renamed, Role::Owner), (second, Role::Owner)]);
    assert_eq!(stores.notebooks.rename(NotebookId::new(), None, &title("None"), at(6)).await.unwrap(), None);
}

async fn ids_of_members_are_read_without_their_accounts(backend: Backend) {
    let backend = backend.that_logs_every_query().await;
    let stores = &backend.stores;
    let (ada, bob) = (user(stores, "ada").await, user(stores, "bob").await);
    let book = notebook(stores, &ada).await;
    assert!(join(stores, &book, bob.id, Role::Viewer, at(1)).await);
    let (log, guard) = Log::begin();
    assert_eq!(stores.members.member_ids(book.id).await.unwrap(), [ada.id, bob.id]);
    let ids = log.text();
    assert_eq!(stores.members.members(book.id).await.unwrap().len(), 2);
    drop(guard);
    let reads_accounts = |log: &str| log.contains("users u") || log.contains("collection=\"users\"");
    assert_eq!(ids.matches("a slow query").count(), 1, "{ids}");
    assert!(!reads_accounts(&ids), "{ids}");
    assert!(reads_accounts(&log.text()), "the log tells one from the other: {}", log.text());
}

async fn a_join_code_names_one_notebook(Backend { stores, .. }: Backend) {
    let ada = user(&stores, "ada").await;
    let (one, two) = (notebook(&stores, &ada).await, notebook(&stores, &ada).await);
    let code =
        JoinCode { code: "0123456789".to_owned(), role: Role::Editor, expires_at: Some(at(100)), uses_left: None };
    let stored = stores.members.set_join_code(one.id, Some(&code)).await.unwrap().unwrap();
    assert_eq!(stored.join_code.as_ref(), Some(&code));
    assert_eq!(stores.members.by_join_code(&code.code).await.unwrap(), Some(stored));
    assert!(matches!(stores.members.set_join_code(two.id, Some(&code)).await, Err(StoreError::Conflict(_))));

    assert_eq!(stores.members.set_join_code(one.id, None).await.unwrap(), Some(one));
    assert_eq!(stores.members.by_join_code(&code.code).await.unwrap(), None);
    assert_eq!(stores.members.set_join_code(NotebookId::new(), Some(&code)).await.unwrap(), None);
    assert!(stores.members.set_join_code(two.id, Some(&code)).await.unwrap().is_some(), "the code is free again");
}

async fn a_join_code_is_used_up(Backend { stores, .. }: Backend) {
    let id = notebook(&stores, &user(&stores, "ada").await).await.id;
    let code = |uses_left| JoinCode {
        code: "0123456789".to_owned(),
        role: Role::Viewer,
        expires_at: Some(at(100)),
        uses_left,
    };
    let (bob, cyd, dan) = (user(&stores, "bob").await.id, user(&stores, "cyd").await.id, user(&stores, "dan").await.id);
    let joins = async |code: &str, user, now| stores.members.join(id, code, user, at(now)).await.unwrap();
    let left = async || stores.notebooks.get(id).await.unwrap().unwrap().join_code.unwrap();
    assert!(!joins("0123456789", bob, 1).await, "there is none yet");
    stores.members.set_join_code(id, Some(&code(Some(2)))).await.unwrap();
    assert!(!joins("another", bob, 1).await);
    assert!(!joins("0123456789", bob, 100).await, "it has expired");
    assert!(joins("0123456789", bob, 1).await);
    assert!(!joins("0123456789", bob, 1).await, "who is in uses nothing up");
    assert_eq!(left().await.uses_left, Some(1));
    assert!(stores.members.expel(id, bob, at(2)).await.unwrap());
    stores.members.set_join_code(id, Some(&code(Some(1)))).await.unwrap();
    assert!(!joins("0123456789", bob, 3).await, "who was removed stays out");
    assert!(stores.members.is_removed(id, bob).await.unwrap());
    assert!(!stores.members.is_removed(id, cyd).await.unwrap());
    assert_eq!(left().await, code(Some(1)), "and uses nothing up");
    assert!(joins("0123456789", cyd, 3).await);
    assert!(!left().await.works(at(3)));
    assert!(!joins("0123456789", dan, 3).await);
    stores.members.set_join_code(id, Some(&code(None))).await.unwrap();
    assert!(joins("0123456789", dan, 4).await);
    assert_eq!(left().await, code(None));
    assert_eq!(stores.members.role_of(id, dan).await.unwrap(), Some(Role::Viewer));
}

async fn of_many_who_use_a_join_code_at_once_no_more_come_in(backend: Backend) {
    let stores = &backend.stores;
    let id = notebook(stores, &user(stores, "ada").await).await.id;
    let code = JoinCode { code: "0123456789".to_owned(), role: Role::Viewer, expires_at: None, uses_left: Some(3) };
    stores.members.set_join_code(id, Some(&code)).await.unwrap();
    let mut people = Vec::new();
    for n in 0..8 {
        people.push(user(stores, &format!("user-{n}")).await.id);
    }
    let joins = people.iter().map(|user| stores.members.join(id, "0123456789", *user, at(1)));
    let joined = futures::future::try_join_all(joins).await.unwrap();
    assert_eq!(joined.into_iter().filter(|joined| *joined).count(), 3);
    assert_eq!(stores.members.member_ids(id).await.unwrap().len(), 4);
}

async fn a_smaller_role_takes_along_what_would_give_the_greater_one_back(Backend { stores, .. }: Backend) {
    let (ada, bob) = (user(&stores, "ada").await, user(&stores, "bob").await);
    let book = notebook(&stores, &ada).await;
    let id = book.id;
    let code = JoinCode { code: "0123456789".to_owned(), role: Role::Editor, expires_at: None, uses_left: None };
    stores.members.set_join_code(id, Some(&code)).await.unwrap();
    let invitation = Invitation {
        notebook_id: id,
        email: Email::parse("cyd@example.org").unwrap(),
        role: Role::Owner,
        invited_by: ada.id,
        created_at: at(1),
        link: None,
    };
    stores.invitations.invite(&invitation).await.unwrap();
    let state = async || {
        let code = stores.notebooks.get(id).await.unwrap().unwrap().join_code.is_some();
        (code, stores.invitations.invitations(id).await.unwrap().len())
    };
    assert!(!stores.members.set_role(id, ada.id, Role::Viewer).await.unwrap(), "the last owner stays");
    assert_eq!(state().await, (true, 1), "what is refused changes nothing");
    assert!(join(&stores, &book, bob.id, Role::Owner, at(2)).await);
    assert!(stores.members.set_role(id, ada.id, Role::Editor).await.unwrap());
    assert_eq!(state().await, (true, 0), "the code gives no more than they have");
    assert!(stores.members.set_role(id, ada.id, Role::Viewer).await.unwrap());
    assert_eq!(state().await, (false, 0));
}

async fn members_are_listed_in_the_order_they_joined(Backend { stores, .. }: Backend) {
    let ada = user(&stores, "ada").await;
    let (bob, cyd) = (user(&stores, "bob").await, user(&stores, "cyd").await);
    let book = notebook(&stores, &ada).await;
    assert!(join(&stores, &book, cyd.id, Role::Viewer, at(1)).await);
    assert!(join(&stores, &book, bob.id, Role::Editor, at(2)).await);
    let members = stores.members.members(book.id).await.unwrap();
    let names: Vec<_> = members.iter().map(|member| (member.user.name.as_str(), member.role)).collect();
    assert_eq!(names, [("ada", Role::Owner), ("cyd", Role::Viewer), ("bob", Role::Editor)]);
}

async fn whoever_is_in_keeps_their_role(Backend { stores, .. }: Backend) {
    let ada = user(&stores, "ada").await;
    let book = notebook(&stores, &ada).await;
    assert!(!join(&stores, &book, ada.id, Role::Viewer, at(1)).await);
    assert_eq!(stores.members.role_of(book.id, ada.id).await.unwrap(), Some(Role::Owner));
}

async fn the_last_owner_stays(Backend { stores, .. }: Backend) {
    let (ada, bob) = (user(&stores, "ada").await, user(&stores, "bob").await);
    let book = notebook(&stores, &ada).await;
    let id = book.id;
    assert!(join(&stores, &book, bob.id, Role::Viewer, at(1)).await);

    assert!(!stores.members.set_role(id, ada.id, Role::Editor).await.unwrap());
    assert!(!stores.members.remove_member(id, ada.id).await.unwrap());
    assert!(stores.members.set_role(id, ada.id, Role::Owner).await.unwrap(), "an owner may stay one");
    assert_eq!(stores.members.role_of(id, ada.id).await.unwrap(), Some(Role::Owner));

    assert!(stores.members.set_role(id, bob.id, Role::Owner).await.unwrap());
    assert!(stores.members.set_role(id, ada.id, Role::Editor).await.unwrap());
    assert!(!stores.members.remove_member(id, bob.id).await.unwrap());
    assert!(stores.members.remove_member(id, ada.id).await.unwrap());
    assert!(!stores.members.remove_member(id, ada.id).await.unwrap());
    assert!(!stores.members.set_role(id, ada.id, Role::Viewer).await.unwrap());
}

async fn of_two_owners_leaving_at_once_one_stays(Backend { stores, .. }: Backend) {
    let (ada, bob) = (user(&stores, "ada").await, user(&stores, "bob").await);
    for _ in 0..10 {
        let book = notebook(&stores, &ada).await;
        let id = book.id;
        assert!(join(&stores, &book, bob.id, Role::Owner, at(1)).await);
        let leave = |user: &User, demote: bool| {
            let (members, user) = (stores.members.clone(), user.id);
            tokio::spawn(async move {
                if demote {
                    members.set_role(id, user, Role::Viewer).await.unwrap()
                } else {
                    members.remove_member(id, user).await.unwrap()
                }
            })
        };
        let (one, two) = tokio::try_join!(leave(&ada, true), leave(&bob, false)).unwrap();
        assert!(one ^ two, "exactly one of them may go");
    }
}

async fn of_many_owners_leaving_through_several_processes_one_stays(backend: Backend) {
    const OWNERS: usize = 8;
    let stores = &backend.stores;
    let processes = backend.processes(2).await;
    let mut owners = Vec::new();
    for n in 0..OWNERS {
        owners.push(user(stores, &format!("owner-{n}")).await.id);
    }
    for round in 0..5 {
        let book = notebook(stores, &stores.users.get(owners[0]).await.unwrap().unwrap()).await;
        let id = book.id;
        for owner in &owners[1..] {
            assert!(join(stores, &book, *owner, Role::Owner, at(1)).await);
        }
        let leaving = owners.iter().zip(processes.iter().cycle()).enumerate().map(|(n, (owner, process))| {
            let (members, owner) = (process.members.clone(), *owner);
            tokio::spawn(async move {
                if n % 2 == 0 {
                    members.remove_member(id, owner).await.unwrap()
                } else {
                    members.set_role(id, owner, Role::Editor).await.unwrap()
                }
            })
        });
        let went = futures::future::try_join_all(leaving).await.unwrap();
        assert_eq!(went.iter().filter(|went| **went).count(), OWNERS - 1, "round {round}");
        let members = stores.members.members(id).await.unwrap();
        assert_eq!(members.iter().filter(|member| member.role == Role::Owner).count(), 1);
    }
}

fn invitation(notebook: &Notebook, invited: &str, role: Role) -> Invitation {
    Invitation {
        notebook_id: notebook.id,
        email: format!("{invited}@example.org").to_owned().try_into().unwrap(),
        role,
        invited_by: notebook.created_by,
        created_at: at(1),
        link: None,
    }
}

fn with_link(notebook: &Notebook, invited: &str, role: Role, code: u8) -> Invitation {
    let link = InvitationLink { code_hash: [code; 32], expires_at: at(100) };
    Invitation { link: Some(link), ..invitation(notebook, invited, role) }
}

async fn an_invitation_lets_one_person_in(Backend { stores, .. }: Backend) {
    let ada = user(&stores, "ada").await;
    let (one, gone) = (notebook(&stores, &ada).await, notebook(&stores, &ada).await);
    let (bob, cyd) = (user(&stores, "bob").await, user(&stores, "cyd").await);
    let invitations = &stores.invitations;
    let (first, other) = (with_link(&one, "bob", Role::Editor, 1), with_link(&one, "cyd", Role::Viewer, 2));
    let of_gone = with_link(&gone, "bob", Role::Editor, 3);
    for invitation in [&first, &other, &of_gone] {
        invitations.invite(invitation).await.unwrap();
    }
    stores.notebooks.mark_deleted(gone.id, None, at(2)).await.unwrap();
    assert_eq!(invitations.by_invitation([1; 32], at(99)).await.unwrap().as_ref(), Some(&first));
    assert_eq!(invitations.by_invitation([1; 32], at(100)).await.unwrap(), None, "expired");
    assert_eq!(invitations.by_invitation([3; 32], at(2)).await.unwrap(), None, "of a deleted notebook");
    assert_eq!(invitations.by_invitation([4; 32], at(2)).await.unwrap(), None);

    assert!(!invitations.accept_invitation(&first, ada.id, at(3)).await.unwrap(), "a member already");
    assert!(!invitations.accept_invitation(&first, bob.id, at(100)).await.unwrap(), "expired");
    assert!(!invitations.accept_invitation(&of_gone, bob.id, at(3)).await.unwrap());
    assert!(invitations.accept_invitation(&first, bob.id, at(3)).await.unwrap());
    assert!(!invitations.accept_invitation(&first, cyd.id, at(3)).await.unwrap(), "used up");
    assert_eq!(stores.members.role_of(one.id, bob.id).await.unwrap(), Some(Role::Editor));
    assert_eq!(stores.members.role_of(one.id, cyd.id).await.unwrap(), None);
    assert_eq!(invitations.invitations(one.id).await.unwrap(), [other]);
}

async fn an_invitation_without_a_link_lets_nobody_in(Backend { stores, .. }: Backend) {
    let ada = user(&stores, "ada").await;
    let one = notebook(&stores, &ada).await;
    let bob = user(&stores, "bob").await;
    let of_before = invitation(&one, "bob", Role::Owner);
    stores.invitations.invite(&of_before).await.unwrap();
    assert!(!stores.invitations.accept_invitation(&of_before, bob.id, at(2)).await.unwrap());
    assert_eq!(stores.members.role_of(one.id, bob.id).await.unwrap(), None);
    let renewed = with_link(&one, "bob", Role::Viewer, 1);
    stores.invitations.invite(&renewed).await.unwrap();
    assert_eq!(stores.invitations.invitations(one.id).await.unwrap(), [renewed]);
}

async fn whoever_is_expelled_stays_out(Backend { stores, .. }: Backend) {
    let (ada, bob) = (user(&stores, "ada").await, user(&stores, "bob").await);
    let one = notebook(&stores, &ada).await;
    let (members, invitations) = (&stores.members, &stores.invitations);
    let code = JoinCode { code: "0123456789".to_owned(), role: Role::Editor, expires_at: None, uses_left: None };
    members.set_join_code(one.id, Some(&code)).await.unwrap();
    assert!(join(&stores, &one, bob.id, Role::Owner, at(1)).await);
    let his = Invitation { invited_by: bob.id, ..with_link(&one, "friend", Role::Editor, 1) };
    let hers = with_link(&one, "cyd", Role::Viewer, 2);
    for invitation in [&his, &hers] {
        invitations.invite(invitation).await.unwrap();
    }
    assert!(members.expel(one.id, bob.id, at(2)).await.unwrap());
    assert!(!members.expel(one.id, bob.id, at(2)).await.unwrap());
    assert!(!members.expel(one.id, ada.id, at(2)).await.unwrap(), "the last owner");
    assert_eq!(stores.notebooks.get(one.id).await.unwrap().unwrap().join_code, None);
    assert_eq!(invitations.invitations(one.id).await.unwrap(), std::slice::from_ref(&hers));
    members.set_join_code(one.id, Some(&code)).await.unwrap();
    assert!(!members.join(one.id, &code.code, bob.id, at(3)).await.unwrap());
    assert!(invitations.accept_invitation(&hers, bob.id, at(3)).await.unwrap(), "invited again");
    assert!(members.remove_member(one.id, bob.id).await.unwrap());
    assert!(members.join(one.id, &code.code, bob.id, at(4)).await.unwrap(), "and forgiven");
}

async fn an_invitation_is_replaced_and_withdrawn(Backend { stores, .. }: Backend) {
    let ada = user(&stores, "ada").await;
    let one = notebook(&stores, &ada).await;
    stores.invitations.invite(&invitation(&one, "bob", Role::Viewer)).await.unwrap();
    let replaced = invitation(&one, "bob", Role::Owner);
    stores.invitations.invite(&replaced).await.unwrap();
    assert_eq!(stores.invitations.invitations(one.id).await.unwrap(), std::slice::from_ref(&replaced));
    assert!(stores.invitations.withdraw_invitation(one.id, &replaced.email).await.unwrap());
    assert!(!stores.invitations.withdraw_invitation(one.id, &replaced.email).await.unwrap());
    assert!(stores.invitations.invitations(one.id).await.unwrap().is_empty());
}

async fn a_deleted_notebook_is_gone_at_once(Backend { stores, .. }: Backend) {
    let (ada, bob) = (user(&stores, "ada").await, user(&stores, "bob").await);
    let one = notebook(&stores, &ada).await;
    let code = JoinCode { code: "0123456789".to_owned(), role: Role::Viewer, expires_at: None, uses_left: None };
    stores.members.set_join_code(one.id, Some(&code)).await.unwrap();
    stores.invitations.invite(&invitation(&one, "cyd", Role::Viewer)).await.unwrap();
    let talk = conversation(&stores, &one, at(0)).await;
    let paper = source(&stores, &one, at(0)).await;

    assert!(stores.notebooks.mark_deleted(one.id, None, at(1)).await.unwrap());
    assert!(!stores.notebooks.mark_deleted(one.id, None, at(2)).await.unwrap());

    let (notebooks, members, invitations) = (&stores.notebooks, &stores.members, &stores.invitations);
    assert_eq!(notebooks.get(one.id).await.unwrap(), None);
    assert!(notebooks.list_for(ada.id).await.unwrap().is_empty());
    assert_eq!(notebooks.rename(one.id, None, &title("Back"), at(2)).await.unwrap(), None);
    assert_eq!(members.set_join_code(one.id, Some(&code)).await.unwrap(), None);
    assert_eq!(members.by_join_code(&code.code).await.unwrap(), None);
    assert_eq!(members.role_of(one.id, ada.id).await.unwrap(), None);
    assert!(members.members(one.id).await.unwrap().is_empty());
    assert!(!members.join(one.id, &code.code, bob.id, at(2)).await.unwrap());
    assert!(!members.set_role(one.id, ada.id, Role::Owner).await.unwrap());
    assert!(!members.remove_member(one.id, ada.id).await.unwrap());
    assert!(matches!(invitations.invite(&invitation(&one, "dan", Role::Viewer)).await, Err(StoreError::Missing(_))));
    assert!(invitations.invitations(one.id).await.unwrap().is_empty());
    assert!(!invitations.withdraw_invitation(one.id, &"cyd@example.org".to_owned().try_into().unwrap()).await.unwrap());

    assert_eq!(stores.conversations.get(talk.id).await.unwrap(), None);
    assert!(stores.conversations.list(one.id).await.unwrap().is_empty());
    assert_eq!(stores.sources.get(one.id, paper.id).await.unwrap(), None);
    assert_eq!(notebooks.deleted(at(2)).await.unwrap(), [one.id]);
}

/// A notebook with something of everything in it.
async fn full_notebook(stores: &Stores, owner: &User) -> (Notebook, SegmentId) {
    let full = notebook(stores, owner).await;
    let talk = conversation(stores, &full, at(0)).await;
    sent(stores, talk.id, "one").await;
    stores.conversations.mark_read(talk.id, owner.id, 1).await.unwrap();
    stores.invitations.invite(&invitation(&full, "cyd", Role::Viewer)).await.unwrap();
    source(stores, &full, at(0)).await;
    let claim = stores.ingest_queue.claim(collabry_shared::ids::OwnerId::new(), at(0), at(60)).await.unwrap().unwrap();
    stores.segments.put_chunks(&claim, &[chunk(0), chunk(1)]).await.unwrap();
    stores.ingest_queue.ready(&claim, None, 2, at(1)).await.unwrap();
    (full, claim.segment())
}

async fn a_purge_leaves_nothing_and_may_run_again(Backend { stores, .. }: Backend) {
    let ada = user(&stores, "ada").await;
    let (full, _) = full_notebook(&stores, &ada).await;
    let (kept, segment) = full_notebook(&stores, &ada).await;
    stores.notebooks.mark_deleted(full.id, None, at(2)).await.unwrap();
    stores.notebooks.purge(full.id).await.unwrap();
    stores.notebooks.purge(full.id).await.unwrap();
    assert!(stores.notebooks.deleted(at(2)).await.unwrap().is_empty());
    // Every id is free again, so nothing of it is left.
    stores.notebooks.create(&full).await.unwrap();
    assert!(stores.sources.list(full.id).await.unwrap().is_empty());
    assert!(stores.conversations.list(full.id).await.unwrap().is_empty());
    assert!(stores.invitations.invitations(full.id).await.unwrap().is_empty());

    assert_eq!(stores.sources.list(kept.id).await.unwrap().len(), 1);
    assert_eq!(stores.segments.chunks(segment).await.unwrap().len(), 2);
    assert_eq!(stores.conversations.list(kept.id).await.unwrap().len(), 1);
}

async fn only_deleted_notebooks_are_purged(Backend { stores, .. }: Backend) {
    let ada = user(&stores, "ada").await;
    let (full, segment) = full_notebook(&stores, &ada).await;
    stores.notebooks.purge(full.id).await.unwrap();
    stores.notebooks.purge(NotebookId::new()).await.unwrap();
    assert_eq!(stores.notebooks.get(full.id).await.unwrap(), Some(full));
    assert_eq!(stores.segments.chunks(segment).await.unwrap().len(), 2);
}
