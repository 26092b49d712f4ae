//! Generations: who runs them, what goes into them, and how they end.

mod capacity;
mod coalesce;
mod control;
mod lease;
mod metrics;
mod outcome;
mod parts;
mod permits;
mod recovery;
mod request;
mod run;
mod runner;

pub use self::parts::GenerationParts;
pub use self::request::PASSAGES;
pub use self::runner::{Generations, Load};
