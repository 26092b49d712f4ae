//! Measures the product: the quality of what it finds (`eval`) and its speed beside its peers (`speed-*`).

pub mod metrics;
pub mod sets;
pub mod workbench;
