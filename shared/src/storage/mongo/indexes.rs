//! The indexes that the repositories rely on, by name.

use std::collections::BTreeMap;

use futures::future::try_join_all;
use mongodb::IndexModel;
use mongodb::bson::Document;
use mongodb::options::IndexOptions;

use super::Database;
use crate::storage::StoreResult;

/// An ascending index; it serves the other direction as well.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Index {
    collection: &'static str,
    name: &'static str,
    fields: &'static [&'static str],
    unique: bool,
    sparse: bool,
}

impl Index {
    pub const fn on(collection: &'static str, name: &'static str, fields: &'static [&'static str]) -> Self {
        Self { collection, name, fields, unique: false, sparse: false }
    }

    pub const fn unique(self) -> Self {
        Self { unique: true, ..self }
    }

    /// Leaves out documents that have none of the fields.
    pub const fn sparse(self) -> Self {
        Self { sparse: true, ..self }
    }

    pub const fn collection(&self) -> &'static str {
        self.collection
    }

    fn model(&self) -> IndexModel {
        let keys: Document = self.fields.iter().map(|field| ((*field).to_owned(), 1.into())).collect();
        let options =
            IndexOptions::builder().name(self.name.to_owned()).unique(self.unique).sparse(self.sparse).build();
        IndexModel::builder().keys(keys).options(options).build()
    }
}

/// Creates missing indexes. An index of the same name with other fields is an error: it belongs to another version.
pub async fn ensure(db: &Database, indexes: &[&[Index]]) -> StoreResult<()> {
    let mut models: BTreeMap<&'static str, Vec<IndexModel>> = BTreeMap::new();
    for index in indexes.iter().copied().flatten() {
        models.entry(index.collection).or_default().push(index.model());
    }
    let made = models
        .into_iter()
        .map(async |(collection, models)| db.inner.collection::<Document>(collection).create_indexes(models).await);
    try_join_all(made).await?;
    Ok(())
}

/// The names of the indexes that [`ensure`] would create.
pub async fn missing(db: &Database, indexes: &[&[Index]]) -> StoreResult<Vec<String>> {
    let collections = db.inner.list_collection_names().await?;
    let mut known = BTreeMap::new();
    for name in indexes.iter().copied().flatten().map(Index::collection) {
        if !known.contains_key(name) {
            let there = collections.iter().any(|one| one == name);
            let indexes =
                if there { db.inner.collection::<Document>(name).list_index_names().await? } else { Vec::new() };
            known.insert(name, indexes);
        }
    }
    let missing =
        indexes.iter().copied().flatten().filter(|index| !known[index.collection].iter().any(|one| one == index.name));
    Ok(missing.map(|index| format!("index {}", index.name)).collect())
}
