//! The ai-engine, feature by feature.

#[cfg(test)]
mod embeddings;
#[cfg(test)]
mod generations;
#[cfg(test)]
mod http;
#[cfg(test)]
mod minilm;
#[cfg(test)]
mod models;
#[cfg(test)]
mod process;
#[cfg(test)]
mod retrieval;
#[cfg(test)]
mod sources;
#[cfg(test)]
mod world;
