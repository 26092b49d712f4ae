//! The ai-engine, feature by feature.

#[cfg(test)]
mod models;
#[cfg(test)]
mod sources;
