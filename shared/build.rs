//! Rebuilds when a migration is added: the migrations are embedded in the library.

#[expect(clippy::print_stdout, reason = "that is how a build script speaks to cargo")]
fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
