//! Sources that nobody wants any more.

mod orphans;
mod purge;

pub(crate) use self::orphans::ClearFiles;
pub(crate) use self::purge::PurgeDeleted;
