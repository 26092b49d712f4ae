//! Landlock restricts which files can be opened. Newer kernels also deny TCP and signals to processes outside.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _,
    RulesetCreatedAttr as _, RulesetError, Scope, path_beneath_rules,
};

/// The requested restrictions; an older kernel applies those that it knows.
const FILES: ABI = ABI::V5;
const NETWORK: ABI = ABI::V4;
const SCOPES: ABI = ABI::V6;

/// Programs, their libraries and data on Linux distributions, Nix and Guix.
const SYSTEM: &[&str] = &["/usr", "/bin", "/lib", "/lib32", "/lib64", "/nix/store", "/gnu/store"];

/// What libraries read when they start.
const SETTINGS: &[&str] = &["/etc/ld.so.cache", "/etc/fonts", "/etc/localtime", "/dev/urandom"];

/// Allows `input` and the system to be read, and nothing to be written.
pub fn confine(input: &Path, programs: &str) -> Result<(), RulesetError> {
    let programs: Vec<PathBuf> = std::env::split_paths(programs).filter(|path| path.is_absolute()).collect();
    let readable = AccessFs::from_read(FILES);
    Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(FILES))?
        .handle_access(AccessNet::from_all(NETWORK))?
        .scope(Scope::from_all(SCOPES))?
        .create()?
        .add_rules(path_beneath_rules(SYSTEM, readable))?
        .add_rules(path_beneath_rules(programs, readable))?
        .add_rules(path_beneath_rules(SETTINGS, readable))?
        .add_rules(path_beneath_rules(["/dev/null"], AccessFs::ReadFile | AccessFs::WriteFile))?
        .add_rules(path_beneath_rules([input], AccessFs::ReadFile))?
        .restrict_self()?;
    Ok(())
}

/// Whether this kernel supports Landlock at all.
pub fn has_landlock() -> bool {
    let created = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(ABI::V1))
        .and_then(Ruleset::create);
    created.is_ok()
}
