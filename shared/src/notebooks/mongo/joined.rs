//! What belongs to a notebook, read together with it: one round trip in place of two.

use mongodb::bson::{Document, doc};

use super::NOTEBOOKS;
use crate::ids::UserId;
use crate::notebooks::Role;
use crate::storage::StoreResult;
use crate::storage::mongo::Fields as _;

/// Where the notebook is while it is joined.
const JOINED: &str = "joined";
const MEMBER: &str = "members";

/// Stages that find the documents of `filter` whose field `notebook` names a notebook that nobody deleted.
pub(crate) fn in_live_notebook(filter: Document) -> Vec<Document> {
    let mut stages = joined(filter);
    stages.push(doc! { "$project": { JOINED: 0 } });
    stages
}

/// As [`in_live_notebook`], with what [`joined_role`] reads.
pub(crate) fn with_role_of(user: UserId, filter: Document) -> Vec<Document> {
    let theirs = doc! { "$eq": ["$$one.user", user.to_string()] };
    let member = doc! { "$filter": { "input": format!("${JOINED}.members"), "as": "one", "cond": theirs } };
    let mut stages = joined(filter);
    stages.push(doc! { "$addFields": { MEMBER: member } });
    stages.push(doc! { "$project": { JOINED: 0 } });
    stages
}

/// As [`in_live_notebook`], with what [`joined_members`] reads.
pub(crate) fn with_members(filter: Document) -> Vec<Document> {
    let mut stages = joined(filter);
    stages.push(doc! { "$addFields": { MEMBER: format!("${JOINED}.members") } });
    stages.push(doc! { "$project": { JOINED: 0 } });
    stages
}

/// All members of its notebook.
pub(crate) fn joined_members(document: &Document) -> StoreResult<Vec<(UserId, Role)>> {
    let member = |member: &Document| Ok((member.parsed("user")?, member.nested("role")?));
    document.documents(MEMBER)?.into_iter().map(member).collect()
}

/// The role in its notebook of the user that [`with_role_of`] was asked about.
pub(crate) fn joined_role(document: &Document) -> StoreResult<Option<Role>> {
    document.documents(MEMBER)?.into_iter().next().map(|member| member.nested("role")).transpose()
}

fn joined(filter: Document) -> Vec<Document> {
    let join = doc! { "from": NOTEBOOKS, "localField": "notebook", "foreignField": "_id", "as": JOINED };
    vec![
        doc! { "$match": filter },
        doc! { "$lookup": join },
        doc! { "$match": { JOINED: { "$elemMatch": { "deletedAt": null } } } },
        doc! { "$addFields": { JOINED: { "$arrayElemAt": [format!("${JOINED}"), 0] } } },
    ]
}
