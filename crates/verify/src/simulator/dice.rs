//! Everything that is random in a run, drawn from its seed.

use std::{ops::Range, time::Duration};

use rand::{Rng, SeedableRng, rngs::SmallRng};

/// A stream of random choices. The same seed, the same choices.
#[derive(Clone, Debug)]
pub(crate) struct Dice(SmallRng);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(SmallRng::seed_from_u64(seed))
    }

    /// Another stream, so that what is drawn from one does not move what is drawn from the other.
    pub(crate) fn branch(&mut self) -> Self {
        Self::new(self.bits())
    }

    /// For those who draw by themselves.
    pub(crate) fn stream(&mut self) -> &mut SmallRng {
        &mut self.0
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.0.random()
    }

    /// Whether something of this probability happens. What never happens draws nothing.
    pub(crate) fn happens(&mut self, probability: f64) -> bool {
        probability > 0.0 && self.0.random_bool(probability.min(1.0))
    }

    /// One of the numbers; the first if there are none.
    pub(crate) fn below(&mut self, range: Range<u32>) -> u32 {
        if range.is_empty() {
            return range.start;
        }
        self.0.random_range(range)
    }

    /// One of the choices.
    pub(crate) fn one_of<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        let most = u32::try_from(choices.len()).unwrap_or(u32::MAX);
        choices.get(self.below(0..most) as usize)
    }

    /// A time up to `most`, in whole milliseconds, as the runtime's timers are.
    pub(crate) fn up_to(&mut self, most: Duration) -> Duration {
        self.between(Duration::ZERO, most)
    }

    /// A time from `least` to `most`, in whole milliseconds.
    pub(crate) fn between(&mut self, least: Duration, most: Duration) -> Duration {
        let millis = |time: Duration| u32::try_from(time.as_millis()).unwrap_or(u32::MAX - 1);
        let drawn = self.below(millis(least)..millis(most) + 1);
        Duration::from_millis(u64::from(drawn))
    }
}
