//! Warnings about settings that work but are probably not intended: logged at each start and reported by `check`.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};

use super::unknown::unknown;
use super::{BackupConfig, Config};
use crate::models::ModelId;
use crate::service::Service;
use crate::storage::BlobConfig;

/// A secret with fewer different characters was typed, not generated.
const VARIETY: usize = 10;

/// A setting, what is probably wrong with it, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    pub setting: String,
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.setting, self.message)
    }
}

impl Config {
    /// The warnings about this process' settings: about names in its environment and about values.
    pub fn warnings(&self) -> Vec<Warning> {
        let settings: Vec<_> = environment().collect();
        let names = settings.iter().map(|(name, _)| name.clone());
        let mut warnings: Vec<_> = unknown(names).into_iter().map(nobody_reads).collect();
        warnings.extend(settings.iter().filter_map(|(name, value)| in_quotes(name, value)));
        warnings.extend(self.contradictions());
        warnings
    }

    /// Values that contradict each other, or are too permissive.
    fn contradictions(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let mut warn = |setting: &str, message: &str| {
            warnings.push(Warning { setting: setting.to_owned(), message: message.to_owned() });
        };
        if let Some(missing) = provider_missing(self) {
            warn("COLLABRY_DEFAULT_MODEL", &missing);
        }
        for (setting, message) in backups(self) {
            warn(setting, message);
        }
        if self.api.limits.trusted_proxies.iter().any(|network| network.prefix_len() == 0) {
            warn(
                "COLLABRY_TRUSTED_PROXIES",
                "trusts every address, so that anybody can claim to be another in X-Forwarded-For and no limit by address \
                 holds; name the proxies' own addresses",
            );
        }
        for (setting, secret) in self.drawn_secrets() {
            if guessable(secret) {
                warn(setting, "can be guessed; generate one with: openssl rand -hex 32");
            }
        }
        if let [(_, jwt), (_, service)] = self.drawn_secrets()[..]
            && jwt.expose_secret() == service.expose_secret()
        {
            warn("COLLABRY_JWT_SECRET", "is the same as COLLABRY_SERVICE_SECRET; generate one for each");
        }
        warnings
    }

    fn drawn_secrets(&self) -> Vec<(&'static str, &SecretString)> {
        let (jwt, service) = (self.api.jwt_secret.as_ref(), self.services.secret.as_ref());
        let secrets = [("COLLABRY_JWT_SECRET", jwt), ("COLLABRY_SERVICE_SECRET", service)];
        secrets.into_iter().filter_map(|(name, secret)| Some((name, secret?))).collect()
    }
}

fn nobody_reads(unknown: super::unknown::Unknown) -> Warning {
    let message = match unknown.nearest {
        Some(nearest) => format!("is not known and does nothing; did you mean {nearest}?"),
        None => "is not known and does nothing; docs/configuration.md lists every setting".to_owned(),
    };
    Warning { setting: unknown.name, message }
}

/// Env files of containers treat quotes as a part of the value.
fn in_quotes(name: &str, value: &str) -> Option<Warning> {
    if !name.starts_with("COLLABRY_") && !["MONGODB_URI", "REDIS_URL"].contains(&name) {
        return None;
    }
    let quoted =
        ['"', '\''].iter().any(|quote| value.len() > 1 && value.starts_with(*quote) && value.ends_with(*quote));
    let message = "stands in quotes, which count as a part of the value; write it without them".to_owned();
    quoted.then(|| Warning { setting: name.to_owned(), message })
}

