//! Draws the faults of a run.

use std::{sync::Arc, time::Duration};

use super::{fault::Fault, profile::Profile};
use crate::simulator::{
    dice::Dice,
    kafka::Weather,
    point::Point,
    world::{Shape, Who},
};

/// Nothing goes wrong before: the processes start.
const FIRST: Duration = Duration::from_millis(400);

#[derive(Clone, Copy, Debug)]
enum Kind {
    Weather,
    LeaderMove,
    CoordinatorMove,
    Crash,
    CrashAt,
    Pause,
    Restart,
    ClockStep,
    DeleteReplies,
    DeleteRequests,
    Grow,
    Expire,
    Hostile,
}

/// What a profile is made of; what stands there twice comes twice as often.
fn kinds(profile: Profile) -> Vec<Kind> {
    use Kind as K;
    let broker = [
        K::Weather,
        K::Weather,
        K::Weather,
        K::LeaderMove,
        K::LeaderMove,
        K::CoordinatorMove,
    ];
    let group = [
        K::Crash,
        K::CrashAt,
        K::CrashAt,
        K::CrashAt,
        K::Pause,
        K::Pause,
        K::Restart,
    ];
    let topics = [
        K::DeleteReplies,
        K::DeleteRequests,
        K::Grow,
        K::Grow,
        K::Expire,
        K::Expire,
    ];
    let clocks = [K::ClockStep, K::ClockStep, K::Pause];
    let hostile = [K::Hostile, K::Hostile, K::Hostile, K::Restart];
    match profile {
        Profile::Calm => Vec::new(),
        Profile::Broker => broker.to_vec(),
        Profile::Group => [&group[..], &[K::CoordinatorMove]].concat(),
        Profile::Topics => topics.to_vec(),
        Profile::Clocks => clocks.to_vec(),
        Profile::Hostile => hostile.to_vec(),
        Profile::All => [&broker[..], &group, &topics, &clocks, &[K::Hostile]].concat(),
    }
}

/// When which fault begins, in order.
pub(crate) fn draw(dice: &mut Dice, profile: Profile, shape: &Shape) -> Vec<(Duration, Fault)> {
    let kinds = kinds(profile);
    if kinds.is_empty() {
        return Vec::new();
    }
    let count = dice.below(2..12);
    let mut plan: Vec<(Duration, Fault)> = (0..count)
        .filter_map(|_| {
            let at = dice.between(FIRST, shape.stormy);
            let kind = *dice.one_of(&kinds)?;
            Some((at, fault(dice, kind, shape)?))
        })
        .collect();
    plan.sort_by_key(|(at, _)| *at);
    plan
}

fn fault(dice: &mut Dice, kind: Kind, shape: &Shape) -> Option<Fault> {
    let seconds = Duration::from_secs;
    let millis = Duration::from_millis;
    Some(match kind {
        Kind::Weather => Fault::Weather {
            weather: weather(dice),
            lasts: dice.between(millis(200), seconds(4)),
        },
        Kind::LeaderMove => Fault::LeaderMove {
            topic: topic(dice, shape)?,
            partition: partition(dice),
            lasts: dice.between(millis(50), seconds(4)),
        },
        Kind::CoordinatorMove => Fault::CoordinatorMove {
            lasts: dice.between(millis(50), seconds(4)),
        },
        Kind::Crash => Fault::Crash {
            who: anybody(dice, shape)?,
            away: dice.up_to(seconds(4)),
        },
        Kind::CrashAt => crash_at(dice, shape)?,
        Kind::Pause => Fault::Pause {
            who: anybody(dice, shape)?,
            lasts: dice.between(millis(50), seconds(10)),
        },
        Kind::Restart => Fault::Restart {
            who: anybody(dice, shape)?,
        },
        Kind::ClockStep => Fault::ClockStep {
            who: anybody(dice, shape)?,
            by: clock_step(dice),
        },
        Kind::DeleteReplies => Fault::Delete {
            topic: replies(dice, shape)?,
            again: None,
        },
        Kind::DeleteRequests => {
            let (topic, partitions) = dice.one_of(&shape.topics)?.clone();
            let partitions = if dice.happens(0.5) {
                partitions
            } else {
                dice.below(1..7)
            };
            let away = dice.up_to(seconds(4));
            Fault::Delete {
                topic,
                again: Some((away, partitions)),
            }
        }
        Kind::Grow => Fault::Grow {
            topic: topic(dice, shape)?,
            partitions: dice.below(2..10),
        },
        Kind::Hostile => Fault::Hostile {
            seed: dice.bits(),
            records: dice.below(1..40),
        },
        Kind::Expire => Fault::Expire {
            topic: topic(dice, shape)?,
            partition: partition(dice),
            keep: dice.below(0..6),
        },
    })
}

fn crash_at(dice: &mut Dice, shape: &Shape) -> Option<Fault> {
    let responder = dice.happens(0.75);
    let points = if responder {
        Point::RESPONDER
    } else {
        Point::REQUESTER
    };
    let most = if responder {
        shape.responders.len()
    } else {
        shape.requesters.len()
    };
    let index = dice.below(0..u32::try_from(most).unwrap_or(0)) as usize;
    Some(Fault::CrashAt {
        who: if responder {
            Who::Responder(index)
        } else {
            Who::Requester(index)
        },
        point: *dice.one_of(points)?,
        times: dice.below(1..30),
    })
}

fn anybody(dice: &mut Dice, shape: &Shape) -> Option<Who> {
    let requesters = (0..shape.requesters.len()).map(Who::Requester);
    let responders = (0..shape.responders.len()).map(Who::Responder);
    let all: Vec<Who> = requesters.chain(responders).collect();
    dice.one_of(&all).copied()
}

fn topic(dice: &mut Dice, shape: &Shape) -> Option<Arc<str>> {
    let all = shape.allowed();
    dice.one_of(&all).cloned()
}

fn replies(dice: &mut Dice, shape: &Shape) -> Option<Arc<str>> {
    let all: Vec<Arc<str>> = shape.reply_topics().into_iter().collect();
    dice.one_of(&all).cloned()
}

fn partition(dice: &mut Dice) -> i32 {
    i32::try_from(dice.below(0..6)).unwrap_or(0)
}

/// From what a bad time server does to what somebody's hand does.
fn clock_step(dice: &mut Dice) -> i64 {
    let most = dice
        .one_of(&[2_000, 20_000, 3_600_000])
        .copied()
        .unwrap_or(2_000);
    i64::from(dice.below(0..most * 2)) - i64::from(most)
}

fn weather(dice: &mut Dice) -> Weather {
    let mut some = |most: f64| {
        if dice.happens(0.6) {
            0.0
        } else {
            most * f64::from(dice.below(1..11)) / 10.0
        }
    };
    Weather {
        refuse: some(0.1),
        retry: some(0.5),
        request_lost: some(0.3),
        answer_lost: some(0.3),
        late: some(0.2),
        give_up: some(0.5),
        queue_full: some(0.2),
        stall: (some(0.1), Duration::from_secs(2)),
        latency: Duration::from_millis(u64::from(dice.below(1..80))),
    }
}
