//! What is asked of a backend as a whole.

use collabry_shared::ids::OwnerId;

use crate::backend::{Backend, contract};
use crate::fixtures::{at, chunk, conversation, new_generation, owned_notebook, sent, source};

contract!(a_backend_answers, everything_is_there_again_after_a_restart, a_large_segment_comes_back_whole);

async fn a_backend_answers(Backend { stores, .. }: Backend) {
    stores.probe.ping().await.unwrap();
    stores.blobs.ping().await.unwrap();
}

async fn everything_is_there_again_after_a_restart(backend: Backend) {
    let stores = &backend.stores;
    let notebook = owned_notebook(stores).await;
    let talk = conversation(stores, &notebook, at(0)).await;
    let message = sent(stores, talk.id, "a").await;
    let generation = new_generation(&talk, at(0));
    stores.generations.create(&generation).await.unwrap();
    let source = source(stores, &notebook, at(0)).await;
    let claim = stores.sources.claim(OwnerId::new(), at(0), at(60)).await.unwrap().unwrap();
    stores.sources.put_chunks(&claim, &[chunk(0)]).await.unwrap();

    let backend = backend.reopen().await;
    let stores = &backend.stores;
    assert_eq!(stores.notebooks.get(notebook.id).await.unwrap(), Some(notebook));
    assert_eq!(stores.conversations.message(talk.id, message.id).await.unwrap(), Some(message));
    assert_eq!(sent(stores, talk.id, "b").await.rev, 2);
    assert_eq!(stores.generations.get(generation.id).await.unwrap(), Some(generation));
    assert_eq!(stores.sources.get(source.notebook_id, source.id).await.unwrap(), Some(source));
    assert_eq!(stores.sources.chunks(claim.segment()).await.unwrap(), [chunk(0)]);
    assert!(stores.sources.ready(&claim, None, 1, at(1)).await.unwrap(), "the lease survives too");
}

async fn a_large_segment_comes_back_whole(Backend { stores, .. }: Backend) {
    const CHUNKS: u32 = 5_000;
    let notebook = owned_notebook(&stores).await;
    source(&stores, &notebook, at(0)).await;
    let claim = stores.sources.claim(OwnerId::new(), at(0), at(60)).await.unwrap().unwrap();
    let chunks: Vec<_> = (0..CHUNKS).map(chunk).collect();
    for batch in chunks.chunks(500) {
        assert!(stores.sources.put_chunks(&claim, batch).await.unwrap());
    }
    assert!(stores.sources.chunks(claim.segment()).await.unwrap() == chunks);
    // More than one step of a purge.
    stores.sources.mark_deleted(notebook.id, claim.source.id, at(1)).await.unwrap();
    stores.sources.purge(claim.source.id).await.unwrap();
    assert!(stores.sources.deleted(at(1)).await.unwrap().is_empty());
}
