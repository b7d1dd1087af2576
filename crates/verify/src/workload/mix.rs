//! Which kinds of calls a requester makes, and how often.

use std::{ops::Range, sync::Arc, time::Duration};

use rand::Rng;

use super::caller::Call;
use crate::history::{CallKind, Misbehaviour};

/// What calls are drawn from. Shares are between 0 and 1. Calls that are neither scatters nor gathers are plain
/// requests.
#[derive(Clone, Debug)]
pub struct Mix {
    /// Topics of plain requests.
    pub requests: Vec<Arc<str>>,
    /// Topics that each scatter asks.
    pub scatter: Vec<Arc<str>>,
    /// The topic of a gather, and how many services answer there.
    pub gather: Option<(Arc<str>, u32)>,
    /// Share of scatters.
    pub scatters: f64,
    /// Share of gathers.
    pub gathers: f64,
    /// Share of calls with a key, which chooses the partition.
    pub keyed: f64,
    /// Share of calls that their caller drops before they end.
    pub dropped: f64,
    /// Share of calls that ask the handler for an error, a panic, or too large a reply.
    pub misbehaving: f64,
    /// Range of timeouts.
    pub timeout: Range<Duration>,
    /// Range of the handlers' working times.
    pub work: Range<Duration>,
}

impl Mix {
    /// The next call.
    pub fn draw(&self, random: &mut impl Rng) -> Call {
        let timeout = between(&self.timeout, random);
        let (kind, topics) = self.kind(random);
        Call {
            kind,
            topics,
            timeout,
            nonce: random.random(),
            key: happens(self.keyed, random).then(|| random.random_range(0..16)),
            work: between(&self.work, random),
            fail: happens(self.misbehaving, random).then(|| match random.random_range(0..3) {
                0 => Misbehaviour::Error,
                1 => Misbehaviour::Panic,
                _ => Misbehaviour::TooLarge,
            }),
            drop_after: happens(self.dropped, random).then(|| timeout.mul_f64(random.random())),
        }
    }

    fn kind(&self, random: &mut impl Rng) -> (CallKind, Vec<Arc<str>>) {
        let draw: f64 = random.random();
        if draw < self.scatters && !self.scatter.is_empty() {
            let all = u32::try_from(self.scatter.len()).unwrap_or(u32::MAX);
            let min = random.random_range(1..=all);
            return (CallKind::Scatter { min }, self.scatter.clone());
        }
        if let Some((topic, services)) = &self.gather
            && draw < self.scatters + self.gathers
        {
            let min = random.random_range(1..=*services);
            let max = random
                .random::<bool>()
                .then(|| random.random_range(min..=*services));
            return (CallKind::Gather { min, max }, vec![Arc::clone(topic)]);
        }
        let at = random.random_range(0..self.requests.len().max(1));
        let topic = self.requests.get(at).cloned();
        (CallKind::Request, topic.into_iter().collect())
    }
}

fn happens(share: f64, random: &mut impl Rng) -> bool {
    random.random::<f64>() < share
}

fn between(range: &Range<Duration>, random: &mut impl Rng) -> Duration {
    if range.is_empty() {
        return range.start;
    }
    random.random_range(range.clone())
}
