//! The chunks of a source version, ready to be searched. A segment never changes once it is built.

use collabry_shared::engine::EngineError;
use collabry_shared::sources::{Chunk, SegmentId};

use super::text::TextIndex;
use super::vectors::Vectors;

pub struct Segment {
    pub id: SegmentId,
    /// Without their embeddings, which `vectors` holds.
    pub chunks: Vec<Chunk>,
    pub vectors: Vectors,
    pub text: TextIndex,
    /// Its memory.
    pub bytes: usize,
}

impl Segment {
    /// Takes milliseconds, or seconds for a very large segment.
    pub fn build(id: SegmentId, mut chunks: Vec<Chunk>, dimensions: usize) -> Result<Self, EngineError> {
        let vectors = Vectors::build(&chunks, dimensions)?;
        for chunk in &mut chunks {
            chunk.embedding = Vec::new();
            chunk.text.shrink_to_fit();
        }
        chunks.shrink_to_fit();
        let text = TextIndex::build(&chunks)?;
        let bytes = vectors.bytes + text.bytes + chunks.iter().map(size_in_memory).sum::<usize>();
        Ok(Self { id, chunks, vectors, text, bytes })
    }
}

fn size_in_memory(chunk: &Chunk) -> usize {
    let headings = chunk.headings.iter().map(|heading| heading.capacity() + size_of::<String>()).sum::<usize>();
    size_of::<Chunk>() + chunk.text.capacity() + headings
}
