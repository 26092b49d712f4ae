//! The OpenAPI document as the tests' second opinion: every answer that any test gets must be documented.

use serde_json::Value;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// One documented operation.
#[derive(Debug, Clone)]
pub struct Operation {
    pub id: String,
    pub method: String,
    /// With `{parameters}`.
    pub path: String,
    /// Whether it needs a token.
    pub secured: bool,
    pub statuses: Vec<String>,
}

impl Operation {
    /// Names of its path parameters.
    pub fn parameters(&self) -> Vec<String> {
        let pieces = self.path.split('{').skip(1);
        pieces.map(|piece| piece.split_once('}').unwrap().0.to_owned()).collect()
    }

    /// The path with each parameter replaced.
    pub fn filled(&self, value: impl Fn(&str) -> String) -> String {
        self.parameters()
            .iter()
            .fold(self.path.clone(), |path, name| path.replace(&format!("{{{name}}}"), &value(name)))
    }

    fn matches(&self, method: &str, path: &str) -> bool {
        let (mine, theirs): (Vec<_>, Vec<_>) = (self.path.split('/').collect(), path.split('/').collect());
        self.method == method
            && mine.len() == theirs.len()
            && mine.iter().zip(&theirs).all(|(mine, theirs)| mine.starts_with('{') || mine == theirs)
    }
}

pub fn operations(document: &Value) -> Vec<Operation> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in METHODS {
            let Some(operation) = item.get(method) else { continue };
            found.push(Operation {
                id: operation["operationId"].as_str().unwrap().to_owned(),
                method: method.to_owned(),
                path: path.clone(),
                secured: operation.get("security").is_some(),
                statuses: operation["responses"].as_object().unwrap().keys().cloned().collect(),
            });
        }
    }
    found
}

/// Panics when an operation answers with a status that it does not document.
pub fn check(operations: &[Operation], method: &str, path: &str, status: u16) {
    let path = path.split('?').next().unwrap_or_default();
    let mut candidates: Vec<_> =
        operations.iter().filter(|operation| operation.matches(&method.to_lowercase(), path)).collect();
    // A literal path goes before one with parameters.
    candidates.sort_by_key(|operation| operation.parameters().len());
    if let Some(operation) = candidates.first() {
        let documented = operation.statuses.contains(&status.to_string());
        assert!(documented, "{} answers {status}, which is not documented", operation.id);
    }
}
