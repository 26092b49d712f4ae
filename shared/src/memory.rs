//! Memory that is free goes back to the system.

#![expect(unsafe_code, reason = "one call of the C library, before anything else runs")]

/// Blocks of this size and more are mapped by themselves, and given back when they are freed.
const LARGE: libc::c_int = 1024 * 1024;

/// Left to itself, glibc raises this size after the first large block that is freed, and keeps those that follow in the
/// arena of whichever thread freed them: a hundred sign-ins, of 19 MiB each, then stay for ever. To be called at the
/// start of a process.
pub fn give_back_large_blocks() {
    // SAFETY: it takes two numbers, and no other thread runs yet that could allocate meanwhile.
    let taken = unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE) };
    if taken != 1 {
        eprintln!("warning: the C library keeps the memory that is freed");
    }
}
