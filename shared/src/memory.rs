//! Returns freed memory to the system.

#![expect(unsafe_code, reason = "one call of the C library, before anything else runs")]

/// Blocks of at least this size are mapped separately and returned to the system when they are freed.
const LARGE: libc::c_int = 1024 * 1024;

/// Fixes the threshold above which glibc maps blocks separately. By default glibc raises it after the first large block is
/// freed and keeps later blocks in the arena of the thread that freed them: a hundred sign-ins, of 19 MiB each, then stay
/// allocated for ever. Call this at the start of a process.
pub fn give_back_large_blocks() {
    // SAFETY: it takes two numbers, and no other thread runs yet that could allocate meanwhile.
    let taken = unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE) };
    if taken != 1 {
        eprintln!("warning: the C library does not return freed memory to the system");
    }
}
