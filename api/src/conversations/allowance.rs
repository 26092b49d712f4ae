//! What those are told who have had the answers that they may have.

use collabry_shared::generations::{Allowance, Requested, rest_of_day};
use jiff::Timestamp;

use crate::http::{ApiError, Code};

/// Answers end at any time; asking again so often is no burden.
const SOON: u32 = 5;

pub fn refusal(refused: Requested, allowance: &Allowance, now: Timestamp) -> ApiError {
    let tomorrow = u32::try_from(rest_of_day(now).as_secs()).unwrap_or(u32::MAX);
    let (code, detail, wait) = match refused {
        Requested::TooManyUnfinished | Requested::Queued => (
            Code::AnswersUnfinished,
            format!(
                "You wait for {} answers already, which is as many as one person may. Ask again when one of them has \
                 ended, or stop one.",
                allowance.unfinished
            ),
            SOON,
        ),
        Requested::Spent => (
            Code::AnswersSpent,
            format!("You have reached your limit of {} answers a day. Ask again tomorrow.", allowance.daily),
            tomorrow,
        ),
        Requested::SpentByAll => (
            Code::AnswersSpentByAll,
            "This server has reached its limit of answers a day. Ask again tomorrow, or ask the server's administrator."
                .to_owned(),
            tomorrow,
        ),
    };
    ApiError { retry_after: Some(wait), ..ApiError::new(code, detail) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_says_what_and_until_when() {
        let allowance = Allowance { unfinished: 3, daily: 500, daily_of_all: 20_000 };
        let now = "2026-11-30T23:00:00Z".parse().unwrap();
        for (refused, code, wait, word) in [
            (Requested::TooManyUnfinished, Code::AnswersUnfinished, SOON, "3 answers"),
            (Requested::Spent, Code::AnswersSpent, 3_600, "500 answers"),
            (Requested::SpentByAll, Code::AnswersSpentByAll, 3_600, "tomorrow"),
        ] {
            let error = refusal(refused, &allowance, now);
            assert_eq!((error.status.as_u16(), error.code, error.retry_after), (429, code, Some(wait)));
            assert!(error.detail.contains(word), "{}", error.detail);
        }
    }
}
