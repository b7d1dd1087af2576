//! What was measured of one contender.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{contender::Contender, reached::Reached, statistics::Spread};

/// One contender under one load.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Measured {
    pub(crate) contender: Contender,
    /// By round; none where it failed.
    pub(crate) rounds: Vec<Option<Reached>>,
    /// By metric.
    pub(crate) figures: BTreeMap<&'static str, Spread>,
    pub(crate) to_reference: BTreeMap<&'static str, Spread>,
    pub(crate) to_best_raw: BTreeMap<&'static str, Spread>,
    /// Medians of CPU per request in microseconds, by what the threads are for.
    pub(crate) requester_threads: BTreeMap<&'static str, f64>,
    pub(crate) responder_threads: BTreeMap<&'static str, f64>,
}

/// The runs of one contender, by round.
pub(super) type Runs = Vec<Option<Reached>>;
