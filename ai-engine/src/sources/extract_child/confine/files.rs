//! Landlock: which files can be opened. Kernels that know it also refuse TCP and signals to processes outside.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _,
    RulesetCreatedAttr as _, RulesetError, Scope, path_beneath_rules,
};

/// What is asked for; a kernel that knows less does what it knows.
const FILES: ABI = ABI::V5;
const NETWORK: ABI = ABI::V4;
const SCOPES: ABI = ABI::V6;

/// Programs, their libraries and data: of Linux distributions, and of Nix and Guix.
const SYSTEM: &[&str] = &["/usr", "/bin", "/lib", "/lib32", "/lib64", "/nix/store", "/gnu/store"];

/// What libraries look at when they start.
const SETTINGS: &[&str] = &["/etc/ld.so.cache", "/etc/fonts", "/etc/localtime", "/dev/urandom"];

/// Leaves `input` and the system to be read, and nothing to be written.
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

/// Whether this kernel can do it at all.
pub fn landlock_is_there() -> bool {
    let tried = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(ABI::V1))
        .and_then(Ruleset::create);
    tried.is_ok()
}
