//! The brokers: what all nodes share.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

use super::{
    group::{Groups, Protocol},
    log::{Body, Log, New, Stored, Unwritable},
    weather::{Fate, Weather},
};
use crate::{history::At, simulator::dice::Dice};

/// How often the coordinator looks at its members.
const BEAT: Duration = Duration::from_millis(50);

/// The wall clock at the beginning of a run: some moment that is the same for all.
const EPOCH_MS: u64 = 1_800_000_000_000;

/// A Kafka cluster. Held by all nodes.
#[derive(Debug)]
pub(crate) struct Cluster {
    state: Mutex<State>,
    /// Rung when something was stored, or a topic or group is another than before.
    changed: Notify,
    began: Instant,
}

#[derive(Debug)]
struct State {
    log: Log,
    groups: Groups,
    weather: Weather,
    dice: Dice,
    producers: u64,
    counts: BTreeMap<&'static str, u64>,
}

/// What became of a produce request, as its sender sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Produced {
    Acknowledged,
    /// Not stored by this request, and may be tried again.
    Again,
    /// Nothing was heard.
    Silence,
    /// It came too late to be heard of; the sender has to carry it in later.
    Adrift,
    /// Not stored by this request, and never will be.
    Refused,
    Missing,
}

impl Cluster {
    /// An empty one, on the runtime's clock. Its coordinator works as long as it is held.
    pub(crate) fn start(dice: Dice, protocol: Protocol, rebalance_limit: Duration) -> Arc<Self> {
        let cluster = Arc::new(Self {
            state: Mutex::new(State {
                log: Log::default(),
                groups: Groups::new(protocol, rebalance_limit),
                weather: Weather::fair(),
                dice,
                producers: 0,
                counts: BTreeMap::new(),
            }),
            changed: Notify::new(),
            began: Instant::now(),
        });
        tokio::spawn(coordinate(Arc::downgrade(&cluster)));
        cluster
    }

    pub(crate) fn create(&self, topic: &str, partitions: u32) {
        self.with(|state| state.log.create(topic, partitions));
        self.reshaped(topic);
    }

    /// Deletes a topic with all it holds, and the offsets that groups have committed on it.
    pub(crate) fn delete(&self, topic: &str) {
        self.with(|state| {
            state.log.delete(topic);
            state.groups.forget(topic);
        });
        self.reshaped(topic);
    }

    pub(crate) fn grow(&self, topic: &str, partitions: u32) {
        self.with(|state| state.log.grow(topic, partitions as usize));
        self.reshaped(topic);
    }

    pub(crate) fn expire(&self, at: &At, before: i64) {
        self.with(|state| state.log.expire(at, before));
        self.changed.notify_waiters();
    }

    /// The partition has no leader for so long.
    pub(crate) fn move_leader(&self, at: &At, lasts: Duration) {
        let until = self.now() + lasts;
        self.with(|state| state.log.move_leader(at, until));
    }

    /// No group's coordinator answers for so long.
    pub(crate) fn move_coordinator(&self, lasts: Duration) {
        let until = self.now() + lasts;
        self.with(|state| state.groups.move_coordinator(until));
    }

    /// Every partition has its leader, every group its coordinator, and nothing is lost any more.
    pub(crate) fn heal(&self) {
        self.with(|state| {
            state.weather = Weather::fair();
            state.log.heal();
            state.groups.heal();
        });
        self.changed.notify_waiters();
    }

    pub(crate) fn set_weather(&self, weather: Weather) {
        self.with(|state| state.weather = weather);
    }

    pub(crate) fn topics(&self) -> Vec<(Arc<str>, u32)> {
        self.with(|state| {
            let topics = state.log.topics();
            topics
                .map(|(name, count)| (Arc::clone(name), count))
                .collect()
        })
    }

    pub(crate) fn ends(&self, at: &At) -> Option<(i64, i64)> {
        self.with(|state| state.log.ends(at))
    }

    pub(crate) fn records(&self, at: &At) -> Vec<Stored> {
        self.with(|state| state.log.records(at).cloned().collect())
    }

    pub(crate) fn committed(&self) -> Vec<(Arc<str>, At, i64)> {
        self.with(|state| state.groups.committed())
    }

