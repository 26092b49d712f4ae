//! Text as people read it.

mod fold;

pub use self::fold::fold;
