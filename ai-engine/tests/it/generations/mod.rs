//! Generations over real storage and a scripted model server: every way to start, follow and end.

mod answers;
mod control;
mod crashes;
mod failures;
mod thoughts;
mod unwanted;

use collabry_shared::generations::{Generation, GenerationEvent, GenerationState, LoggedEvent};

use crate::world::{Engine, is_delta, text};

const SCRIPTED: &str = "openai/scripted";
const BUILTIN: &str = "builtin/extractive";

fn names(events: &[LoggedEvent]) -> Vec<&'static str> {
    let mut names: Vec<_> = events.iter().map(|logged| logged.event.name()).collect();
    names.dedup();
    names
}

/// Ids count from 1 without gaps, the start comes once, and nothing follows the end.
fn assert_well_formed(events: &[LoggedEvent]) {
    let ids: Vec<_> = events.iter().map(|logged| logged.event_id).collect();
    assert_eq!(ids, (1..=events.len() as u64).collect::<Vec<_>>());
    for name in ["started", "citations"] {
        assert!(events.iter().filter(|logged| logged.event.name() == name).count() <= 1, "{events:?}");
    }
    let ends: Vec<_> = events.iter().filter(|logged| logged.event.is_final()).map(|logged| logged.event_id).collect();
    assert_eq!(ends, [events.len() as u64]);
}

/// Asserts the final state and the length of the text.
fn assert_done(events: &[LoggedEvent], generation: &Generation, state: GenerationState) {
    let text_length = Some(text(events).chars().count() as u64);
    let done = GenerationEvent::Done { state, answer_id: generation.answer_id, cut_off: None, text_length };
    assert_eq!(events.last().unwrap().event, done);
}

async fn first_delta(engine: &Engine, generation: &Generation) {
    engine.events_until(generation, is_delta).await;
}
