//! The weights of all-MiniLM-L6-v2, read from `model.safetensors`.

use std::path::{Path, PathBuf};

use memmap2::Mmap;
use safetensors::{Dtype, SafeTensors};

use super::{EmbedError, native};

/// The length of the vector of a token or sentence.
pub const WIDTH: usize = 384;
pub const HEADS: usize = 12;
/// The width of the feed-forward layer.
pub const INNER: usize = 1536;
const LAYERS: usize = 6;
const VOCABULARY: usize = 30_522;
const POSITIONS: usize = 512;

/// A matrix with one row of inputs for each output, and a bias for each output.
pub struct Linear {
    pub weight: Vec<f32>,
    pub bias: Vec<f32>,
}

pub struct Norm {
    pub weight: Vec<f32>,
    pub bias: Vec<f32>,
}

pub struct Layer {
    /// Query, key and value as one matrix.
    pub qkv: Linear,
    pub attention_out: Linear,
    pub attention_norm: Norm,
    pub inner: Linear,
    pub out: Linear,
    pub out_norm: Norm,
}

/// The word vectors stay in the mapped file, because few of them are ever needed.
pub struct Weights {
    file: Mmap,
    /// Byte offset of the word vectors in the file.
    words: usize,
    /// Includes the vector of token type 0, which is the only type here.
    pub positions: Vec<f32>,
    pub embedding_norm: Norm,
    pub layers: Vec<Layer>,
}

impl Weights {
    pub fn load(folder: &Path) -> Result<Self, EmbedError> {
        let path = folder.join("model.safetensors");
        let file = native::map(&path).map_err(|error| unusable(&path, error))?;
        let reader = Reader { tensors: SafeTensors::deserialize(&file).map_err(|error| unusable(&path, error))?, path };
        let words = reader.bytes("embeddings.word_embeddings.weight", VOCABULARY * WIDTH)?;
        let words = words.as_ptr().addr() - file.as_ptr().addr();
        let mut positions = reader.floats("embeddings.position_embeddings.weight", POSITIONS * WIDTH)?;
        let types = reader.floats("embeddings.token_type_embeddings.weight", 2 * WIDTH)?;
        for position in positions.chunks_exact_mut(WIDTH) {
            super::math::add(position, &types[..WIDTH]);
        }
        let embedding_norm = reader.norm("embeddings.LayerNorm")?;
        let layers = (0..LAYERS).map(|index| reader.layer(index)).collect::<Result<_, _>>()?;
        Ok(Self { file, words, positions, embedding_norm, layers })
    }

    /// The vector of a word piece; the caller's tokenizer knows no id above the vocabulary.
    pub fn word(&self, id: u32) -> impl Iterator<Item = f32> {
        let id = usize::try_from(id).map_or(0, |id| id.min(VOCABULARY - 1));
        let start = self.words + id * WIDTH * size_of::<f32>();
        floats(&self.file[start..start + WIDTH * size_of::<f32>()])
    }
}

/// An error that says what is wrong with a file of the model, and what to do.
pub fn unusable(path: &Path, error: impl std::fmt::Display) -> EmbedError {
    EmbedError::Model(format!(
        "{}: {error}; fetch the model with scripts/fetch-model.sh, or set COLLABRY_MODEL_DIR to a folder that holds \
         model.safetensors and tokenizer.json of all-MiniLM-L6-v2",
        path.display()
    ))
}

struct Reader<'a> {
    tensors: SafeTensors<'a>,
    path: PathBuf,
}

impl Reader<'_> {
    fn bytes(&self, name: &str, count: usize) -> Result<&[u8], EmbedError> {
        let tensor = self.tensors.tensor(name).map_err(|error| unusable(&self.path, error))?;
        if tensor.dtype() != Dtype::F32 || tensor.data().len() != count * size_of::<f32>() {
            let found = format!("{name} is {:?} of {:?}, not all-MiniLM-L6-v2's", tensor.dtype(), tensor.shape());
            return Err(unusable(&self.path, found));
        }
        Ok(tensor.data())
    }

    fn floats(&self, name: &str, count: usize) -> Result<Vec<f32>, EmbedError> {
        Ok(floats(self.bytes(name, count)?).collect())
    }

    fn linear(&self, name: &str, inputs: usize, outputs: usize) -> Result<Linear, EmbedError> {
        let weight = self.floats(&format!("{name}.weight"), inputs * outputs)?;
        Ok(Linear { weight, bias: self.floats(&format!("{name}.bias"), outputs)? })
    }

    fn norm(&self, name: &str) -> Result<Norm, EmbedError> {
        let Linear { weight, bias } = self.linear(name, 1, WIDTH)?;
        Ok(Norm { weight, bias })
    }

    fn layer(&self, index: usize) -> Result<Layer, EmbedError> {
        let layer = format!("encoder.layer.{index}");
        let mut qkv = Linear { weight: Vec::with_capacity(3 * WIDTH * WIDTH), bias: Vec::with_capacity(3 * WIDTH) };
        for part in ["query", "key", "value"] {
            let part = self.linear(&format!("{layer}.attention.self.{part}"), WIDTH, WIDTH)?;
            qkv.weight.extend(part.weight);
            qkv.bias.extend(part.bias);
        }
        Ok(Layer {
            qkv,
            attention_out: self.linear(&format!("{layer}.attention.output.dense"), WIDTH, WIDTH)?,
            attention_norm: self.norm(&format!("{layer}.attention.output.LayerNorm"))?,
            inner: self.linear(&format!("{layer}.intermediate.dense"), WIDTH, INNER)?,
            out: self.linear(&format!("{layer}.output.dense"), INNER, WIDTH)?,
            out_norm: self.norm(&format!("{layer}.output.LayerNorm"))?,
        })
    }
}

fn floats(bytes: &[u8]) -> impl Iterator<Item = f32> {
    bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes))
}
