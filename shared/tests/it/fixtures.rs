//! Things to store.

use collabry_shared::auth::{Email, Name, User};
use collabry_shared::conversations::{
    Author, Citation, ClientId, Content, Conversation, Message, MessageStatus, NewMessage,
};
use collabry_shared::generations::{Generation, GenerationState};
use collabry_shared::ids::{ConversationId, GenerationId, MessageId, NotebookId, SourceId, UserId};
use collabry_shared::models::ModelId;
use collabry_shared::notebooks::{Invitation, InvitationLink, Notebook, Role, Title};
use collabry_shared::sources::{Chunk, Format, Source, SourceVersion};
use collabry_shared::storage::Blobs;
use collabry_shared::stores::Stores;
use jiff::{SignedDuration, Timestamp};

/// `seconds` after the tests' beginning of time.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

pub async fn user(stores: &Stores, name: &str) -> User {
    let user = User::new(Email::parse(&format!("{name}@example.org")).unwrap(), Name::parse(name).unwrap(), at(0));
    stores.users.create(&user, &"$argon2id$".into()).await.unwrap();
    user
}

pub fn title(text: &str) -> Title {
    Title::parse(text).unwrap()
}

pub async fn notebook(stores: &Stores, owner: &User) -> Notebook {
    let notebook = Notebook {
        id: NotebookId::new(),
        title: title("Thermodynamics"),
        join_code: None,
        created_by: owner.id,
        created_at: at(0),
        updated_at: at(0),
    };
    stores.notebooks.create(&notebook).await.unwrap();
    notebook
}

/// Lets somebody in by an invitation; `false` when they are in already.
pub async fn join(stores: &Stores, notebook: &Notebook, user: UserId, role: Role, joined_at: Timestamp) -> bool {
    let mut code_hash = [0; 32];
    code_hash.copy_from_slice(&user.to_string().as_bytes()[4..]);
    let invitation = Invitation {
        notebook_id: notebook.id,
        email: Email::parse(&format!("{user}@example.org")).unwrap(),
        role,
        invited_by: notebook.created_by,
        created_at: joined_at,
        link: Some(InvitationLink { code_hash, expires_at: joined_at + SignedDuration::from_secs(1) }),
    };
    stores.invitations.invite(&invitation).await.unwrap();
    stores.invitations.accept_invitation(&invitation, user, joined_at).await.unwrap()
}

/// A user of the given name and a notebook of theirs.
pub async fn owned_notebook(stores: &Stores) -> Notebook {
    let owner = user(stores, &format!("owner-{}", UserId::new())).await;
    notebook(stores, &owner).await
}

pub fn queued_version(notebook: NotebookId, source: SourceId, version: u32, created_at: Timestamp) -> SourceVersion {
    SourceVersion::queued(version, Format::Pdf, 12_345, Blobs::source_key(notebook, source, version), created_at)
}

pub async fn source(stores: &Stores, notebook: &Notebook, created_at: Timestamp) -> Source {
    let id = SourceId::new();
    let version = queued_version(notebook.id, id, 1, created_at);
    let source = Source::uploaded(id, notebook.id, notebook.created_by, "carnot.pdf".to_owned(), version);
    stores.sources.create(&source).await.unwrap();
    source
}

pub fn chunk(index: u32) -> Chunk {
    let start = u64::from(index) * 10;
    Chunk {
        index,
        start,
        end: start + 12,
        page: index + 1,
        headings: vec!["Heat".to_owned(), "Entropy “S”".to_owned()],
        text: format!("Passage {index}: ΔS ≥ 0"),
        embedding: vec![0.25, -1.0 / 3.0, 0.0],
    }
}

pub async fn conversation(stores: &Stores, notebook: &Notebook, created_at: Timestamp) -> Conversation {
    let conversation = Conversation {
        id: ConversationId::new(),
        notebook_id: notebook.id,
        title: None,
        model: None,
        created_by: notebook.created_by,
        created_at,
        last_message_at: created_at,
        head: 0,
    };
    stores.conversations.create(&conversation).await.unwrap();
    conversation
}

pub async fn owned_conversation(stores: &Stores) -> Conversation {
    let notebook = owned_notebook(stores).await;
    conversation(stores, &notebook, at(0)).await
}

pub fn new_message(conversation: ConversationId, client_id: &str) -> NewMessage {
    NewMessage {
        id: MessageId::new(),
        conversation_id: conversation,
        client_id: ClientId::parse(client_id).unwrap(),
        author: Author::User { user_id: UserId::new(), name: "Ada".to_owned() },
        content: Content::parse(&format!("content of {client_id}")).unwrap(),
        citations: Vec::new(),
        status: MessageStatus::Complete,
        failure: None,
        cut_off: None,
        generation_id: None,
        reply_to: None,
        asked: None,
        created_at: at(1),
    }
}

pub async fn sent(stores: &Stores, conversation: ConversationId, client_id: &str) -> Message {
    stores.conversations.append(&new_message(conversation, client_id)).await.unwrap().message().clone()
}

pub fn citation(number: u32) -> Citation {
    Citation {
        number,
        source_id: SourceId::new(),
        version: 2,
        source_name: "carnot.pdf".to_owned(),
        page: 7,
        paged: true,
        start: 100,
        end: 140,
        text: "No engine is more efficient.".to_owned(),
    }
}

pub fn new_generation(conversation: &Conversation, created_at: Timestamp) -> Generation {
    Generation {
        id: GenerationId::new(),
        notebook_id: conversation.notebook_id,
        conversation_id: conversation.id,
        question_id: MessageId::new(),
        answer_id: MessageId::new(),
        model: ModelId::extractive(),
        source_ids: Some(vec![SourceId::new()]),
        supersedes: Some(MessageId::new()),
        requested_by: UserId::new(),
        state: GenerationState::Queued,
        failure: None,
        cut_off: None,
        created_at,
        finished_at: None,
        last_event_id: None,
        text_length: None,
        layout: None,
        trace: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".parse().unwrap()),
    }
}

/// The stored answer of a generation.
pub fn answer(generation: &Generation, content: &str) -> Message {
    Message {
        id: generation.answer_id,
        conversation_id: generation.conversation_id,
        client_id: ClientId::parse("answer").unwrap(),
        position: 2,
        rev: 2,
        author: Author::Assistant { model: generation.model.clone() },
        content: content.to_owned(),
        citations: Vec::new(),
        status: MessageStatus::Complete,
        failure: None,
        cut_off: None,
        generation_id: Some(generation.id),
        reply_to: Some(generation.question_id),
        superseded_by: None,
        asked: None,
        created_at: at(2),
        edited_at: None,
        deleted_at: None,
    }
}
