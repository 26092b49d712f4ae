//! The ai-engine, feature by feature.

#[cfg(test)]
mod generations;
#[cfg(test)]
mod models;
#[cfg(test)]
mod sources;
#[cfg(test)]
mod world;
