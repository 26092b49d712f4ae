//! The forward pass of all-MiniLM-L6-v2 (a BERT with six layers) on the CPU, in `f32`.
//!
//! The sentences of a batch are stored one after the other without padding; only attention handles them one by one.

use std::path::Path;

use tokenizers::{Tokenizer, TruncationParams};

use super::math::{add, gelu, layer_norm, normalize, softmax};
use super::native::{Matrix, Second, multiply};
use super::weights::{HEADS, INNER, Layer, Linear, Norm, WIDTH, Weights, unusable};
use super::{EmbedError, native};

/// The most word pieces that are read of a text; the model was trained with this window.
pub const WINDOW: usize = 256;

/// More bytes than a text of [`WINDOW`] word pieces is likely to have: the rest is not even tokenized.
const MAX_BYTES: usize = 16 * 1024;

const HEAD_WIDTH: usize = WIDTH / HEADS;

/// Tokenizer and weights; shared by the threads that compute.
pub struct Bert {
    tokenizer: Tokenizer,
    weights: Weights,
}

/// The memory that a thread reuses from batch to batch.
#[derive(Default)]
pub struct Workspace {
    states: Vec<f32>,
    qkv: Vec<f32>,
    context: Vec<f32>,
    inner: Vec<f32>,
    scores: Vec<f32>,
}

impl Bert {
    /// Loads `model.safetensors` and `tokenizer.json`; an error names the file and what to do.
    pub fn load(folder: &Path) -> Result<Self, EmbedError> {
        native::single_threaded_blas();
        let path = folder.join("tokenizer.json");
        let mut tokenizer = Tokenizer::from_file(&path).map_err(|error| unusable(&path, error))?;
        let truncation = TruncationParams { max_length: WINDOW, ..TruncationParams::default() };
        tokenizer.with_truncation(Some(truncation)).map_err(|error| unusable(&path, error))?;
        tokenizer.with_padding(None);
        Ok(Self { tokenizer, weights: Weights::load(folder)? })
    }

    /// The ids of a text's word pieces, at most [`WINDOW`].
    pub fn tokenize(&self, text: &str) -> Result<Vec<u32>, EmbedError> {
        let text = &text[..text.floor_char_boundary(MAX_BYTES)];
        let encoding = self.tokenizer.encode_fast(text, true).map_err(|error| EmbedError::Model(error.to_string()))?;
        Ok(encoding.get_ids().to_vec())
    }

    /// One vector of unit length for each sentence.
    pub fn forward(&self, sentences: &[Vec<u32>], workspace: &mut Workspace) -> Vec<Vec<f32>> {
        self.embed_tokens(sentences, workspace);
        for layer in &self.weights.layers {
            workspace.attend(layer, sentences);
            workspace.feed_forward(layer);
        }
        let mut states = workspace.states.as_slice();
        let pooled = sentences.iter().map(|sentence| {
            let (tokens, rest) = states.split_at(sentence.len() * WIDTH);
            states = rest;
            mean(tokens)
        });
        pooled.collect()
    }

    fn embed_tokens(&self, sentences: &[Vec<u32>], workspace: &mut Workspace) {
        let states = &mut workspace.states;
        states.clear();
        for sentence in sentences {
            let positions = self.weights.positions.chunks_exact(WIDTH);
            for (id, position) in sentence.iter().zip(positions) {
                states.extend(self.weights.word(*id).zip(position).map(|(word, position)| word + position));
            }
        }
        norm(states, &self.weights.embedding_norm);
    }
}

impl Workspace {
    fn attend(&mut self, layer: &Layer, sentences: &[Vec<u32>]) {
        let tokens = self.states.len() / WIDTH;
        fill_rows(&mut self.qkv, &layer.qkv.bias, tokens);
        product(&self.states, WIDTH, &layer.qkv, &mut self.qkv);
        self.context.resize(tokens * WIDTH, 0.0);
        let mut first = 0;
        for sentence in sentences {
            let rows = first..first + sentence.len();
            first = rows.end;
            let qkv = &self.qkv[rows.start * 3 * WIDTH..rows.end * 3 * WIDTH];
            let context = &mut self.context[rows.start * WIDTH..rows.end * WIDTH];
            for head in 0..HEADS {
                attend_head(qkv, head, &mut self.scores, context);
            }
        }
        add_bias(&mut self.states, &layer.attention_out.bias);
        product(&self.context, WIDTH, &layer.attention_out, &mut self.states);
        norm(&mut self.states, &layer.attention_norm);
    }

    fn feed_forward(&mut self, layer: &Layer) {
        fill_rows(&mut self.inner, &layer.inner.bias, self.states.len() / WIDTH);
        product(&self.states, WIDTH, &layer.inner, &mut self.inner);
        gelu(&mut self.inner);
        add_bias(&mut self.states, &layer.out.bias);
        product(&self.inner, INNER, &layer.out, &mut self.states);
        norm(&mut self.states, &layer.out_norm);
    }
}

/// `softmax(q · kᵀ / √d) · v` of one head over one sentence.
fn attend_head(qkv: &[f32], head: usize, scores: &mut Vec<f32>, context: &mut [f32]) {
    let tokens = context.len() / WIDTH;
    let part = |index: usize| Matrix {
        data: &qkv[index * WIDTH + head * HEAD_WIDTH..],
        rows: tokens,
        width: HEAD_WIDTH,
        stride: 3 * WIDTH,
    };
    #[expect(clippy::cast_precision_loss, reason = "a small number")]
    let scale = 1.0 / (HEAD_WIDTH as f32).sqrt();
    scores.resize(tokens * tokens, 0.0);
    multiply(part(0), part(1), Second::Transposed, scale, scores, tokens, 0.0);
    softmax(scores, tokens);
    multiply(Matrix::dense(scores, tokens), part(2), Second::AsIs, 1.0, &mut context[head * HEAD_WIDTH..], WIDTH, 0.0);
}

/// Adds `input · weightᵀ` to `output`, which holds the bias, and the residual if there is one.
fn product(input: &[f32], width: usize, linear: &Linear, output: &mut [f32]) {
    let (input, weight) = (Matrix::dense(input, width), Matrix::dense(&linear.weight, width));
    multiply(input, weight, Second::Transposed, 1.0, output, linear.bias.len(), 1.0);
}

fn fill_rows(values: &mut Vec<f32>, row: &[f32], rows: usize) {
    values.clear();
    for _ in 0..rows {
        values.extend_from_slice(row);
    }
}

fn add_bias(values: &mut [f32], bias: &[f32]) {
    for row in values.chunks_exact_mut(bias.len()) {
        add(row, bias);
    }
}

fn norm(values: &mut [f32], norm: &Norm) {
    layer_norm(values, &norm.weight, &norm.bias);
}

fn mean(tokens: &[f32]) -> Vec<f32> {
    let mut sum = vec![0.0; WIDTH];
    for token in tokens.chunks_exact(WIDTH) {
        add(&mut sum, token);
    }
    normalize(&mut sum);
    sum
}
