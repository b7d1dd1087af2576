//! Whether memory grows for ever.
//!
//! Looked at are the samples of the second half of a process' life, if there are 40 of them: about
//! 80 seconds of life. Their slope is the median of the slopes between any two of them (Theil and
//! Sen), so that single peaks do not count. It is too much if over that half
//!
//! - memory grew by more than 5 % of its median, and by more than 8 MiB; and
//! - each quarter of the half holds more than the one before, by at least an eighth of what is
//!   allowed. A fault that makes buffers grow once is a step, and no leak.

use std::fmt;

/// Fewest samples that say something.
const FEWEST: usize = 40;

/// Most samples that are compared, each with each.
const MOST: usize = 128;

/// Growth that is never too much.
const ALWAYS_ALLOWED: f64 = 8.0 * 1024.0 * 1024.0;

/// How the memory of a process grew over the second half of its life.
#[derive(Clone, Copy, Debug)]
pub(super) struct Growth {
    pub(super) from: u64,
    seconds: f64,
    grown: f64,
    allowed: f64,
    steady: bool,
}

impl Growth {
    pub(super) fn is_too_much(&self) -> bool {
        self.steady && self.grown > self.allowed
    }
}

impl fmt::Display for Growth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "it grew by {:.1} MiB in {:.0} s, steadily; {:.1} MiB would be allowed",
            self.grown / 1_048_576.0,
            self.seconds,
            self.allowed / 1_048_576.0
        )
    }
}

/// `None`: too few samples.
pub(super) fn growth(samples: &[(u64, u64)]) -> Option<Growth> {
    let (first, last) = (samples.first()?.0, samples.last()?.0);
    let middle = first + last.saturating_sub(first) / 2;
    let half = &samples[samples.partition_point(|(at, _)| *at < middle)..];
    if half.len() < FEWEST {
        return None;
    }
    let step = half.len().div_ceil(MOST);
    let thin: Vec<(f64, f64)> = half.iter().step_by(step).map(|one| point(*one)).collect();
    let seconds = thin.last()?.0 - thin.first()?.0;
    let mut bytes: Vec<f64> = half.iter().map(|one| point(*one).1).collect();
    let quarters: Vec<f64> = bytes
        .chunks(bytes.len().div_ceil(4))
        .map(|quarter| median(&mut quarter.to_vec()))
        .collect();
    let allowed = (0.05 * median(&mut bytes)).max(ALWAYS_ALLOWED);
    Some(Growth {
        from: half.first()?.0,
        seconds,
        grown: slope(&thin) * seconds,
        allowed,
        steady: quarters
            .windows(2)
            .all(|pair| pair[1] - pair[0] > allowed / 8.0),
    })
}

/// Bytes per second.
fn slope(points: &[(f64, f64)]) -> f64 {
    let mut slopes = Vec::new();
    for (at, one) in points.iter().enumerate() {
        for other in &points[at + 1..] {
            if other.0 > one.0 {
                slopes.push((other.1 - one.1) / (other.0 - one.0));
            }
        }
    }
    median(&mut slopes)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

#[expect(clippy::cast_precision_loss, reason = "seconds and bytes of a process")]
fn point((at, bytes): (u64, u64)) -> (f64, f64) {
    (at as f64 / 1e6, bytes as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn grows(memory: impl Fn(u64) -> u64) -> bool {
        let samples: Vec<_> = (0..200).map(|s| (s * 1_000_000, memory(s))).collect();
        growth(&samples).unwrap().is_too_much()
    }

    #[test]
    fn a_leak_is_seen_and_what_is_none_is_not() {
        assert!(grows(|s| 50 * MIB + s * MIB / 4));
        assert!(grows(|s| 50 * MIB + s * MIB / 4 + (s % 7) * MIB));
        assert!(!grows(|_| 50 * MIB));
        assert!(!grows(|s| 50 * MIB + (s % 20) * MIB), "it swings");
        assert!(
            !grows(|s| if s < 150 { 50 * MIB } else { 90 * MIB }),
            "a step"
        );
        assert!(
            !grows(|s| if s == 199 { 500 * MIB } else { 50 * MIB }),
            "a peak"
        );
        assert!(!grows(|s| (50 * MIB).min(s * MIB)), "it warms up");
        assert!(!grows(|s| 50 * MIB + s * MIB / 100), "less than 8 MiB");
    }

    #[test]
    fn few_samples_say_nothing() {
        assert!(growth(&[]).is_none());
        assert!(growth(&[(0, 1), (1, 100 * MIB)]).is_none());
    }
}
