//! Notifications.

use collabry_shared::ids::{NotebookId, NotificationId, UserId};
use collabry_shared::notifications::{About, Notification};
use collabry_shared::pages::Window;
use collabry_shared::storage::StoreError;
use collabry_shared::stores::Stores;

use crate::backend::{Backend, contract};
use crate::fixtures::{at, user};

contract!(notifications_are_listed_newest_first, everything_up_to_one_is_marked_as_read, a_notification_needs_its_user,);

fn notification(user: UserId) -> Notification {
    Notification {
        id: NotificationId::new(),
        user_id: user,
        about: About::AddedToNotebook {
            notebook_id: NotebookId::new(),
            title: "Optics".to_owned(),
            by: "Bob".to_owned(),
        },
        created_at: at(1),
        read_at: None,
    }
}

async fn notify(stores: &Stores, user: UserId) -> Notification {
    let notification = notification(user);
    stores.notifications.create(&notification).await.unwrap();
    notification
}

async fn notifications_are_listed_newest_first(Backend { stores, .. }: Backend) {
    let (ada, bob) = (user(&stores, "ada").await.id, user(&stores, "bob").await.id);
    let first = notify(&stores, ada).await;
    let failed = About::SourceFailed {
        notebook_id: NotebookId::new(),
        source_name: "carnot.pdf".to_owned(),
        message: "It is locked.".to_owned(),
    };
    let second = Notification { about: failed, ..notification(ada) };
    stores.notifications.create(&second).await.unwrap();
    notify(&stores, bob).await;
    assert_eq!(
        stores.notifications.list_page(ada, false, &Window { limit: 10, ..Window::WHOLE }).await.unwrap(),
        [second.clone(), first]
    );
    assert_eq!(
        stores.notifications.list_page(ada, false, &Window { limit: 1, ..Window::WHOLE }).await.unwrap(),
        std::slice::from_ref(&second)
    );
    assert!(matches!(stores.notifications.create(&second).await, Err(StoreError::Conflict(_))));
}

async fn everything_up_to_one_is_marked_as_read(Backend { stores, .. }: Backend) {
    let (ada, bob) = (user(&stores, "ada").await.id, user(&stores, "bob").await.id);
    notify(&stores, ada).await;
    let second = notify(&stores, ada).await;
    notify(&stores, ada).await;
    let other = notify(&stores, bob).await;
    assert_eq!(stores.notifications.mark_read(ada, second.id, at(5)).await.unwrap(), 2);
    assert_eq!(stores.notifications.mark_read(ada, second.id, at(6)).await.unwrap(), 0);
    let read: Vec<_> = stores
        .notifications
        .list_page(ada, false, &Window { limit: 10, ..Window::WHOLE })
        .await
        .unwrap()
        .iter()
        .map(|n| n.read_at)
        .collect();
    assert_eq!(read, [None, Some(at(5)), Some(at(5))]);
    assert_eq!(
        stores.notifications.list_page(bob, false, &Window { limit: 10, ..Window::WHOLE }).await.unwrap(),
        [other]
    );
}

async fn a_notification_needs_its_user(Backend { stores, .. }: Backend) {
    let created = stores.notifications.create(&notification(UserId::new())).await;
    assert!(matches!(created, Err(StoreError::Missing(_))));
}
