//! Metrics of the decisions of limits.

use collabry_shared::health::metrics::Counts;
use collabry_shared::limits::{Decision, Rule};
use prometheus_client::registry::Registry;

const FLOOD: &str = "flood";

#[derive(Debug, Default)]
pub struct Metrics {
    decisions: Counts<2>,
}

impl Metrics {
    pub fn register(&self, registry: &mut Registry) {
        let help = "Decisions of limits; a refused request counts for the limit that refused it";
        registry.register("limit_decisions", help, self.decisions.clone());
        // Created before the first refusal, which would otherwise not count as an increase.
        for rule in Rule::ALL.map(Rule::name).into_iter().chain([FLOOD]) {
            let _counter = self.decisions.get_or_create(&[("rule", rule), ("decision", "refused")]);
        }
    }

    pub(super) fn decided(&self, decision: &Decision) {
        match decision {
            Decision::Allowed(standings) => {
                for standing in standings {
                    self.count(standing.rule.name(), "allowed");
                }
            }
            Decision::Refused(standing) => self.count(standing.rule.name(), "refused"),
        }
    }

    /// Counts a request that was refused by the rate limit per address.
    pub(super) fn flooded(&self) {
        self.count(FLOOD, "refused");
    }

    fn count(&self, rule: &'static str, decision: &'static str) {
        self.decisions.get_or_create(&[("rule", rule), ("decision", decision)]).inc();
    }
}
