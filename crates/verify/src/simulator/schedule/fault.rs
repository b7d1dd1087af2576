//! A fault, and what it does to a world.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    task::JoinSet,
    time::{sleep, sleep_until},
};

use super::hostile;
use crate::{
    history::{At, Event},
    simulator::{
        kafka::Weather,
        point::Point,
        world::{Who, World},
    },
};

/// Something that goes wrong.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    Weather {
        weather: Weather,
        lasts: Duration,
    },
    LeaderMove {
        topic: Arc<str>,
        partition: i32,
        lasts: Duration,
    },
    CoordinatorMove {
        lasts: Duration,
    },
    Crash {
        who: Who,
        away: Duration,
    },
    CrashAt {
        who: Who,
        point: Point,
        times: u32,
    },
    Pause {
        who: Who,
        lasts: Duration,
    },
    Restart {
        who: Who,
    },
    ClockStep {
        who: Who,
        by: i64,
    },
    Delete {
        topic: Arc<str>,
        /// How soon it is made again, with how many partitions; else by who needs it.
        again: Option<(Duration, u32)>,
    },
    Grow {
        topic: Arc<str>,
        partitions: u32,
    },
    Expire {
        topic: Arc<str>,
        partition: i32,
        /// So many of the newest records stay.
        keep: u32,
    },
    Hostile {
        /// What its records are drawn from.
        seed: u64,
        records: u32,
    },
}

impl Fault {
    fn kind(&self) -> &'static str {
        match self {
            Self::Weather { .. } => "weather",
            Self::LeaderMove { .. } => "leader_move",
            Self::CoordinatorMove { .. } => "coordinator_move",
            Self::Crash { .. } => "crash",
            Self::CrashAt { point, .. } => point.name(),
            Self::Pause { .. } => "pause",
            Self::Restart { .. } => "restart",
            Self::ClockStep { .. } => "clock_step",
            Self::Delete { again: None, .. } => "delete_replies",
            Self::Delete { .. } => "delete_requests",
            Self::Grow { .. } => "grow",
            Self::Expire { .. } => "expire",
            Self::Hostile { .. } => "hostile",
        }
    }
}

/// Causes the faults of a plan, each at its time.
pub(crate) struct Nemesis {
    faults: JoinSet<()>,
    open: Open,
}

/// Faults that go on.
type Open = Arc<Mutex<BTreeSet<u64>>>;

impl Nemesis {
    pub(crate) fn start(world: &Arc<World>, plan: Vec<(Duration, Fault)>) -> Self {
        let open = Open::default();
        let mut faults = JoinSet::new();
        for (at, fault) in plan {
            let (world, open) = (Arc::clone(world), Arc::clone(&open));
            faults.spawn(async move {
                sleep_until(world.ledger.began() + at).await;
                cause(&world, &open, &fault).await;
            });
        }
        Self { faults, open }
    }

    /// No fault begins after this, and none goes on.
    pub(crate) async fn stop(mut self, world: &World) {
        self.faults.shutdown().await;
        for fault in std::mem::take(&mut *lock(&self.open)) {
            world.ledger.by_nemesis(Event::FaultEnd { fault });
        }
    }
}

fn lock(open: &Open) -> MutexGuard<'_, BTreeSet<u64>> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Undoes what faults leave behind, and brings back what is gone.
pub(crate) fn heal(world: &World) {
    world.cluster.heal();
    for (topic, partitions) in &world.shape.topics {
        world.cluster.create(topic, *partitions);
    }
    for slot in &world.slots {
        slot.set_clock(0);
        if let Some(life) = slot.life() {
            life.spare();
            life.resume();
        }
    }
}

async fn cause(world: &World, open: &Open, fault: &Fault) {
    if let Fault::CrashAt { who, point, times } = fault {
        // It is a fault when the process comes by.
        if let Some(life) = world.slot(*who).and_then(|slot| slot.life()) {
            life.doom(*point, *times);
        }
        return;
    }
    if !applies(world, fault) {
        return;
    }
    let ledger = &world.ledger;
    let number = ledger.fault(fault.kind(), format!("{fault:?}"));
    lock(open).insert(number);
    act(world, fault);
    ledger.took_effect(number, "the model did it");
    sleep(lasts(fault)).await;
    undo(world, fault);
    lock(open).remove(&number);
    ledger.by_nemesis(Event::FaultEnd { fault: number });
}

