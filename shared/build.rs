//! Rebuilds when a migration is added: the migrations are embedded in the library.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
