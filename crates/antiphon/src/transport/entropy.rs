use std::fmt;

use rand::Rng as _;

/// Where random numbers come from. Part of the seam, so that a simulation can repeat them.
pub trait Entropy: Send + Sync + fmt::Debug {
    /// 64 random bits, which nobody who sees some of them can continue.
    fn bits(&self) -> u64;
}

/// A generator per thread, seeded by the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn bits(&self) -> u64 {
        rand::rng().random()
    }
}
