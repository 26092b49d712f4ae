//! The two things that need `unsafe`: calling `OpenBLAS` and mapping a file. Both are wrapped so that no misuse from
//! safe code is possible.
#![expect(unsafe_code, reason = "foreign functions of OpenBLAS, and a memory-mapped file")]

use std::ffi::{CStr, c_char, c_int};
use std::fs::File;
use std::path::Path;

use memmap2::Mmap;

// Values of cblas.h.
const ROW_MAJOR: c_int = 101;
const NO_TRANSPOSE: c_int = 111;
const TRANSPOSE: c_int = 112;

unsafe extern "C" {
    fn cblas_sgemm(
        order: c_int,
        transpose_a: c_int,
        transpose_b: c_int,
        m: c_int,
        n: c_int,
        k: c_int,
        alpha: f32,
        a: *const f32,
        lda: c_int,
        b: *const f32,
        ldb: c_int,
        beta: f32,
        c: *mut f32,
        ldc: c_int,
    );
    fn openblas_set_num_threads(threads: c_int);
    fn openblas_get_corename() -> *const c_char;
}

/// Rows of `width` numbers that start `stride` numbers apart in `data`.
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    pub data: &'a [f32],
    pub rows: usize,
    pub width: usize,
    pub stride: usize,
}

impl<'a> Matrix<'a> {
    /// Rows without gaps.
    pub fn dense(data: &'a [f32], width: usize) -> Self {
        Self { data, rows: data.len() / width, width, stride: width }
    }
}

/// The layout of the second factor in memory.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Second {
    AsIs,
    /// `c = a · bᵀ`
    Transposed,
}

/// `c = scale · a · b + keep · c`, where the rows of `c` start `stride` numbers apart.
///
/// # Panics
/// When the shapes do not match each other or the data.
pub fn multiply(a: Matrix<'_>, b: Matrix<'_>, second: Second, scale: f32, c: &mut [f32], stride: usize, keep: f32) {
    let (inner, width) = if second == Second::Transposed { (b.width, b.rows) } else { (b.rows, b.width) };
    assert_eq!(a.width, inner, "the factors fit each other");
    if a.rows == 0 || width == 0 || inner == 0 {
        return;
    }
    for (len, rows, width, stride) in [
        (a.data.len(), a.rows, a.width, a.stride),
        (b.data.len(), b.rows, b.width, b.stride),
        (c.len(), a.rows, width, stride),
    ] {
        assert!(width <= stride && (rows - 1) * stride + width <= len, "the matrix lies inside its data");
    }
    let transpose_b = if second == Second::Transposed { TRANSPOSE } else { NO_TRANSPOSE };
    // SAFETY: the asserts above keep every element that BLAS touches inside its slice; `c` is borrowed mutably, so that
    // it overlaps neither factor.
    unsafe {
        cblas_sgemm(
            ROW_MAJOR,
            NO_TRANSPOSE,
            transpose_b,
            int(a.rows),
            int(width),
            int(inner),
            scale,
            a.data.as_ptr(),
            int(a.stride),
            b.data.as_ptr(),
            int(b.stride),
            keep,
            c.as_mut_ptr(),
            int(stride),
        );
    }
}

fn int(value: usize) -> c_int {
    #[expect(clippy::expect_used, reason = "a matrix of 2^31 rows cannot be made here")]
    c_int::try_from(value).expect("dimensions of a small matrix")
}

/// Makes each BLAS call run on the calling thread: the embedder has threads of its own, and two pools would compete for
/// the same cores.
pub fn single_threaded_blas() {
    // SAFETY: this sets a number inside the library, which guards it with a lock.
    unsafe { openblas_set_num_threads(1) }
}

/// The name of the processor whose kernels `OpenBLAS` uses.
pub fn blas_kernels() -> &'static str {
    // SAFETY: this returns a static string of the library, which ends with a zero byte.
    let name = unsafe { CStr::from_ptr(openblas_get_corename()) };
    name.to_str().unwrap_or("unknown")
}

/// Maps a file that must not change while it is mapped: weights are installed once, under their final name.
pub fn map(path: &Path) -> std::io::Result<Mmap> {
    let file = File::open(path)?;
    // SAFETY: see above; a change of the file from outside is the operator's fault, as with a shared library.
    unsafe { Mmap::map(&file) }
}
