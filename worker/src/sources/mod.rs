//! Sources that nobody wants any more.

mod purge;

pub(crate) use self::purge::PurgeDeleted;
