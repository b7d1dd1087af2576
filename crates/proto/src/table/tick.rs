use std::time::Duration;

/// Half the range: a tick further ahead than this counts as past.
const HORIZON: u32 = u32::MAX / 2;

/// An instant in milliseconds since an epoch that the owner of the table chooses.
///
/// The number wraps after 49 days, and comparisons take the shorter way round. So a table may run for any length of
/// time, as long as the ticks that it compares are at most 24 days apart.
///
/// ```
/// # use std::time::Duration;
/// use antiphon_proto::Tick;
///
/// let now = Tick::from_millis((1 << 32) - 1);
/// let deadline = now.after(Duration::from_millis(2));
/// assert_eq!(deadline.as_millis(), 1);
/// assert!(!deadline.is_due(now));
/// assert_eq!(now.until(deadline), Duration::from_millis(2));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tick(u32);

impl Tick {
    /// The epoch.
    pub const ZERO: Self = Self(0);

    /// The tick at `millis` milliseconds after the epoch, wrapped.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "wrapping is what a tick is"
    )]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis as u32)
    }

    /// Milliseconds since the epoch, wrapped.
    pub const fn as_millis(self) -> u32 {
        self.0
    }

    /// The tick `delay` later, by 24 days at most. A part of a millisecond counts as a whole one, so that no call ends
    /// early.
    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        let millis = delay.as_nanos().div_ceil(1_000_000);
        Self(
            self.0
                .wrapping_add(u32::try_from(millis).unwrap_or(HORIZON).min(HORIZON)),
        )
    }

    /// Whether `now` has reached this tick.
    pub const fn is_due(self, now: Self) -> bool {
        now.0.wrapping_sub(self.0) <= HORIZON
    }

    /// Time from `self` to `later`; zero if `later` is not after `self`.
    pub fn until(self, later: Self) -> Duration {
        let ahead = later.0.wrapping_sub(self.0);
        Duration::from_millis(if ahead <= HORIZON {
            u64::from(ahead)
        } else {
            0
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_is_due_at_its_instant_and_later_across_the_wrap() {
        for start in [0, 1, u32::MAX - 5, u32::MAX / 2] {
            let now = Tick(start);
            let due = now.after(Duration::from_millis(10));
            assert!(!due.is_due(now));
            assert!(!due.is_due(now.after(Duration::from_millis(9))));
            assert!(due.is_due(now.after(Duration::from_millis(10))));
            assert_eq!(now.until(due), Duration::from_millis(10));
            assert_eq!(due.until(now), Duration::ZERO);
        }
    }

    #[test]
    fn delays_are_rounded_up_and_bounded() {
        assert_eq!(Tick::ZERO.after(Duration::from_micros(1)), Tick(1));
        assert_eq!(Tick::ZERO.after(Duration::MAX), Tick(HORIZON));
        assert!(!Tick::ZERO.after(Duration::MAX).is_due(Tick::ZERO));
    }
}
