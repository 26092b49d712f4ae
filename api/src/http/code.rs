//! Every error code of the api, once. `docs/errors.md` explains each to those who call it.

use axum::http::StatusCode;

/// Names the code, its status, and its sentence for people where there is only one.
macro_rules! codes {
    ($($code:ident, $name:literal, $status:ident $(, $sentence:literal)?;)+) => {
        /// What is wrong: stable, for machines.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code {
            $($code),+
        }

        impl Code {
            /// As in the documentation.
            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$code),+];

            /// As it is sent.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$code => $name),+
                }
            }

            pub const fn status(self) -> StatusCode {
                match self {
                    $(Self::$code => StatusCode::$status),+
                }
            }

            /// What is wrong and what to do, unless that depends on the case.
            pub const fn sentence(self) -> Option<&'static str> {
                match self {
                    $(Self::$code => sentence!($($sentence)?)),+
                }
            }
        }
    };
}

macro_rules! sentence {
    () => {
        None
    };
    ($sentence:literal) => {
        Some($sentence)
    };
}

codes! {
    Validation, "validation", UNPROCESSABLE_ENTITY;
    JsonMalformed, "json_malformed", BAD_REQUEST, "The body is not valid JSON.";
    JsonExpected, "json_expected", UNSUPPORTED_MEDIA_TYPE,
        "Send the body as JSON with Content-Type: application/json.";
    EncodingUnsupported, "encoding_unsupported", UNSUPPORTED_MEDIA_TYPE,
        "Send the body as it is, without compression, in UTF-8.";
    BodyUnreadable, "body_unreadable", BAD_REQUEST, "The body cannot be read. Send it again.";
    BodyTooSlow, "body_too_slow", REQUEST_TIMEOUT, "The body did not come in time. Send it again.";
    PayloadTooLarge, "payload_too_large", PAYLOAD_TOO_LARGE;
    RequestInvalid, "request_invalid", BAD_REQUEST, "The request cannot be understood.";
    MethodNotAllowed, "method_not_allowed", METHOD_NOT_ALLOWED, "This address does not take that method.";
    NotFound, "not_found", NOT_FOUND, "There is nothing here, or you have no access to it.";
    Conflict, "conflict", CONFLICT;
    PreconditionFailed, "precondition_failed", PRECONDITION_FAILED,
        "It is not what it was when you read it. Read it again, and look at what changed.";
    RangeNotSatisfiable, "range_not_satisfiable", RANGE_NOT_SATISFIABLE;
    CursorInvalid, "cursor_invalid", UNPROCESSABLE_ENTITY,
        "This is not the `next` of a page of this list. Begin without a cursor.";
    IdempotencyKeyInvalid, "idempotency_key_invalid", UNPROCESSABLE_ENTITY,
        "An Idempotency-Key is 1 to 255 visible ASCII characters; a UUID is a good one.";
    IdempotencyKeyReused, "idempotency_key_reused", UNPROCESSABLE_ENTITY,
        "This Idempotency-Key belongs to another request. Make a new key for each new request.";
    IdempotencyInProgress, "idempotency_in_progress", CONFLICT,
        "The request with this Idempotency-Key is being carried out. Send it again in a moment.";
    EventUnknown, "event_unknown", UNPROCESSABLE_ENTITY, "There is no event of this name.";
    TokenMissing, "token_missing", UNAUTHORIZED, "Sign in first.";
    TokenInvalid, "token_invalid", UNAUTHORIZED, "This access token is not valid. Sign in again.";
    TokenExpired, "token_expired", UNAUTHORIZED, "The access token has expired. Refresh it.";
    CredentialsInvalid, "credentials_invalid", UNAUTHORIZED, "Wrong email address or password.";
    SessionExpired, "session_expired", UNAUTHORIZED, "Your session has ended. Sign in again.";
    PasswordWrong, "password_wrong", FORBIDDEN, "This is not your password.";
    RegistrationClosed, "registration_closed", FORBIDDEN,
        "Accounts can't be created here. Ask the server's administrator for one.";
    InvitationNeeded, "invitation_needed", FORBIDDEN,
        "Accounts are made by invitation here. Open the link that a member of a notebook gave you; if \
         it is used up or has expired, ask for a new one.";
    AddressReserved, "address_reserved", FORBIDDEN,
        "This address is that of an administrator. The server's administrator creates its account on the \
         command line.";
    EmailTaken, "email_taken", CONFLICT, "An account with this email already exists. Sign in instead.";
    EmailInvalid, "email_invalid", UNPROCESSABLE_ENTITY, "Enter a valid email address.";
    OwnsNotebooks, "owns_notebooks", CONFLICT;
    RoleTooSmall, "role_too_small", FORBIDDEN;
    MemberRemoved, "member_removed", FORBIDDEN,
        "An owner has removed you from this notebook. Ask them to invite you again.";
    TitleInvalid, "title_invalid", UNPROCESSABLE_ENTITY, "Use 1 to 120 characters.";
    RoleInvalid, "role_invalid", UNPROCESSABLE_ENTITY;
    JoinCodeUnknown, "join_code_unknown", NOT_FOUND, "This code isn't valid. Ask the owner for a new one.";
    AlreadyMember, "already_member", CONFLICT, "This person is already a member.";
    LastOwner, "last_owner", CONFLICT, "A notebook needs an owner. Make someone else an owner first.";
    TooManyNotebooks, "too_many_notebooks", CONFLICT;
    TooManyMembers, "too_many_members", CONFLICT;
    TooManyInvitations, "too_many_invitations", CONFLICT;
    FormExpected, "form_expected", UNSUPPORTED_MEDIA_TYPE,
        "Send the file as a form with Content-Type: multipart/form-data.";
    FormMalformed, "form_malformed", BAD_REQUEST,
        "The body is not a well-formed multipart form. Let a library write it.";
    FileMissing, "file_missing", UNPROCESSABLE_ENTITY, "Send one file in the multipart field `file`.";
    TooManyFiles, "too_many_files", UNPROCESSABLE_ENTITY,
        "Send one file in a request: this form has several fields `file`. Nothing was stored.";
    FileEmpty, "file_empty", UNPROCESSABLE_ENTITY;
    FormatUnknown, "format_unknown", UNSUPPORTED_MEDIA_TYPE;
    UploadTooLarge, "upload_too_large", PAYLOAD_TOO_LARGE;
    UploadIncomplete, "upload_incomplete", BAD_REQUEST, "The upload was interrupted. Try again.";
    NameInvalid, "name_invalid", UNPROCESSABLE_ENTITY, "Use 1 to 200 characters.";
    UrlInvalid, "url_invalid", UNPROCESSABLE_ENTITY, "Enter the address of a web page (http:// or https://).";
    VersionTaken, "version_taken", CONFLICT,
        "Someone uploaded a new version at the same time. Look at it, then upload yours again.";
    TooManySources, "too_many_sources", CONFLICT;
    StorageShareSpent, "storage_share_spent", CONFLICT;
    SourceNotFailed, "source_not_failed", CONFLICT, "This source has not failed: nothing to retry.";
    RetryTooSoon, "retry_too_soon", TOO_MANY_REQUESTS;
    RetriesExhausted, "retries_exhausted", CONFLICT;
    MessageEmpty, "message_empty", UNPROCESSABLE_ENTITY;
    MessageTooLong, "message_too_long", UNPROCESSABLE_ENTITY;
    MessageNotYours, "message_not_yours", FORBIDDEN;
    ClientIdInvalid, "client_id_invalid", UNPROCESSABLE_ENTITY;
    ClientIdTaken, "client_id_taken", CONFLICT, "This clientId belongs to another message. Make a new one.";
    ModelInvalid, "model_invalid", UNPROCESSABLE_ENTITY;
    QueryInvalid, "query_invalid", UNPROCESSABLE_ENTITY, "Use 1 to 1,000 characters.";
    EventIdInvalid, "event_id_invalid", UNPROCESSABLE_ENTITY,
        "The last event id is not a number we gave out. Begin again without one, or with the last you \
         have seen.";
    TooManyConversations, "too_many_conversations", CONFLICT;
    AnswerInProgress, "answer_in_progress", CONFLICT,
        "An answer to this question is being written. Wait for it, or stop it first.";
    AnswersUnfinished, "answers_unfinished", TOO_MANY_REQUESTS;
    AnswersSpent, "answers_spent", TOO_MANY_REQUESTS;
    AnswersSpentByAll, "answers_spent_by_all", TOO_MANY_REQUESTS;
    RateLimited, "rate_limited", TOO_MANY_REQUESTS;
    Busy, "busy", SERVICE_UNAVAILABLE, "The server is busy. Try again in a moment.";
    StorageFull, "storage_full", INSUFFICIENT_STORAGE,
        "The server has no room left, so this was not saved. Tell the server's administrator, and try again later.";
    Internal, "internal", INTERNAL_SERVER_ERROR,
        "Something went wrong on our side. Try again, and if it keeps happening, report the request id.";
    FilterInvalid, "filter_invalid", UNPROCESSABLE_ENTITY;
    DurationInvalid, "duration_invalid", UNPROCESSABLE_ENTITY, "A log level holds for 1 to 86,400 seconds.";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::Code;

    /// Said by nginx when there is no api to say anything.
    const OF_NGINX: [&str; 2] = ["unavailable", "timeout"];

    #[test]
    fn the_documentation_has_each_code_with_its_status() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/errors.md");
        let page = std::fs::read_to_string(page).unwrap();
        let (of_the_api, _) = page.split_once("\n## Why a source failed\n").unwrap();
        let rows = of_the_api.lines().filter(|line| line.starts_with("| `")).map(|line| {
            let mut cells = line.split('|').skip(1).map(str::trim);
            (cells.next().unwrap().trim_matches('`').to_owned(), cells.next().unwrap().to_owned())
        });
        let documented: BTreeMap<_, _> = rows.filter(|(name, _)| !OF_NGINX.contains(&name.as_str())).collect();
        let status = |code: Code| match code {
            Code::RequestInvalid => "4xx".to_owned(),
            Code::EventUnknown => "socket".to_owned(),
            code => code.status().as_u16().to_string(),
        };
        let ours: BTreeMap<_, _> = Code::ALL.iter().map(|code| (code.name().to_owned(), status(*code))).collect();
        assert_eq!(ours, documented);
        assert_eq!(ours.len(), Code::ALL.len(), "each once");
    }
}
