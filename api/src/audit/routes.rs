//! Which requests are security events.

use axum::http::Method;

const ROUTES: [(&Method, &str, &str); 19] = [
    (&Method::POST, "/api/auth/register", "account.register"),
    (&Method::DELETE, "/api/auth/me", "account.delete"),
    (&Method::GET, "/api/auth/me/export", "account.export"),
    (&Method::PUT, "/api/auth/password", "account.password"),
    (&Method::POST, "/api/auth/login", "session.begin"),
    (&Method::POST, "/api/auth/logout", "session.end"),
    (&Method::DELETE, "/api/auth/sessions", "session.end-all"),
    (&Method::DELETE, "/api/auth/sessions/{sessionId}", "session.end"),
    (&Method::POST, "/api/notebooks/{notebookId}/members", "invitation.make"),
    (&Method::DELETE, "/api/notebooks/{notebookId}/invitations/{invitationId}", "invitation.withdraw"),
    (&Method::PUT, "/api/notebooks/{notebookId}/join-code", "join-code.renew"),
    (&Method::DELETE, "/api/notebooks/{notebookId}/join-code", "join-code.switch-off"),
    (&Method::POST, "/api/notebooks/join", "member.join"),
    (&Method::PATCH, "/api/notebooks/{notebookId}/members/{userId}", "member.role"),
    (&Method::DELETE, "/api/notebooks/{notebookId}/members/{userId}", "member.remove"),
    (&Method::DELETE, "/api/notebooks/{notebookId}", "notebook.delete"),
    (&Method::POST, "/api/admin/jobs/{name}/runs", "admin.run-job"),
    (&Method::PUT, "/api/admin/log-level", "admin.log-level"),
    (&Method::DELETE, "/api/admin/log-level", "admin.log-level"),
];
const ADMIN: &str = "/api/admin/";

/// What a request does, by its path's template; `None`: nothing of that kind, as long as it is not refused.
pub fn action(method: &Method, template: &str) -> Option<&'static str> {
    let listed = ROUTES.iter().find(|(its_method, its_template, _)| *its_method == method && *its_template == template);
    listed.map(|(.., action)| *action).or_else(|| template.starts_with(ADMIN).then_some("admin.look"))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;

    use super::action;

    #[test]
    fn whatever_only_admins_may_do_is_an_event() {
        assert_eq!(action(&Method::GET, "/api/admin/anything"), Some("admin.look"));
        assert_eq!(action(&Method::POST, "/api/auth/login"), Some("session.begin"));
        assert_eq!(action(&Method::GET, "/api/notebooks"), None);
    }
}