fn backups(config: &Config) -> Vec<(&'static str, &'static str)> {
    let BackupConfig { location, recipient, signing_key, signer, .. } = &config.worker.backups;
    let mut found = Vec::new();
    match location {
        None if recipient.is_some() => {
            found.push(("COLLABRY_BACKUP_RECIPIENT", "does nothing without COLLABRY_BACKUP_URL: no backups are made"));
        }
        Some(location) if overlap(config, location) => found.push((
            "COLLABRY_BACKUP_URL",
            "is where the files are, so that what takes the files takes the backups too; choose another place",
        )),
        _ => {}
    }
    // Other services are not given the signing key.
    let makes_them = location.is_some() && matches!(config.service, None | Some(Service::Worker));
    if makes_them && signing_key.is_none() {
        found.push(if recipient.is_none() {
            (
                "COLLABRY_BACKUP_URL",
                "takes backups that are neither encrypted nor signed: whoever reads them there has everything, and whoever \
                 writes there can put others in their place; collabry backup-key makes the keys",
            )
        } else {
            (
                "COLLABRY_BACKUP_URL",
                "takes backups that are not signed: whoever writes there can put others in their place; set \
                 COLLABRY_BACKUP_SIGNING_KEY to what collabry backup-key prints",
            )
        });
    }
    if let (Some(key), Some(signer)) = (signing_key, signer)
        && key.signer() != *signer
    {
        found.push((
            "COLLABRY_BACKUP_SIGNER",
            "is not the public half of COLLABRY_BACKUP_SIGNING_KEY, so that backups made here are refused here; correct one",
        ));
    }
    found
}

/// Only engines call providers, and only they need the keys.
fn provider_missing(config: &Config) -> Option<String> {
    if matches!(config.service, Some(Service::Api | Service::Worker)) {
        return None;
    }
    let (model, providers) = (&config.engine.default_model, &config.engine.providers);
    if *model == ModelId::extractive() {
        return None;
    }
    let setting = match model.provider() {
        "ollama" if providers.ollama_url.is_none() => "COLLABRY_OLLAMA_URL",
        "openai" if providers.openai_url.is_none() => "COLLABRY_OPENAI_URL",
        "anthropic" if providers.anthropic_api_key.is_none() => "COLLABRY_ANTHROPIC_API_KEY",
        _ => return None,
    };
    Some(format!("names a model of a server that is not set; set {setting} too"))
}

fn guessable(secret: &SecretString) -> bool {
    secret.expose_secret().bytes().collect::<BTreeSet<_>>().len() < VARIETY
}

/// Whether backups would be stored among the files, or files among the backups.
fn overlap(config: &Config, backups: &BlobConfig) -> bool {
    let folder = |location: &BlobConfig| -> Option<PathBuf> {
        match location {
            BlobConfig::DataDir => Some(config.storage.data_dir.join("blobs")),
            BlobConfig::Folder(folder) => Some(folder.clone()),
            BlobConfig::S3(_) => None,
        }
    };
    match (&config.storage.blobs, backups) {
        (BlobConfig::S3(files), BlobConfig::S3(backups)) => {
            files.endpoint == backups.endpoint
                && files.bucket == backups.bucket
                && within(Path::new(&files.prefix), Path::new(&backups.prefix))
        }
        (files, backups) => match (folder(files), folder(backups)) {
            (Some(files), Some(backups)) => within(&resolved(&files), &resolved(&backups)),
            _ => false,
        },
    }
}

fn within(one: &Path, other: &Path) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

/// Resolves links and `..`, as far as the path exists.
fn resolved(path: &Path) -> PathBuf {
    path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned())
}

