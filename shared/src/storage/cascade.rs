//! Cascades: what is deleted along with a document that is purged.
//!
//! The composition of the features passes them in, so that the feature that owns the document need not know those built on it.

use futures::future::BoxFuture;

use super::StoreResult;

/// Deletes what belongs to the document with this id. Called again when a deletion was interrupted.
type Delete<D> = for<'a> fn(&'a D, &'a str) -> BoxFuture<'a, StoreResult<()>>;

#[derive(Debug)]
pub(crate) struct Cascade<D> {
    /// The table or collection of the document.
    pub of: &'static str,
    pub delete: Delete<D>,
}

/// Deletes what belongs to document `id` of `of`, one kind after the other.
pub(crate) async fn cascade<D>(cascades: &[Cascade<D>], database: &D, of: &str, id: &str) -> StoreResult<()> {
    for cascade in cascades.iter().filter(|cascade| cascade.of == of) {
        (cascade.delete)(database, id).await?;
    }
    Ok(())
}
