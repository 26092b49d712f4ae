//! Links `OpenBLAS` for the embedding model; FAISS needs a BLAS anyway, so that it is the same one.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-link-lib=openblas");
}
