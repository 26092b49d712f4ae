//! What a query looks like without what it asks for, for logs.

use mongodb::bson::{Bson, Document};

/// The fields and operators of `document`, with `?` for each value: `{conversation: ?, rev: {$gt: ?}}`.
pub fn shape(document: &Document) -> String {
    let fields: Vec<_> = document.iter().map(|(name, value)| format!("{name}: {}", of(value))).collect();
    format!("{{{}}}", fields.join(", "))
}

fn of(value: &Bson) -> String {
    match value {
        Bson::Document(inner) => shape(inner),
        Bson::Array(items) if items.iter().any(|item| matches!(item, Bson::Document(_))) => {
            format!("[{}]", items.iter().map(of).collect::<Vec<_>>().join(", "))
        }
        _ => "?".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use mongodb::bson::doc;

    use super::shape;

    #[test]
    fn values_are_never_shown() {
        let filter = doc! {
            "email": "ada@example.org",
            "rev": { "$gt": 7 },
            "_id": { "$in": ["secret", "other"] },
            "$or": [{ "owner": null }, { "members": { "$elemMatch": { "user": "ada" } } }],
        };
        assert_eq!(
            shape(&filter),
            "{email: ?, rev: {$gt: ?}, _id: {$in: ?}, $or: [{owner: ?}, {members: {$elemMatch: {user: ?}}}]}"
        );
    }
}
