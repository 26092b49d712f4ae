//! Chooses the kernels of `OpenBLAS`.

use std::env;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use super::native;

/// `OpenBLAS` reads this variable when it is loaded, which is before `main`.
const CHOICE: &str = "OPENBLAS_CORETYPE";

#[derive(Debug, thiserror::Error)]
#[error("embedding is slow, because OpenBLAS does not know this processor: set OPENBLAS_CORETYPE={better} ({error})")]
pub struct SlowKernels {
    better: &'static str,
    error: io::Error,
}

/// `OpenBLAS` identifies processors by their names. For one that is newer than itself (0.3.21, Debian 12's, is from
/// 2022) it uses the kernels of 2004, and embedding takes three times as long. In that case this restarts the program,
/// as the same process, with an older processor of the same instruction set in `OPENBLAS_CORETYPE`. If the variable is
/// set, it stays.
///
/// Call it first in `main`: whatever is open or running by then is lost. Returns when there is nothing to change.
pub fn choose_blas_kernels() -> Result<(), SlowKernels> {
    if native::blas_kernels() != "Prescott" || env::var_os(CHOICE).is_some_and(|choice| !choice.is_empty()) {
        return Ok(());
    }
    let Some(better) = by_instruction_set() else { return Ok(()) };
    Err(SlowKernels { better, error: restart(better) })
}

/// Returns only when it fails.
fn restart(better: &str) -> io::Error {
    let program = match env::current_exe() {
        Ok(program) => program,
        Err(error) => return error,
    };
    let mut arguments = env::args_os();
    let mut command = Command::new(program);
    command.env(CHOICE, better);
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    command.args(arguments).exec()
}

#[cfg(target_arch = "x86_64")]
fn by_instruction_set() -> Option<&'static str> {
    if is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512cd")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
    {
        Some("SkylakeX")
    } else if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        Some("Haswell")
    } else {
        None
    }
}

/// "Prescott" exists on x86 only.
#[cfg(not(target_arch = "x86_64"))]
fn by_instruction_set() -> Option<&'static str> {
    None
}
