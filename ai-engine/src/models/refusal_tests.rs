use std::time::Duration;

use collabry_shared::clock::ManualClock;
use collabry_shared::conversations::CutOff;
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};

use super::{AnswerError, refusal, reported};

fn error(status: u16, retry_after: Option<&'static str>, body: &str) -> AnswerError {
    let mut headers = HeaderMap::new();
    if let Some(value) = retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from_static(value));
    }
    let clock = ManualClock::at("2026-11-21T08:00:00Z".parse().unwrap());
    refusal(StatusCode::from_u16(status).unwrap(), &headers, body, &clock).error
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    let wait = |header| error(429, header, "").retry_after();
    assert_eq!(wait(Some("7")), Some(Duration::from_secs(7)));
    assert_eq!(wait(Some("Sat, 21 Nov 2026 08:00:30 GMT")), Some(Duration::from_secs(30)));
    assert_eq!(wait(Some("Sat, 21 Nov 2026 07:00:00 GMT")), Some(Duration::ZERO));
    assert_eq!(wait(Some("soon")), None);
    assert_eq!(wait(None), None);
}

#[test]
fn a_missing_model_is_told_from_a_wrong_address() {
    for (status, body) in [
        (404, r#"{"error":"model 'x' not found"}"#),
        (404, r#"{"error":{"message":"The model `x` does not exist","code":"model_not_found"}}"#),
        (404, r#"{"type":"error","error":{"type":"not_found_error","message":"model: x"}}"#),
        (400, r#"{"error":{"message":"x is not a valid model ID","code":400}}"#),
        (400, r#"{"error":{"message":"Model Not Exist","type":"invalid_request_error"}}"#),
    ] {
        assert_eq!(error(status, None, body), AnswerError::ModelNotFound, "{body}");
    }
    assert_eq!(error(404, None, "404 page not found"), AnswerError::WrongAddress { status: 404 });
    assert_eq!(error(404, None, r#"{"detail":"Not Found"}"#), AnswerError::WrongAddress { status: 404 });
    assert_eq!(error(301, None, ""), AnswerError::WrongAddress { status: 301 });
}

#[test]
fn a_prompt_beyond_the_window_is_named_in_each_servers_words() {
    for body in [
        r#"{"error":{"message":"too long","type":"invalid_request_error","code":"context_length_exceeded"}}"#,
        r#"{"error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000"}}"#,
        r#"{"object":"error","message":"This model's maximum context length is 4096 tokens. However, you requested","type":"BadRequestError","code":400}"#,
        r#"{"error":{"message":"This model's maximum context length is 4096 tokens.","type":"BadRequestError","code":400}}"#,
        r#"{"error":{"message":"This endpoint's maximum context length is 4096 tokens.","code":400}}"#,
        r#"{"error":"Trying to keep the first 5000 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens"}"#,
        r#"{"error":{"code":400,"message":"the request exceeds the available context size. try increasing the context size","type":"exceed_context_size_error"}}"#,
        r#"{"error":{"message":"Requested tokens (5000) exceed context window of 4096","type":"invalid_request_error"}}"#,
        r#"{"object":"error","message":{"detail":[{"msg":"x"}]},"type":"invalid_request_error","message":"Prompt contains 70000 tokens and 0 draft tokens, too large for model with 32768 maximum context length"}"#,
        r#"[{"error":{"code":400,"message":"The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}}]"#,
        r#"{"error":"Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000","error_type":"validation"}"#,
        r#"{"message":"Input is too long for requested model."}"#,
        r#"{"detail":"too many tokens"}"#,
    ] {
        let error = error(400, None, body);
        assert_eq!(error, AnswerError::PromptTooLong, "{body}");
        assert!(!error.failure("It").retryable);
    }
    assert_eq!(error(413, None, ""), AnswerError::PromptTooLong);
}

#[test]
fn an_account_without_credit_is_told_at_once() {
    for (status, body) in [
        (
            429,
            r#"{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}"#,
        ),
        (402, r#"{"error":{"message":"Insufficient Balance","type":"unknown_error","code":"invalid_request_error"}}"#),
        (402, r#"{"type":"error","error":{"type":"billing_error","message":"Your account"}}"#),
        (402, ""),
        (
            400,
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API."}}"#,
        ),
        (403, r#"{"error":{"code":"insufficient_user_quota","message":"no"}}"#),
        (429, r#"{"error":{"code":"billing_hard_limit_reached","message":"Billing hard limit has been reached"}}"#),
    ] {
        let error = error(status, None, body);
        assert_eq!(error, AnswerError::NoCredit, "{status} {body}");
        assert!(!error.is_transient() && !error.failure("It").retryable);
    }
    let gemini = r#"[{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing details.","status":"RESOURCE_EXHAUSTED"}}]"#;
    assert_eq!(error(429, None, gemini), AnswerError::RateLimited { retry_after: None }, "its limits by the minute");
}

#[test]
fn a_model_that_cannot_chat_is_told_from_one_that_is_gone_and_from_a_wrong_key() {
    for (status, body) in [
        (400, r#"{"error":"\"nomic-embed-text\" does not support chat"}"#),
        (
            404,
            r#"{"error":{"message":"This is not a chat model and thus not supported in the v1/chat/completions endpoint. Did you mean to use v1/completions?","type":"invalid_request_error","param":"model","code":null}}"#,
        ),
        (
            403,
            r#"{"error":{"message":"You are not allowed to sample from this model","type":"invalid_request_error"}}"#,
        ),
        (
            400,
            r#"{"object":"error","message":"The model does not support Chat Completions API","type":"BadRequestError"}"#,
        ),
    ] {
        let error = error(status, None, body);
        assert_eq!(error, AnswerError::NoChat, "{body}");
        assert!(!error.failure("It").retryable);
    }
    let project =
        r#"{"error":{"message":"Project `p` does not have access to model `gpt-9`","code":"model_forbidden"}}"#;
    assert_eq!(error(403, None, project), AnswerError::ModelNotAllowed);
    assert_eq!(error(403, None, "no"), AnswerError::Refused { status: 403 });
}

#[test]
fn what_a_filter_withholds_before_the_answer_is_no_error_of_the_server() {
    let azure = r#"{"error":{"message":"The response was filtered due to the prompt triggering Azure OpenAI's content management policy.","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation"}}}"#;
    assert_eq!(error(400, None, azure), AnswerError::Empty { thought: false, cut_off: Some(CutOff::Filter) });
}

#[test]
fn a_model_that_is_being_loaded_is_waited_for() {
    let llama = r#"{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}"#;
    assert_eq!(error(503, None, llama), AnswerError::Loading { retry_after: None });
    assert_eq!(error(503, None, "overloaded"), AnswerError::Unavailable { status: 503, retry_after: None });
}

#[test]
fn what_people_wrote_decides_nothing() {
    let echo = r#"{"detail":[{"type":"extra_forbidden","loc":["body","seed"],"msg":"Extra inputs are not permitted","input":{"messages":["What is a context window? My credit balance?"]}}]}"#;
    assert_eq!(error(422, None, echo), AnswerError::Reported { detail: "Extra inputs are not permitted".to_owned() });
}

#[test]
fn no_error_is_seen_where_there_is_none() {
    for value in [
        serde_json::json!({ "error": null, "choices": [] }),
        serde_json::json!({ "error": "", "choices": [] }),
        serde_json::json!({ "error": {}, "choices": [] }),
        serde_json::json!({ "choices": [] }),
        serde_json::json!([]),
        serde_json::json!(null),
    ] {
        assert_eq!(reported(&value), None, "{value}");
    }
}
