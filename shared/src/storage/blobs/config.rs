//! Where files are kept.

use std::path::PathBuf;

use secrecy::SecretString;
use url::Url;

/// `COLLABRY_BLOBS_URL`
#[derive(Debug, Clone)]
pub enum BlobConfig {
    /// Not set: the folder `blobs` in the data folder.
    DataDir,
    /// `file:///folder`, which replicas on other machines may share.
    Folder(PathBuf),
    /// `s3://bucket/prefix`
    S3(S3Config),
}

#[derive(Debug, Clone)]
pub struct S3Config {
    pub bucket: String,
    /// What every key begins with; may be empty.
    pub prefix: String,
    /// `COLLABRY_S3_ENDPOINT`; `None`: Amazon's, by region.
    pub endpoint: Option<Url>,
    /// `COLLABRY_S3_REGION`
    pub region: String,
    /// `COLLABRY_S3_ACCESS_KEY_ID` and `COLLABRY_S3_SECRET_ACCESS_KEY`; `None`: by the role of the machine.
    pub keys: Option<(String, SecretString)>,
}
