//! Pages and chunks.

use collabry_shared::sources::{Chunk, SegmentId};

use super::{claim, claimed, page};
use crate::backend::{Backend, contract};
use crate::fixtures::chunk;

contract!(pages_are_found_by_number, chunks_are_stored_by_index, another_attempt_starts_clean,);

async fn pages_are_found_by_number(Backend { stores, .. }: Backend) {
    let (_, held) = claimed(&stores).await;
    let pages = [page(1, 0, "Wärme\n"), page(2, 6, ""), page(3, 6, "Arbeit")];
    assert!(stores.segments.put_pages(&held, &[page(1, 0, "old"), page(9, 3, "old")]).await.unwrap());
    assert!(stores.segments.put_pages(&held, &pages).await.unwrap());
    let segment = held.segment();
    assert_eq!(stores.segments.page(segment, 2).await.unwrap().as_ref(), Some(&pages[1]));
    assert_eq!(stores.segments.page(segment, 9).await.unwrap(), None, "pages are replaced");
    let unknown = SegmentId { version: 2, ..segment };
    assert_eq!(stores.segments.page(unknown, 1).await.unwrap(), None);
}

async fn chunks_are_stored_by_index(Backend { stores, .. }: Backend) {
    let (_, held) = claimed(&stores).await;
    assert!(stores.segments.put_chunks(&held, &[chunk(2), chunk(3)]).await.unwrap());
    assert!(stores.segments.put_chunks(&held, &[chunk(0), chunk(1)]).await.unwrap());
    let replaced = Chunk { text: "Replaced".to_owned(), headings: Vec::new(), ..chunk(3) };
    assert!(stores.segments.put_chunks(&held, &[replaced.clone(), chunk(4)]).await.unwrap());
    let stored = stores.segments.chunks(held.segment()).await.unwrap();
    assert_eq!(stored, [chunk(0), chunk(1), chunk(2), replaced, chunk(4)]);
    let unknown = SegmentId { version: 2, ..held.segment() };
    assert!(stores.segments.chunks(unknown).await.unwrap().is_empty());
}

async fn another_attempt_starts_clean(Backend { stores, .. }: Backend) {
    let (_, held) = claimed(&stores).await;
    stores.segments.put_pages(&held, &[page(1, 0, "text")]).await.unwrap();
    stores.segments.put_chunks(&held, &[chunk(0)]).await.unwrap();
    let next = claim(&stores, 60).await.unwrap();
    assert!(stores.segments.clear_segment(&next).await.unwrap());
    assert!(stores.segments.chunks(next.segment()).await.unwrap().is_empty());
    assert_eq!(stores.segments.page(next.segment(), 1).await.unwrap(), None);
}
