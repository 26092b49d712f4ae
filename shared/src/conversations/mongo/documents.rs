//! Conversations and messages as documents.

use mongodb::bson::{Document, doc};

use super::rev;
use crate::conversations::{Conversation, Message, NewMessage, Title};
use crate::models::ModelId;
use crate::storage::StoreResult;
use crate::storage::mongo::{Fields as _, date, nested, opt_nested};

pub fn of_conversation(conversation: &Conversation) -> Document {
    doc! {
        "_id": conversation.id.to_string(),
        "notebook": conversation.notebook_id.to_string(),
        "title": conversation.title.as_deref(),
        "model": conversation.model.as_ref().map(ModelId::to_string),
        "createdBy": conversation.created_by.to_string(),
        "createdAt": date(conversation.created_at),
        "activeAt": date(conversation.last_message_at),
        "head": rev(conversation.head),
    }
}

pub fn conversation(document: &Document) -> StoreResult<Conversation> {
    Ok(Conversation {
        id: document.parsed("_id")?,
        notebook_id: document.parsed("notebook")?,
        title: document.opt_text("title")?.map(Title::stored),
        model: document.opt_nested("model")?,
        created_by: document.parsed("createdBy")?,
        created_at: document.time("createdAt")?,
        last_message_at: document.time("activeAt")?,
        head: document.number("head")?,
    })
}

/// A new message that takes `rev`.
pub fn of_message(message: &NewMessage, rev: i64) -> StoreResult<Document> {
    Ok(doc! {
        "_id": message.id.to_string(),
        "conversation": message.conversation_id.to_string(),
        "clientId": message.client_id.as_str(),
        "position": rev,
        "rev": rev,
        "revs": [rev],
        "author": nested(&message.author)?,
        "content": message.content.as_str(),
        "citations": nested(&message.citations)?,
        "status": nested(&message.status)?,
        "failure": opt_nested(message.failure.as_ref())?,
        "cutOff": opt_nested(message.cut_off.as_ref())?,
        "generation": message.generation_id.map(|id| id.to_string()),
        "replyTo": message.reply_to.map(|id| id.to_string()),
        "asked": opt_nested(message.asked.as_ref())?,
        "createdAt": date(message.created_at),
    })
}

pub fn message(document: &Document) -> StoreResult<Message> {
    Ok(Message {
        id: document.parsed("_id")?,
        conversation_id: document.parsed("conversation")?,
        client_id: document.nested("clientId")?,
        position: document.number("position")?,
        rev: document.number("rev")?,
        author: document.nested("author")?,
        content: document.text("content")?,
        citations: document.nested("citations")?,
        status: document.nested("status")?,
        failure: document.opt_nested("failure")?,
        cut_off: document.opt_nested("cutOff")?,
        generation_id: document.opt_parsed("generation")?,
        reply_to: document.opt_parsed("replyTo")?,
        superseded_by: document.opt_parsed("supersededBy")?,
        asked: document.opt_nested("asked")?,
        created_at: document.time("createdAt")?,
        edited_at: document.opt_time("editedAt")?,
        deleted_at: document.opt_time("deletedAt")?,
    })
}
