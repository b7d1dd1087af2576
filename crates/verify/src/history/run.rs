//! What was set up, and what is therefore expected.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// What a run was told to do; `run.json` in its directory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// What everything random in it was made from.
    pub seed: u64,
    /// The row of the fault matrix, or the profile of the simulation.
    pub name: String,
    /// It ran in the simulator: its clock is exact, and there is no memory to look at.
    pub simulated: bool,
    /// What makes replies' tags.
    pub key: u64,
    /// Topics that may be written to.
    pub allowed_topics: Vec<Arc<str>>,
    /// Topics whose records are requests, with the group that reads each.
    pub request_topics: Vec<(Arc<str>, Arc<str>)>,
    /// How often handlers may run.
    pub delivery: Delivery,
    /// Microseconds by which a call may end late, of time in which its process ran.
    pub slack: u64,
    /// Microseconds by which responders suppose that clocks may be apart.
    pub clock_skew: u64,
    /// Most bytes of memory of a process.
    pub memory_limit: Option<u64>,
    /// Fewest successes of a run that proves something.
    pub min_ok: u64,
    /// Fewest calls in flight when a fault begins. Of simulations that may be zero.
    pub min_in_flight: u64,
    /// Fewest successes in a row of each requester after all is healed.
    pub min_ok_at_end: u64,
}

/// How often a handler may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// Once or more.
    AtLeastOnce,
    /// Once or never.
    AtMostOnce,
    /// Once per id.
    Deduplicated,
}
