//! What a proxy does to connections, and how often it did it.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use rand::{Rng as _, SeedableRng as _, rngs::SmallRng};
use tokio::sync::watch;

/// What a proxy does to connections. The default: nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Impairment {
    /// How much later answers reach the client.
    pub delay: Duration,
    /// What does not pass. It is not lost: TCP would send it again, and so it passes later.
    pub hole: Option<Way>,
    /// Bytes a second and direction that all connections of a broker share.
    pub bytes_per_second: Option<u64>,
    /// What is done to answers of one kind.
    pub answers: Option<Answers>,
    /// Only connections of clients whose name begins so.
    pub client: Option<String>,
}

/// Which way of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// What clients say.
    ToBroker,
    /// What brokers say.
    ToClient,
    /// Both.
    Both,
}

/// What is done to answers to one kind of request.
#[derive(Clone, Debug, PartialEq)]
pub enum Answers {
    /// This share of them is dropped, and the connection with it.
    Drop {
        /// The kind.
        api_key: i16,
        /// From 0 to 1.
        share: f64,
    },
    /// They come so much later, and with them all that come after them on their connection.
    Hold {
        /// The kind.
        api_key: i16,
        /// How much later.
        by: Duration,
    },
}

/// How often a proxy did what.
#[derive(Debug, Default)]
pub struct Counts {
    /// Connections that were accepted.
    pub connections: AtomicU64,
    /// Messages that had to wait at a hole.
    pub held_at_hole: AtomicU64,
    /// Answers that were dropped.
    pub dropped: AtomicU64,
    /// Answers that were held.
    pub held: AtomicU64,
    /// Microseconds that messages waited for bandwidth.
    pub throttled: AtomicU64,
    /// Connections that were reset.
    pub reset: AtomicU64,
}

/// The rules of one proxy, which may change at any time.
#[derive(Debug)]
pub struct Rules {
    now: watch::Sender<Impairment>,
    resets: watch::Sender<u64>,
    chance: Mutex<SmallRng>,
    pub(super) pace: [super::pace::Pace; 2],
    /// How often each rule applied.
    pub counts: Counts,
}

impl Rules {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            now: watch::Sender::default(),
            resets: watch::Sender::default(),
            chance: Mutex::new(SmallRng::seed_from_u64(seed)),
            pace: Default::default(),
            counts: Counts::default(),
        }
    }

    /// Does this from now on, and nothing else.
    pub fn set(&self, impairment: Impairment) {
        self.now.send_replace(impairment);
    }

    /// Ends all connections there are by a reset.
    pub fn reset(&self) {
        self.resets.send_modify(|count| *count += 1);
    }

    pub(super) fn watch(&self) -> watch::Receiver<Impairment> {
        self.now.subscribe()
    }

    pub(super) fn watch_resets(&self) -> watch::Receiver<u64> {
        self.resets.subscribe()
    }

    /// Whether what happens with this chance happens now.
    pub(super) fn happens(&self, share: f64) -> bool {
        let mut chance = self.chance.lock().unwrap_or_else(PoisonError::into_inner);
        chance.random::<f64>() < share
    }
}

impl Impairment {
    /// Whether messages of this direction do not pass.
    pub(super) fn stops(&self, to_broker: bool) -> bool {
        match self.hole {
            None => false,
            Some(Way::Both) => true,
            Some(Way::ToBroker) => to_broker,
            Some(Way::ToClient) => !to_broker,
        }
    }

    /// Whether it is for connections of this client, as far as that is known.
    pub(super) fn concerns(&self, client: Option<&String>) -> bool {
        match (&self.client, client) {
            (None, _) => true,
            (Some(wanted), Some(client)) => client.starts_with(wanted.as_str()),
            (Some(_), None) => false,
        }
    }
}

impl Counts {
    /// One of them now.
    pub fn of(count: &AtomicU64) -> u64 {
        count.load(Ordering::Relaxed)
    }
}
