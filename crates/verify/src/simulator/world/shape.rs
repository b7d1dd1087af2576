//! Who takes part in a run and how it is set up, drawn from the seed.

use std::{collections::BTreeSet, fmt, sync::Arc, time::Duration};

use antiphon::config::{ClientConfig, FirstPoll, ReplyConfig, ServiceConfig};

use crate::{
    simulator::{
        dice::Dice,
        kafka::{NodeSettings, Protocol},
    },
    workload::{Mix, Pace},
};

/// A process, by its place in the [`Shape`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Who {
    Requester(usize),
    Responder(usize),
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requester(index) => write!(f, "requester-{}", index + 1),
            Self::Responder(index) => write!(f, "responder-{}", index + 1),
        }
    }
}

/// Everything about a run but its faults.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    /// Topics that exist from the beginning.
    pub(crate) topics: Vec<(Arc<str>, u32)>,
    /// Request topics, with each group that reads one.
    pub(crate) readers: Vec<(Arc<str>, Arc<str>)>,
    pub(crate) protocol: Protocol,
    pub(crate) rebalance_limit: Duration,
    /// By how much responders suppose that clocks may be apart.
    pub(crate) clock_skew: Duration,
    pub(crate) requesters: Vec<RequesterShape>,
    pub(crate) responders: Vec<ResponderShape>,
    /// How long faults may happen, and how long calls go on after that.
    pub(crate) stormy: Duration,
    pub(crate) calm: Duration,
}

#[derive(Clone, Debug)]
pub(crate) struct RequesterShape {
    pub(crate) group: String,
    pub(crate) config: ClientConfig,
    pub(crate) node: NodeSettings,
    pub(crate) mix: Mix,
    pub(crate) pace: Pace,
    pub(crate) starts: Duration,
}

#[derive(Clone, Debug)]
pub(crate) struct ResponderShape {
    pub(crate) group: Arc<str>,
    pub(crate) topics: Vec<Arc<str>>,
    pub(crate) config: ServiceConfig,
    /// Its handler does not wait.
    pub(crate) at_once: bool,
    pub(crate) node: NodeSettings,
    pub(crate) starts: Duration,
}

/// A topic that nobody has to do with, and whose name is not one of a reply topic.
pub(crate) const CANARY: &str = "canary";

const WORK: &str = "work";
const MORE: &str = "more";
const SURVEY: &str = "survey";
const WORKERS: &str = "workers";
const AUDITORS: &str = "auditors";

impl Shape {
    pub(crate) fn draw(dice: &mut Dice) -> Self {
        let scatters = dice.happens(0.3);
        let gathers = dice.happens(0.25);
        let mut topics: Vec<(Arc<str>, u32)> = vec![(WORK.into(), dice.below(1..7))];
        let mut readers: Vec<(Arc<str>, Arc<str>)> = vec![(WORK.into(), WORKERS.into())];
        if scatters {
            topics.push((MORE.into(), dice.below(1..4)));
            readers.push((MORE.into(), WORKERS.into()));
        }
        if gathers {
            topics.push((SURVEY.into(), dice.below(1..3)));
            readers.push((SURVEY.into(), WORKERS.into()));
            readers.push((SURVEY.into(), AUDITORS.into()));
        }
        let requesters = dice.below(1..4) as usize;
        let shared = dice.happens(0.4);
        let mix = mix(dice, &topics);
        let replies = shared.then(|| dice.below(1..4));
        let requesters = (0..requesters).map(|index| requester(dice, index, replies, &mix));
        let requesters: Vec<_> = requesters.collect();
        let clock_skew = dice.between(Duration::ZERO, Duration::from_secs(5));
        let responders = responders(dice, &readers, gathers, clock_skew);
        let eager = dice.happens(0.3);
        Self {
            topics,
            readers,
            protocol: if eager {
                Protocol::Eager
            } else {
                Protocol::Cooperative
            },
            clock_skew,
            rebalance_limit: dice.between(Duration::from_secs(3), Duration::from_secs(10)),
            requesters,
            responders,
            stormy: dice.between(Duration::from_secs(6), Duration::from_secs(12)),
            calm: Duration::from_secs(4),
        }
    }

    /// Whatever may be written to: request topics, and topics of replies.
    pub(crate) fn allowed(&self) -> Vec<Arc<str>> {
        let requests = self.topics.iter().map(|(name, _)| Arc::clone(name));
        let replies = self.reply_topics().into_iter();
        requests.chain(replies).collect()
    }

    pub(crate) fn reply_topics(&self) -> BTreeSet<Arc<str>> {
        let each = self.requesters.iter();
        each.map(|one| format!("{}.replies", one.group).into())
            .collect()
    }
}

impl RequesterShape {
    /// Calls that succeed where nothing goes wrong.
    pub(super) fn mild(&self) -> (Mix, Pace) {
        let (least, most) = (Duration::from_millis(50), Duration::from_millis(200));
        let mix = Mix {
            dropped: 0.0,
            misbehaving: 0.0,
            timeout: Duration::from_secs(5)..Duration::from_secs(10),
            work: Duration::ZERO..Duration::from_millis(20),
            ..self.mix.clone()
        };
        let pace = Pace {
            pause: least..most,
            in_flight: 1,
            calls: u64::MAX,
        };
        (mix, pace)
    }
}