#[expect(clippy::disallowed_methods, reason = "the names of settings, which only the whole environment tells")]
fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use crate::backups::SigningKey;
    use crate::config::Config;
    use crate::service::Service;

    fn warnings(settings: &[(&str, &str)]) -> Vec<String> {
        let lookup = |name: &str| settings.iter().find(|(one, _)| *one == name).map(|(_, value)| (*value).to_owned());
        let warnings = Config::from_lookup(lookup).unwrap().contradictions();
        warnings.into_iter().map(|warning| warning.to_string()).collect()
    }

    const JWT: &str = "Yk3v8Qm2pL0sXw7zRb5nTc1dFg6hJj4a";
    const SERVICE: &str = "aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV";

    #[test]
    fn secrets_are_drawn_and_differ() {
        assert_eq!(warnings(&[("COLLABRY_JWT_SECRET", JWT), ("COLLABRY_SERVICE_SECRET", SERVICE)]), [""; 0]);
        let same = warnings(&[("COLLABRY_JWT_SECRET", JWT), ("COLLABRY_SERVICE_SECRET", JWT)]);
        assert!(same[0].contains("is the same"), "{same:?}");
        let weak = warnings(&[("COLLABRY_JWT_SECRET", "changemechangemechangemechangeme")]);
        assert!(weak[0].starts_with("COLLABRY_JWT_SECRET: can be guessed"), "{weak:?}");
        assert!(!weak[0].contains("changeme"), "a secret is never printed");
    }

    #[test]
    fn what_does_not_go_together_is_said() {
        for (settings, part) in [
            (&[("COLLABRY_DEFAULT_MODEL", "ollama/llama3.2")][..], "set COLLABRY_OLLAMA_URL too"),
            (&[("COLLABRY_DEFAULT_MODEL", "anthropic/x")], "set COLLABRY_ANTHROPIC_API_KEY too"),
            (
                &[("COLLABRY_BACKUP_URL", "file:///srv/b"), ("COLLABRY_BLOBS_URL", "file:///srv/b")],
                "where the files are",
            ),
            (
                &[("COLLABRY_BACKUP_URL", "file:///srv/b/x"), ("COLLABRY_BLOBS_URL", "file:///srv/b")],
                "where the files are",
            ),
            (&[("COLLABRY_BACKUP_URL", "s3://b/x"), ("COLLABRY_BLOBS_URL", "s3://b")], "where the files are"),
            (&[("COLLABRY_TRUSTED_PROXIES", "0.0.0.0/0")], "trusts every address"),
            (&[("COLLABRY_TRUSTED_PROXIES", "10.0.0.0/8, ::/0")], "trusts every address"),
        ] {
            let said = warnings(settings);
            assert!(said[0].contains(part), "{settings:?}: {said:?}");
        }
    }

    #[test]
    fn what_backups_lack_is_said() {
        let (key, sign) = (age::x25519::Identity::generate().to_public().to_string(), SigningKey::generate().unwrap());
        let text = sign.text().unwrap();
        let recipient = ("COLLABRY_BACKUP_RECIPIENT", key.as_str());
        let said = warnings(&[recipient]);
        assert_eq!(said, ["COLLABRY_BACKUP_RECIPIENT: does nothing without COLLABRY_BACKUP_URL: no backups are made"]);
        let made = [("COLLABRY_BACKUP_URL", "s3://b/backups"), ("COLLABRY_BLOBS_URL", "s3://b/files")];
        let signing = ("COLLABRY_BACKUP_SIGNING_KEY", text.expose_secret());
        let neither = warnings(&made);
        assert!(neither.len() == 1 && neither[0].contains("neither encrypted nor signed"), "{neither:?}");
        let encrypted = warnings(&[made[0], made[1], recipient]);
        assert!(encrypted.len() == 1 && encrypted[0].contains("backups that are not signed"), "{encrypted:?}");
        assert_eq!(warnings(&[made[0], made[1], signing]), [""; 0]);
        assert_eq!(warnings(&[made[0], made[1], recipient, signing]), [""; 0]);
        let other = SigningKey::generate().unwrap().signer().to_string();
        let said = warnings(&[made[0], made[1], signing, ("COLLABRY_BACKUP_SIGNER", &other)]);
        assert!(said.len() == 1 && said[0].contains("is not the public half"), "{said:?}");
    }

    #[test]
    fn only_who_makes_backups_says_what_they_lack() {
        let lookup = |name: &str| (name == "COLLABRY_BACKUP_URL").then(|| "s3://b/backups".to_owned());
        let said = |service| Config { service, ..Config::from_lookup(lookup).unwrap() }.contradictions().len();
        assert_eq!((said(None), said(Some(Service::Worker))), (1, 1));
        assert_eq!((said(Some(Service::Api)), said(Some(Service::Engine))), (0, 0), "they are not given the key");
    }

    #[test]
    fn quotes_are_said() {
        assert!(super::in_quotes("COLLABRY_BIND", "\"0.0.0.0:80\"").is_some());
        assert!(super::in_quotes("COLLABRY_BIND", "'").is_none());
        assert!(super::in_quotes("COLLABRY_BIND", "it's").is_none());
    }
}