    /// How often what happened, for people.
    pub(crate) fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.with(|state| state.counts.clone())
    }

    pub(super) fn count(&self, what: &'static str) {
        self.with(|state| *state.counts.entry(what).or_default() += 1);
    }

    /// Since the cluster began.
    pub(super) fn now(&self) -> Duration {
        self.began.elapsed()
    }

    pub(super) fn unix_ms(&self) -> u64 {
        EPOCH_MS + u64::try_from(self.now().as_millis()).unwrap_or(0)
    }

    pub(super) fn changed(&self) -> &Notify {
        &self.changed
    }

    pub(super) fn next_producer(&self) -> u64 {
        self.with(|state| {
            state.producers += 1;
            state.producers
        })
    }

    /// One way between a client and a broker.
    pub(super) async fn way(&self) {
        let way = self.draw_way();
        tokio::time::sleep(way).await;
    }

    pub(super) fn draw_way(&self) -> Duration {
        self.with(|state| state.weather.way(&mut state.dice))
    }

    pub(super) fn draw<T>(&self, draw: impl FnOnce(&mut Dice, &Weather) -> T) -> T {
        self.with(|state| draw(&mut state.dice, &state.weather))
    }

    pub(super) fn log<T>(&self, look: impl FnOnce(&Log, Duration) -> T) -> T {
        let now = self.now();
        self.with(|state| look(&state.log, now))
    }

    /// Asks the coordinator, or acts on it; `None` while there is none.
    pub(super) fn groups<T>(
        &self,
        ask: impl FnOnce(&mut Groups, &Log, Duration) -> T,
    ) -> Option<T> {
        let now = self.now();
        self.with(|state| {
            let there = state.groups.is_there(now);
            there.then(|| ask(&mut state.groups, &state.log, now))
        })
    }

    /// Stores a record, whoever writes it, if there is where to.
    pub(crate) fn write(&self, at: &At, body: Arc<Body>) {
        let new = New {
            body,
            timestamp: i64::try_from(self.unix_ms()).unwrap_or(i64::MAX),
            sequence: None,
        };
        self.strand(at, &[new]);
    }

    /// A produce request has come to the leader of a partition.
    pub(super) fn produce(&self, at: &At, new: &[New]) -> Produced {
        let now = self.now();
        let produced = self.with(|state| {
            let fate = state.weather.fate(&mut state.dice);
            if let Some(what) = named(fate) {
                *state.counts.entry(what).or_default() += 1;
            }
            match fate {
                Fate::Refused => return Produced::Refused,
                Fate::Retried => return Produced::Again,
                Fate::RequestLost => return Produced::Silence,
                Fate::Late => return Produced::Adrift,
                Fate::Stored | Fate::AnswerLost => {}
            }
            match state.log.append(at, new, now) {
                Ok(()) if fate == Fate::AnswerLost => Produced::Silence,
                Ok(()) => Produced::Acknowledged,
                Err(Unwritable::Missing) => Produced::Missing,
                Err(Unwritable::NoLeader) => Produced::Again,
            }
        });
        self.changed.notify_waiters();
        produced
    }

    /// Stores what was adrift, if there still is where to.
    pub(super) fn strand(&self, at: &At, new: &[New]) {
        let now = self.now();
        // A partition that is gone takes it as little as one that nobody leads.
        let _ = self.with(|state| state.log.append(at, new, now));
        self.changed.notify_waiters();
    }

    fn reshaped(&self, topic: &str) {
        let now = self.now();
        self.with(|state| {
            let noticed = state
                .dice
                .between(Duration::from_millis(100), Duration::from_secs(2));
            state.groups.reshaped(topic, now + noticed);
        });
        self.changed.notify_waiters();
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn named(fate: Fate) -> Option<&'static str> {
    Some(match fate {
        Fate::Stored => return None,
        Fate::Refused => "produce refused",
        Fate::Retried => "produce tried again",
        Fate::RequestLost => "request lost",
        Fate::AnswerLost => "answer lost",
        Fate::Late => "stored late",
    })
}

/// Throws members out that are not heard of, and ends rounds that have all they wait for.
async fn coordinate(cluster: Weak<Cluster>) {
    loop {
        tokio::time::sleep(BEAT).await;
        let Some(cluster) = cluster.upgrade() else {
            return;
        };
        let now = cluster.now();
        let moved = cluster.with(|state| {
            let State {
                groups, log, dice, ..
            } = state;
            groups.beat(log, dice, now)
        });
        if moved {
            cluster.changed.notify_waiters();
        }
    }
}