/// Whether there is anything that it could befall.
fn applies(world: &World, fault: &Fault) -> bool {
    let cluster = &world.cluster;
    let runs = |who: &Who| {
        let life = world.slot(*who).and_then(|slot| slot.life());
        life.is_some_and(|life| life.is_running())
    };
    match fault {
        Fault::LeaderMove {
            topic, partition, ..
        } => cluster.ends(&at(topic, *partition)).is_some(),
        Fault::Expire {
            topic,
            partition,
            keep,
        } => {
            let ends = cluster.ends(&at(topic, *partition));
            ends.is_some_and(|(first, end)| end - i64::from(*keep) > first)
        }
        Fault::Grow { topic, partitions } => {
            let count = world.partitions(topic).len();
            count > 0 && count < *partitions as usize
        }
        Fault::Delete { topic, .. } => !world.partitions(topic).is_empty(),
        Fault::Crash { who, .. } | Fault::Pause { who, .. } | Fault::Restart { who } => runs(who),
        Fault::Weather { .. }
        | Fault::CoordinatorMove { .. }
        | Fault::ClockStep { .. }
        | Fault::CrashAt { .. }
        | Fault::Hostile { .. } => true,
    }
}

fn act(world: &World, fault: &Fault) {
    let cluster = &world.cluster;
    match fault {
        Fault::Weather { weather, .. } => cluster.set_weather(weather.clone()),
        Fault::LeaderMove {
            topic,
            partition,
            lasts,
        } => cluster.move_leader(&at(topic, *partition), *lasts),
        Fault::CoordinatorMove { lasts } => cluster.move_coordinator(*lasts),
        Fault::Delete { topic, .. } => {
            cluster.delete(topic);
            let name = Arc::clone(topic);
            world.ledger.by_nemesis(Event::TopicGone { name });
        }
        Fault::Grow { topic, partitions } => cluster.grow(topic, *partitions),
        Fault::Hostile { seed, records } => hostile::strike(world, *seed, *records),
        Fault::Expire {
            topic,
            partition,
            keep,
        } => {
            let at = at(topic, *partition);
            if let Some((_, end)) = cluster.ends(&at) {
                cluster.expire(&at, end - i64::from(*keep));
            }
        }
        _ => befall(world, fault),
    }
}

/// Faults of one process.
fn befall(world: &World, fault: &Fault) {
    let slot = |who: &Who| world.slot(*who);
    match fault {
        Fault::Crash { who, away } => {
            slot(who).into_iter().for_each(|slot| slot.kill(*away));
        }
        Fault::Pause { who, .. } => {
            let life = slot(who).and_then(|slot| slot.life());
            life.into_iter().for_each(|life| life.pause());
        }
        Fault::Restart { who } => slot(who).into_iter().for_each(|slot| slot.restart()),
        Fault::ClockStep { who, by } => {
            slot(who).into_iter().for_each(|slot| slot.set_clock(*by));
        }
        _ => {}
    }
}

fn lasts(fault: &Fault) -> Duration {
    match fault {
        Fault::Weather { lasts, .. }
        | Fault::LeaderMove { lasts, .. }
        | Fault::CoordinatorMove { lasts }
        | Fault::Pause { lasts, .. } => *lasts,
        Fault::Delete {
            again: Some((away, _)),
            ..
        } => *away,
        _ => Duration::ZERO,
    }
}

fn undo(world: &World, fault: &Fault) {
    match fault {
        Fault::Weather { .. } => world.cluster.set_weather(Weather::fair()),
        Fault::Pause { who, .. } => {
            let life = world.slot(*who).and_then(|slot| slot.life());
            life.into_iter().for_each(|life| life.resume());
        }
        Fault::Delete {
            topic,
            again: Some((_, partitions)),
        } => world.cluster.create(topic, *partitions),
        _ => {}
    }
}

fn at(topic: &Arc<str>, partition: i32) -> At {
    At {
        topic: Arc::clone(topic),
        partition,
    }
}
