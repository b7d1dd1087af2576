//! CPU time of this process.

use std::time::Duration;

/// CPU time of all threads so far; `None` where the system does not tell it.
#[cfg(unix)]
pub(super) fn spent() -> Option<Duration> {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let seconds = u64::try_from(spent.tv_sec).ok()?;
    Some(Duration::new(seconds, u32::try_from(spent.tv_nsec).ok()?))
}

/// CPU time of all threads so far; `None` where the system does not tell it.
#[cfg(not(unix))]
pub(super) fn spent() -> Option<Duration> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn cpu_time_grows_with_work() {
        let (before, begun) = (spent().unwrap(), Instant::now());
        while spent().unwrap() == before {
            assert!(begun.elapsed() < Duration::from_secs(20), "no time passes");
        }
    }
}
