use std::time::Duration;

use rand::{Rng, SeedableRng, rngs::SmallRng};

/// What goes wrong, and how often. Probabilities are between 0 and 1, and are drawn in the order
/// in which they stand here.
#[derive(Clone, Debug, PartialEq)]
pub struct Faults {
    /// How long a record takes to become readable.
    pub delay: Duration,
    /// How often a record is refused: not stored, and the sender is told so.
    pub reject: f64,
    /// How often the acknowledgement is lost: the record is stored or not, with equal chance, and
    /// the sender is told that nobody knows.
    pub uncertain: f64,
    /// How often a record vanishes although it was acknowledged.
    pub loss: f64,
    /// How often a record is stored twice.
    pub duplicate: f64,
    /// How many records of a sender may wait for their outcome; those beyond are refused at once, as
    /// librdkafka does when its queue is full. Default: a million.
    pub queue: usize,
    /// Where the draws begin: the same seed, the same faults.
    pub seed: u64,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            delay: Duration::ZERO,
            reject: 0.0,
            uncertain: 0.0,
            loss: 0.0,
            duplicate: 0.0,
            queue: 1_000_000,
            seed: 0,
        }
    }
}

/// What becomes of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Stored { copies: u32 },
    Rejected,
    Uncertain { stored: bool },
}

#[derive(Debug)]
pub(super) struct Dice {
    faults: Faults,
    random: SmallRng,
}

impl Default for Dice {
    fn default() -> Self {
        Self::new(Faults::default())
    }
}

impl Dice {
    pub(super) fn new(faults: Faults) -> Self {
        let random = SmallRng::seed_from_u64(faults.seed);
        Self { faults, random }
    }

    pub(super) fn delay(&self) -> Duration {
        self.faults.delay
    }

    pub(super) fn queue(&self) -> usize {
        self.faults.queue
    }

    pub(super) fn roll(&mut self) -> Fate {
        if self.happens(self.faults.reject) {
            return Fate::Rejected;
        }
        if self.happens(self.faults.uncertain) {
            let stored = self.random.random();
            return Fate::Uncertain { stored };
        }
        if self.happens(self.faults.loss) {
            return Fate::Stored { copies: 0 };
        }
        let copies = if self.happens(self.faults.duplicate) {
            2
        } else {
            1
        };
        Fate::Stored { copies }
    }

    fn happens(&mut self, probability: f64) -> bool {
        probability > 0.0 && self.random.random_bool(probability.min(1.0))
    }
}
