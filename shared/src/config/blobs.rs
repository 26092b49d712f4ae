//! Where files are kept.

use std::path::PathBuf;

use secrecy::SecretString;
use url::Url;

use super::reader::Reader;

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

/// How to reach S3; the same for files and backups.
#[derive(Debug)]
pub(super) struct S3Access {
    endpoint: Option<Url>,
    region: String,
    keys: Option<(String, SecretString)>,
}

impl S3Access {
    pub fn read(read: &mut Reader<'_>) -> Self {
        let endpoint = read.url("COLLABRY_S3_ENDPOINT");
        let region = read.text("COLLABRY_S3_REGION", "us-east-1");
        let id = read.text("COLLABRY_S3_ACCESS_KEY_ID", "");
        let secret = read.secret("COLLABRY_S3_SECRET_ACCESS_KEY", 1);
        if secret.is_some() == id.is_empty() {
            read.problem("COLLABRY_S3_ACCESS_KEY_ID", "goes with COLLABRY_S3_SECRET_ACCESS_KEY; set both or neither");
        }
        Self { endpoint, region, keys: secret.map(|secret| (id, secret)) }
    }
}

impl BlobConfig {
    pub(super) fn read(read: &mut Reader<'_>, access: &S3Access) -> Self {
        read.place("COLLABRY_BLOBS_URL").map_or(Self::DataDir, |url| Self::at(&url, access))
    }

    /// A folder or a bucket, as [`Reader::place`] lets them through.
    pub(super) fn at(url: &Url, access: &S3Access) -> Self {
        if url.scheme() == "file" {
            return Self::Folder(url.path().into());
        }
        Self::S3(S3Config {
            bucket: url.host_str().unwrap_or_default().to_owned(),
            prefix: url.path().trim_matches('/').to_owned(),
            endpoint: access.endpoint.clone(),
            region: access.region.clone(),
            keys: access.keys.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::BlobConfig;
    use crate::config::Config;

    fn blobs(url: &str) -> Result<BlobConfig, String> {
        let lookup = |name: &str| (name == "COLLABRY_BLOBS_URL").then(|| url.to_owned());
        Config::from_lookup(lookup).map(|config| config.storage.blobs).map_err(|problems| problems.to_string())
    }

    #[test]
    fn an_address_names_a_bucket_or_a_folder() {
        let BlobConfig::S3(s3) = blobs("s3://files/collabry/").unwrap() else { panic!("no bucket") };
        assert_eq!((s3.bucket.as_str(), s3.prefix.as_str()), ("files", "collabry"));
        assert!(matches!(blobs("file:///mnt/files").unwrap(), BlobConfig::Folder(folder) if folder.ends_with("files")));
        assert!(matches!(blobs("").unwrap(), BlobConfig::DataDir));
    }

    #[test]
    fn any_other_address_is_a_problem() {
        for wrong in ["https://example.org/bucket", "s3:///no-bucket", "file://host/folder", "/mnt/files"] {
            assert!(blobs(wrong).unwrap_err().contains("COLLABRY_BLOBS_URL"), "{wrong}");
        }
    }
}
