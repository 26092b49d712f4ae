//! A document in the form in which it is stored.

use collabry_shared::sources::{Chunk, Page};

use crate::sources::chunker::{self, Passage};
use crate::sources::document::Document;
use crate::sources::pages::{CodePoints, PageMap};

pub(super) struct Prepared {
    pub pages: Vec<Page>,
    /// Without their embeddings.
    pub passages: Vec<Chunk>,
}

impl From<&Document> for Prepared {
    fn from(document: &Document) -> Self {
        let points = CodePoints::of(&document.text);
        let map = PageMap::of(document);
        let passages = chunker::chunk(document).into_iter().zip(0..).map(|(passage, index)| {
            let text = passage.readable();
            let Passage { start, end, headings, .. } = passage;
            let (page, start, end) = (map.number_at(start), points.at(start), points.at(end));
            Chunk { index, start, end, page, headings, text, embedding: Vec::new() }
        });
        Self { passages: passages.collect(), pages: map.pages(document, &points) }
    }
}
