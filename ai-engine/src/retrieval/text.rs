//! BM25 over the passages of a segment, in tantivy, in memory.

use collabry_shared::engine::EngineError;
use collabry_shared::sources::Chunk;
use tantivy::directory::RamDirectory;
use tantivy::query::{Bm25StatisticsProvider, BooleanQuery, EnableScoring, Query as _, Weight};
use tantivy::schema::{Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::{Index, IndexBuilder, ReloadPolicy, Searcher, TantivyDocument, TantivyError, Term};

use super::{searched_text, tokenizer};

const ANALYZER: &str = "words";

/// The only field of the schema.
const TEXT: Field = Field::from_field_id(0);

/// The most terms of a question; the rest of a very long one is ignored.
const MAX_TERMS: usize = 64;

/// The most bytes of a question that are searched for terms.
const MAX_QUERY_BYTES: usize = 8 * 1024;

/// Determines the initial size of tantivy's hash table of terms, which grows if a segment needs more.
const WRITER_BYTES: usize = 1024 * 1024;

/// The memory of an open index in addition to its files, measured with a thousand open ones.
const OPEN_INDEX_BYTES: usize = 24 * 1024;

/// The terms of a segment; document ids are indices of chunks.
pub struct TextIndex {
    searcher: Searcher,
    pub bytes: usize,
}

impl TextIndex {
    pub fn build(chunks: &[Chunk]) -> Result<Self, EngineError> {
        build(chunks).map_err(failed)
    }

    /// The `count` best passages, best first.
    pub fn search(&self, query: &WeighedQuery, count: usize) -> Result<Vec<(u32, f32)>, EngineError> {
        self.try_search(query, count).map_err(failed)
    }

    fn try_search(&self, query: &WeighedQuery, count: usize) -> tantivy::Result<Vec<(u32, f32)>> {
        let mut best: Vec<(u32, f32)> = Vec::with_capacity(count + 1);
        for reader in self.searcher.segment_readers() {
            let mut threshold = f32::NEG_INFINITY;
            query.0.for_each_pruning(threshold, reader, &mut |chunk, score| {
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

/// The terms of a question, any of which may match. The question has no query syntax.
pub struct TextQuery {
    terms: Vec<Term>,
}

/// A question whose terms are weighted by all searched segments together, so that it can be used on each of them.
pub struct WeighedQuery(Box<dyn Weight>);

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
        (!terms.is_empty()).then_some(Self { terms })
    }

    /// Passages are scored as if all segments of `statistics` were one. `index` is any of them.
    pub fn weigh(&self, statistics: &Statistics, index: &TextIndex) -> Result<WeighedQuery, EngineError> {
        let corpus = Corpus { terms: &self.terms, statistics };
        // Only the schema of the searcher is used, which is the same for all.
        let scoring = EnableScoring::enabled_from_statistics_provider(&corpus, &index.searcher);
        let query = BooleanQuery::new_multiterms_query(self.terms.clone());
        query.weight(scoring).map(WeighedQuery).map_err(failed)
    }
}

/// How often the terms of a question occur in the searched segments.
pub struct Statistics {
    passages: u64,
    tokens: u64,
    /// The number of passages with each term, in the order of the question's terms.
    frequencies: Vec<u64>,
}

impl Statistics {
    /// The statistics of no segment.
    pub fn none(query: &TextQuery) -> Self {
        Self { passages: 0, tokens: 0, frequencies: vec![0; query.terms.len()] }
    }

    pub fn of(query: &TextQuery, index: &TextIndex) -> Result<Self, EngineError> {
        let searcher = &index.searcher;
        let try_of = || -> tantivy::Result<Self> {
            Ok(Self {
                passages: searcher.total_num_docs()?,
                tokens: searcher.total_num_tokens(TEXT)?,
                frequencies: query.terms.iter().map(|term| searcher.doc_freq(term)).collect::<Result<_, _>>()?,
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
        self.frequencies.iter().map(idf).sum()
    }

    /// The statistics of both together; they must belong to the same question.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.passages += other.passages;
        self.tokens += other.tokens;
        for (sum, frequency) in self.frequencies.iter_mut().zip(&other.frequencies) {
            *sum += frequency;
        }
        self
    }
}

/// Statistics in the form that tantivy needs.
struct Corpus<'a> {
    terms: &'a [Term],
    statistics: &'a Statistics,
}

impl Bm25StatisticsProvider for Corpus<'_> {
    fn total_num_tokens(&self, _field: Field) -> tantivy::Result<u64> {
        Ok(self.statistics.tokens)
    }

    fn total_num_docs(&self) -> tantivy::Result<u64> {
        Ok(self.statistics.passages)
    }

    fn doc_freq(&self, term: &Term) -> tantivy::Result<u64> {
        let place = self.terms.iter().position(|other| other == term);
        Ok(place.map_or(0, |place| self.statistics.frequencies[place]))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "given to map_err")]
fn failed(error: TantivyError) -> EngineError {
    EngineError::Internal(format!("text search: {error}"))
}
