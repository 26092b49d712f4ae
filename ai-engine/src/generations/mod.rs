//! Answers in the making: who runs them, what they are made of, and how they end.

mod coalesce;
mod control;
mod ending;
mod lease;
mod metrics;
mod parts;
mod passages;
mod places;
mod run;
mod runner;

pub use self::parts::GenerationParts;
pub use self::passages::PASSAGES;
pub use self::runner::{Generations, Load};
