//! Answers in the making.
