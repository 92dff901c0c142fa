//! The CPU time of this process's one thread.

use crate::Failed;

/// Nanoseconds that the first thread has spent on a CPU, in user space and in the kernel. The handlers run on a
/// runtime of one thread, so this is all that they cost.
pub(crate) fn nanos() -> Result<u64, Failed> {
    let text = std::fs::read_to_string("/proc/self/schedstat").map_err(|error| {
        format!("the kernel does not count CPU time in /proc/self/schedstat: {error}")
    })?;
    let first = text.split_whitespace().next().ok_or("/proc/self/schedstat is empty")?;
    Ok(first.parse()?)
}
