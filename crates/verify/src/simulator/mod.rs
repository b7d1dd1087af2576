//! A deterministic simulator: the product, unchanged, on a model of Kafka, in one thread and in
//! virtual time, with everything that is random drawn from a seed.
//!
//! A run has two phases. At first there are faults without mercy; then all of them end, processes
//! that died are back, and everything has to recover, answer, drain and stop.

mod dice;
mod kafka;
mod ledger;
mod life;
mod point;
mod run;
mod schedule;
#[cfg(test)]
mod tests;
mod trace;
mod trial;
mod world;

pub use self::{
    run::{Finished, run},
    schedule::Profile,
    trace::trace,
    trial::{Trial, trial},
};
