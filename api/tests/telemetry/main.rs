//! What requests leave behind. A process of its own: what is listened to is decided by every test of a process together,
//! so that others could keep a span from being there.
#![cfg(test)]

mod apart;
mod collector;
mod lines_and_traces;
#[path = "../it/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "it has more than these tests need")]
mod support;