fn mix(dice: &mut Dice, topics: &[(Arc<str>, u32)]) -> Mix {
    let named = |name: &str| {
        topics
            .iter()
            .map(|(topic, _)| topic)
            .find(|topic| ***topic == *name)
    };
    let seconds = Duration::from_secs;
    let slow = dice.happens(0.2);
    let work = if slow {
        seconds(2)
    } else {
        Duration::from_millis(60)
    };
    let scatter = match (named(WORK), named(MORE)) {
        (Some(work), Some(more)) => vec![Arc::clone(work), Arc::clone(more)],
        _ => Vec::new(),
    };
    Mix {
        requests: named(WORK).into_iter().cloned().collect(),
        scatters: if scatter.is_empty() { 0.0 } else { 0.15 },
        scatter,
        gathers: if named(SURVEY).is_some() { 0.15 } else { 0.0 },
        gather: named(SURVEY).map(|topic| (Arc::clone(topic), 2)),
        keyed: 0.3,
        dropped: 0.03,
        misbehaving: if dice.happens(0.5) { 0.06 } else { 0.0 },
        timeout: Duration::from_millis(300)..seconds(u64::from(dice.below(1..6))),
        work: Duration::ZERO..work,
    }
}

/// `replies` is the number of partitions of the reply topic that they share, if they do.
fn requester(dice: &mut Dice, index: usize, replies: Option<u32>, mix: &Mix) -> RequesterShape {
    let shared = replies.is_some();
    let group = if shared {
        "asker".to_owned()
    } else {
        format!("asker-{}", index + 1)
    };
    let timeout = dice.between(Duration::from_secs(2), Duration::from_secs(8));
    let tight = dice.happens(0.2);
    let reply = ReplyConfig {
        partitions: replies.unwrap_or_else(|| dice.below(1..4)),
        partition: (shared && dice.happens(0.7)).then_some(0),
        read_headers: dice.happens(0.2),
        ..ReplyConfig::default()
    };
    RequesterShape {
        config: ClientConfig {
            timeout,
            max_in_flight: if tight { dice.below(2..12) } else { 1_000 },
            fail_fast: dice.happens(0.2),
            metadata_ttl: dice.between(Duration::from_secs(1), Duration::from_secs(30)),
            reply,
            ..ClientConfig::default()
        },
        group,
        node: node(dice, timeout),
        mix: mix.clone(),
        pace: Pace {
            pause: Duration::ZERO
                ..dice.between(Duration::from_millis(40), Duration::from_millis(160)),
            in_flight: dice.below(4..64) as usize,
            calls: u64::MAX,
        },
        starts: dice.up_to(Duration::from_millis(300)),
    }
}

fn responders(
    dice: &mut Dice,
    readers: &[(Arc<str>, Arc<str>)],
    gathers: bool,
    clock_skew: Duration,
) -> Vec<ResponderShape> {
    let workers = dice.below(1..5);
    let auditors = if gathers { dice.below(1..3) } else { 0 };
    let groups = std::iter::repeat_n(WORKERS, workers as usize);
    let groups = groups.chain(std::iter::repeat_n(AUDITORS, auditors as usize));
    groups
        .enumerate()
        .map(|(index, group)| {
            let topics = readers.iter().filter(|(_, reader)| **reader == *group);
            ResponderShape {
                group: group.into(),
                topics: topics.map(|(topic, _)| Arc::clone(topic)).collect(),
                config: service(dice, clock_skew),
                at_once: dice.happens(0.25),
                node: node(dice, Duration::from_secs(300)),
                starts: if index > 0 && dice.happens(0.3) {
                    dice.up_to(Duration::from_secs(5))
                } else {
                    dice.up_to(Duration::from_millis(300))
                },
            }
        })
        .collect()
}

fn service(dice: &mut Dice, clock_skew: Duration) -> ServiceConfig {
    let (few, tight) = (dice.happens(0.3), dice.happens(0.2));
    ServiceConfig {
        concurrency: if few {
            dice.below(1..6)
        } else {
            dice.below(16..256)
        },
        max_unacknowledged: if tight { dice.below(1..8) } else { 1_000 },
        commit_interval: dice.between(Duration::from_millis(50), Duration::from_secs(1)),
        handler_timeout: dice.between(Duration::from_secs(1), Duration::from_secs(20)),
        revoke_timeout: dice.between(Duration::from_millis(100), Duration::from_secs(5)),
        clock_skew,
        first_poll: if dice.happens(0.5) {
            FirstPoll::Inline
        } else {
            FirstPoll::Runtime
        },
        ..ServiceConfig::default()
    }
}

fn node(dice: &mut Dice, message_timeout: Duration) -> NodeSettings {
    NodeSettings {
        idempotent: dice.happens(0.4),
        message_timeout,
        session_timeout: dice.between(Duration::from_secs(2), Duration::from_secs(6)),
        queue: 10_000,
    }
}
