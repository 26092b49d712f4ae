//! Answers in the making.

pub mod prompt;
#[cfg(test)]
mod testing;
