//! Answers in the making: who runs them, what they are made of, and how they end.

mod coalesce;
mod control;
mod ending;
mod extractive;
mod followup;
mod lease;
mod metrics;
mod passages;
mod places;
pub mod prompt;
mod run;
mod runner;
#[cfg(test)]
mod testing;

pub use self::extractive::Extractive;
pub use self::passages::PASSAGES;
pub use self::runner::{Generations, Load, Parts};
