//! Counters by how something ended.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

/// A counter for each way in which something ends.
pub type Outcomes = Family<[(&'static str, &'static str); 1], Counter>;

/// Counts one more that ended so.
pub fn count(outcomes: &Outcomes, outcome: &'static str) {
    outcomes.get_or_create(&[("outcome", outcome)]).inc();
}
