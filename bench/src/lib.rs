//! Measures the product: the quality of what it finds (`eval`) and its speed beside its peers (`speed`).

pub mod files;
pub mod made_up;
pub mod measure;
pub mod metrics;
pub mod quotes;
pub mod requests;
pub mod sets;
pub mod table;
pub mod workbench;
