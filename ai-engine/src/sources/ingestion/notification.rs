//! Notifies the person who added a source that it failed.

use collabry_shared::ids::NotificationId;
use collabry_shared::notifications::{About, Notification};
use collabry_shared::realtime::{Event, Room};
use collabry_shared::sources::{IngestFailure, Source};
use collabry_shared::storage::StoreResult;

use super::IngestionParts;

pub(super) async fn notify(parts: &IngestionParts, source: &Source, failure: IngestFailure) -> StoreResult<()> {
    let notification = Notification {
        id: NotificationId::new(),
        user_id: source.created_by,
        about: About::SourceFailed {
            notebook_id: source.notebook_id,
            source_name: source.name.clone(),
            message: failure.message,
        },
        created_at: parts.clock.now(),
        read_at: None,
    };
    parts.stores.notifications.create(&notification).await?;
    let room = Room::User(source.created_by);
    parts.fan_out.emit(room, Event::NotificationNew { notification }).await;
    Ok(())
}
