//! BM25 over the passages of a segment, by tantivy, in memory.

use std::collections::HashMap;

use collabry_shared::engine::EngineError;
use collabry_shared::sources::Chunk;
use tantivy::directory::RamDirectory;
use tantivy::query::{Bm25StatisticsProvider, BooleanQuery, EnableScoring, Query as _};
use tantivy::schema::{Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::{Index, IndexBuilder, ReloadPolicy, Searcher, TantivyDocument, TantivyError, Term};

use super::{searched_text, tokenizer};

const ANALYZER: &str = "words";

/// The only field of the schema.
const TEXT: Field = Field::from_field_id(0);

/// Terms of a question that are looked up; the rest of a very long one is ignored.
const MAX_TERMS: usize = 64;

/// Bytes of a question that are read for terms.
const MAX_QUERY_BYTES: usize = 8 * 1024;

/// What tantivy sizes its hash table of terms by; it grows when a segment needs more.
const WRITER_BYTES: usize = 1024 * 1024;

/// Structures of an open index beside its files, measured with a thousand open ones.
const OPEN_INDEX_BYTES: usize = 24 * 1024;

/// The terms of a segment; document ids are places in the list of chunks.
pub struct TextIndex {
    searcher: Searcher,
    pub bytes: usize,
}

impl TextIndex {
    pub fn build(chunks: &[Chunk]) -> Result<Self, EngineError> {
        build(chunks).map_err(failed)
    }

    /// The `count` best passages for the terms, scored as if all segments of `statistics` were one.
    pub fn search(
        &self,
        query: &TextQuery,
        statistics: &Statistics,
        count: usize,
    ) -> Result<Vec<(u32, f32)>, EngineError> {
        self.try_search(query, statistics, count).map_err(failed)
    }

    fn try_search(&self, query: &TextQuery, statistics: &Statistics, count: usize) -> tantivy::Result<Vec<(u32, f32)>> {
        let scoring = EnableScoring::enabled_from_statistics_provider(statistics, &self.searcher);
        let weight = query.0.weight(scoring)?;
        let mut best: Vec<(u32, f32)> = Vec::with_capacity(count + 1);
        for reader in self.searcher.segment_readers() {
            let mut threshold = f32::NEG_INFINITY;
            weight.for_each_pruning(threshold, reader, &mut |chunk, score| {
                let at = best.partition_point(|(_, other)| *other >= score);
                best.insert(at, (chunk, score));
                if best.len() > count {
                    best.pop();
                }
                if best.len() == count {
                    threshold = best[count - 1].1;
                }
                threshold
            })?;
        }
        Ok(best)
    }
}

fn build(chunks: &[Chunk]) -> tantivy::Result<TextIndex> {
    let mut schema = Schema::builder();
    let indexing = TextFieldIndexing::default().set_tokenizer(ANALYZER).set_index_option(IndexRecordOption::WithFreqs);
    let field = schema.add_text_field("text", TextOptions::default().set_indexing_options(indexing));
    debug_assert_eq!(field, TEXT);
    let directory = RamDirectory::create();
    let tokenizers = tantivy::tokenizer::TokenizerManager::default();
    tokenizers.register(ANALYZER, tokenizer::analyzer());
    let mut writer = IndexBuilder::new()
        .schema(schema.build())
        .tokenizers(tokenizers)
        .single_segment_index_writer::<TantivyDocument>(directory.clone(), WRITER_BYTES)?;
    for chunk in chunks {
        let mut document = TantivyDocument::new();
        document.add_text(TEXT, searched_text(chunk));
        writer.add_document(document)?;
    }
    let index: Index = writer.finalize()?;
    let searcher = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?.searcher();
    Ok(TextIndex { searcher, bytes: directory.total_mem_usage() + OPEN_INDEX_BYTES })
}

/// The terms of a question, any of which may match. Nothing in it is query syntax.
pub struct TextQuery(BooleanQuery);

impl TextQuery {
    /// `None` when the text has no term.
    pub fn parse(text: &str) -> Option<Self> {
        let text = &text[..text.floor_char_boundary(MAX_QUERY_BYTES)];
        let mut terms: Vec<Term> = Vec::new();
        tokenizer::analyzer().token_stream(text).process(&mut |token| {
            let term = Term::from_field_text(TEXT, &token.text);
            if terms.len() < MAX_TERMS && !terms.contains(&term) {
                terms.push(term);
            }
        });
        (!terms.is_empty()).then(|| Self(BooleanQuery::new_multiterms_query(terms)))
    }

    fn terms(&self) -> impl Iterator<Item = &Term> {
        let mut terms = Vec::new();
        self.0.query_terms(&mut |term, _| terms.push(term));
        terms.into_iter()
    }
}

/// How often the terms of a question occur in all searched segments together.
#[derive(Default)]
pub struct Statistics {
    passages: u64,
    tokens: u64,
    frequencies: HashMap<Term, u64>,
}

impl Statistics {
    pub fn of(query: &TextQuery, index: &TextIndex) -> Result<Self, EngineError> {
        let frequency = |term: &Term| Ok((term.clone(), index.searcher.doc_freq(term)?));
        let try_of = || -> tantivy::Result<Self> {
            Ok(Self {
                passages: index.searcher.total_num_docs()?,
                tokens: index.searcher.total_num_tokens(TEXT)?,
                frequencies: query.terms().map(frequency).collect::<tantivy::Result<_>>()?,
            })
        };
        try_of().map_err(failed)
    }

    /// The sum of the terms' inverse document frequencies: about the score of a passage that has each term once.
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    pub fn information(&self) -> f32 {
        let idf = |frequency: &u64| {
            let (with, without) = (*frequency as f32, self.passages.saturating_sub(*frequency) as f32);
            (1.0 + (without + 0.5) / (with + 0.5)).ln()
        };
        self.frequencies.values().map(idf).sum()
    }

    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.passages += other.passages;
        self.tokens += other.tokens;
        for (term, frequency) in other.frequencies {
            *self.frequencies.entry(term).or_default() += frequency;
        }
        self
    }
}

impl Bm25StatisticsProvider for Statistics {
    fn total_num_tokens(&self, _field: Field) -> tantivy::Result<u64> {
        Ok(self.tokens)
    }

    fn total_num_docs(&self) -> tantivy::Result<u64> {
        Ok(self.passages)
    }

    fn doc_freq(&self, term: &Term) -> tantivy::Result<u64> {
        Ok(self.frequencies.get(term).copied().unwrap_or_default())
    }
}

#[expect(clippy::needless_pass_by_value, reason = "given to map_err")]
fn failed(error: TantivyError) -> EngineError {
    EngineError::Internal(format!("text search: {error}"))
}
