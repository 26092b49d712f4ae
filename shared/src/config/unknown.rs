//! Finds settings that no program reads: most are typing mistakes, so each is reported with the most similar name.
//!
//! They are not an error: after a rollback the environment still contains settings of the newer version.

use std::collections::BTreeSet;

/// Lists every setting, including those that only compose.yml and deploy.sh read.
const EXAMPLE: &str = include_str!("../../../.env.example");

/// Set by our own scripts, images and tests.
const OURS: [&str; 9] = [
    "COLLABRY_BACKUP_SECRET_KEY",
    "COLLABRY_BIN",
    "COLLABRY_CLUSTER_DIR",
    "COLLABRY_CLUSTER_PORT",
    "COLLABRY_ENV_FILE",
    "COLLABRY_EVAL_DATA",
    "COLLABRY_FRONT_",
    "COLLABRY_RELEASE",
    "COLLABRY_WRITE_DOCS",
];

const PREFIX: &str = "COLLABRY_";

/// The minimum similarity of a suggestion, as of `COLABRY_BIND` and `COLLABRY_BIND`, or `MONGODB_URL` and `MONGODB_URI`.
const NEAR: f64 = 0.85;

/// The similarity above which a name without our prefix must be a mistyped setting.
const VERY_NEAR: f64 = 0.95;

/// A name in the environment that no program reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unknown {
    pub name: String,
    pub nearest: Option<String>,
}

/// Returns those of `names` that look like our settings but are not.
pub(super) fn unknown(names: impl Iterator<Item = String>) -> Vec<Unknown> {
    let known = known();
    let mut found: Vec<_> = names.filter_map(|name| look(name, &known)).collect();
    found.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    found
}

fn look(name: String, known: &BTreeSet<&'static str>) -> Option<Unknown> {
    let of_images = name.starts_with(PREFIX) && name.ends_with("_IMAGE");
    let ours = of_images || OURS.iter().any(|one| name.starts_with(one));
    if known.contains(name.as_str()) || ours || of_a_service(&name) {
        return None;
    }
    // Some settings have names without our prefix, and get it by mistake.
    let bare = name.strip_prefix(PREFIX).unwrap_or(&name);
    let likeness = |one: &str| strsim::jaro_winkler(if one.starts_with(PREFIX) { &name } else { bare }, one);
    let nearest = known.iter().map(|one| (likeness(one), one)).max_by(|(one, _), (other, _)| one.total_cmp(other));
    let (likeness, nearest) = nearest?;
    let near = (likeness >= NEAR).then(|| (*nearest).to_owned());
    (name.starts_with(PREFIX) || likeness >= VERY_NEAR).then_some(Unknown { name, nearest: near })
}

/// Kubernetes puts the addresses of services into the environment: `COLLABRY_API_SERVICE_HOST`, `COLLABRY_API_PORT_5000_TCP`.
fn of_a_service(name: &str) -> bool {
    let of_service = |part: &str| part == "SERVICE_HOST" || part.starts_with("SERVICE_PORT");
    let of_port = |rest: &str| rest.is_empty() || rest.starts_with('_');
    name.match_indices('_').any(|(at, _)| {
        let rest = &name[at + 1..];
        of_service(rest) || rest.strip_prefix("PORT").is_some_and(of_port)
    })
}

/// The settings of the example, in which a test looks for all that the programs ask for.
fn known() -> BTreeSet<&'static str> {
    let settings = EXAMPLE.lines().filter_map(|line| line.strip_prefix('#')?.split_once('='));
    settings.map(|(name, _)| name).filter(|name| !name.contains(' ')).collect()
}

#[cfg(test)]
mod tests {
    use super::unknown;

    fn told(names: &[&str]) -> Vec<(String, Option<String>)> {
        let found = unknown(names.iter().map(|name| (*name).to_owned()));
        found.into_iter().map(|unknown| (unknown.name, unknown.nearest)).collect()
    }

    #[test]
    fn a_mistyped_name_is_told_with_what_was_meant() {
        for (typed, meant) in [
            ("COLABRY_BIND", "COLLABRY_BIND"),
            ("COLLABRY_BNID", "COLLABRY_BIND"),
            ("COLLABRY_LOG_FROMAT", "COLLABRY_LOG_FORMAT"),
            ("COLLABRY_TRUSTED_PROXY", "COLLABRY_TRUSTED_PROXIES"),
            ("MONGODB_URL", "MONGODB_URI"),
            ("REDIS_URI", "REDIS_URL"),
            ("COLLABRY_REDIS_UR", "REDIS_URL"),
            ("COLLABRY_MONGODB_URI", "MONGODB_URI"),
        ] {
            assert_eq!(told(&[typed]), [(typed.to_owned(), Some(meant.to_owned()))]);
        }
    }

    #[test]
    fn a_name_like_no_other_is_told_alone() {
        assert_eq!(told(&["COLLABRY_ZZZ_QQQ"]).len(), 1);
    }

    #[test]
    fn what_is_known_or_nobody_means_for_us_is_not_told() {
        assert_eq!(told(&["COLLABRY_BIND", "MONGODB_URI", "REDIS_MEMORY", "COLLABRY_API_REPLICAS"]), []);
        assert_eq!(told(&["HOME", "PATH", "LANG", "HOSTNAME", "JAVA_HOME", "REDIS_HOME", "MODE"]), []);
    }

    #[test]
    fn what_kubernetes_puts_there_is_not_told() {
        let services = [
            "COLLABRY_API_SERVICE_HOST",
            "COLLABRY_API_SERVICE_PORT",
            "COLLABRY_API_SERVICE_PORT_HTTP",
            "COLLABRY_API_PORT",
            "COLLABRY_API_PORT_5000_TCP",
            "COLLABRY_API_PORT_5000_TCP_ADDR",
        ];
        assert_eq!(told(&services), []);
    }
}
