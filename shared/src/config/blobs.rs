//! The settings of where files are kept.

use secrecy::SecretString;
use url::Url;

use super::reader::Reader;
use crate::storage::{BlobConfig, S3Config};

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

pub(super) fn read(read: &mut Reader<'_>, access: &S3Access) -> BlobConfig {
    read.place("COLLABRY_BLOBS_URL").map_or(BlobConfig::DataDir, |url| place(&url, access))
}

/// A folder or a bucket, as [`Reader::place`] lets them through.
pub(super) fn place(url: &Url, access: &S3Access) -> BlobConfig {
    if url.scheme() == "file" {
        return BlobConfig::Folder(url.path().into());
    }
    BlobConfig::S3(S3Config {
        bucket: url.host_str().unwrap_or_default().to_owned(),
        prefix: url.path().trim_matches('/').to_owned(),
        endpoint: access.endpoint.clone(),
        region: access.region.clone(),
        keys: access.keys.clone(),
    })
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
