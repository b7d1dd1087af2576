//! What pending calls take of memory, as the kernel counts it.

use std::fs;

use super::table::{MANY, full};

/// Megabytes by which this process grows with a million pending calls, without what their callers hold.
pub(super) fn per_million() -> Result<f64, String> {
    let before = resident_kb()?;
    let calls = full(MANY, drop)?;
    let after = resident_kb()?;
    drop(calls);
    Ok(after.saturating_sub(before) as f64 * 1_024.0 / 1e6)
}

/// The resident size of this process.
fn resident_kb() -> Result<u64, String> {
    let status = fs::read_to_string("/proc/self/status")
        .map_err(|error| format!("memory is read from /proc: {error}"))?;
    resident(&status).ok_or_else(|| "/proc/self/status has no VmRSS".to_owned())
}

fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resident_size_is_read() {
        assert_eq!(resident("VmPeak:\t 9 kB\nVmRSS:\t 4096 kB\n"), Some(4_096));
        assert_eq!(resident("VmPeak:\t 9 kB\n"), None);
    }
}
