//! Removes deleted sources and orphaned files.

mod orphans;
mod purge;

pub(crate) use self::orphans::ClearFiles;
pub(crate) use self::purge::PurgeDeleted;
