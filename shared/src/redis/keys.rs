//! Every key and channel, and how long it lives. All begin with `collabry:`, so that a database can be shared.
//!
//! Nothing is kept here that could not be lost: each key expires by itself, and what must last is in the documents.
