//! What goes along with a document that is deleted for good.
//!
//! Whoever composes the features hands it in, so that the feature that owns the document need not know those built on it.

use futures::future::BoxFuture;

use super::StoreResult;

/// Deletes what belongs to the document of this id. Called again when a deletion was cut short.
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
