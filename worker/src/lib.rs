//! The worker: what has to be done from time to time, whether anyone asks or not.

mod housekeeping;
mod schedule;

pub use self::schedule::{ScheduleError, Worker};
