//! Requesters and responders on a simulated cluster.

mod gate;
mod process;
mod requester;
mod responder;
mod shape;
mod truth;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use antiphon::transport::Transport;
use tokio_util::sync::CancellationToken;

pub(crate) use self::{
    process::Slot,
    shape::{CANARY, Shape, Who},
};
use super::{
    dice::Dice,
    kafka::{Cluster, Node, NodeSettings},
    ledger::Ledger,
    life::Life,
};
use crate::{
    history::{At, Key, Recorder, Role},
    witness::{WallShift, Witness},
};

/// One simulated run: its cluster and its processes.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) shape: Shape,
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) ledger: Ledger,
    pub(crate) slots: Vec<Arc<Slot>>,
    /// Cancelled when the calls may begin that have to succeed.
    pub(crate) healed: CancellationToken,
    key: Key,
}

/// How often a group is asked whether it has caught up.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

impl World {
    /// Its topics are there, and its processes are yet to be started.
    pub(crate) fn new(shape: Shape, dice: &mut Dice) -> Arc<Self> {
        let cluster = Cluster::start(dice.branch(), shape.protocol, shape.rebalance_limit);
        cluster.create(CANARY, 1);
        for (topic, partitions) in &shape.topics {
            cluster.create(topic, *partitions);
        }
        let requesters = (0..shape.requesters.len()).map(Who::Requester);
        let responders = (0..shape.responders.len()).map(Who::Responder);
        let slots = requesters
            .chain(responders)
            .map(|who| Slot::new(who, dice.branch()));
        Arc::new(Self {
            cluster,
            ledger: Ledger::new(),
            slots: slots.collect(),
            healed: CancellationToken::new(),
            key: Key(dice.bits()),
            shape,
        })
    }

    pub(crate) fn key(&self) -> Key {
        self.key
    }

    pub(crate) fn of(&self, role: Role) -> impl Iterator<Item = &Arc<Slot>> {
        self.slots.iter().filter(move |slot| slot.role() == role)
    }

    pub(crate) fn slot(&self, who: Who) -> Option<&Arc<Slot>> {
        self.slots.iter().find(|slot| slot.who == who)
    }

    /// What the product of one life of a process is built with.
    fn transport(
        &self,
        life: &Arc<Life>,
        settings: NodeSettings,
        shift: &WallShift,
        dice: Dice,
    ) -> Arc<dyn Transport> {
        let node = Node::new(&self.cluster, life, settings, dice);
        let recorder = Arc::clone(life) as Arc<dyn Recorder>;
        let role = life.process().role;
        Arc::new(Witness::new(node, recorder, role, self.key, shift.clone()))
    }

    /// Until every process that is not gone for good works.
    pub(crate) async fn all_ready(&self) {
        for slot in &self.slots {
            slot.until_ready().await;
        }
    }

    /// Until the groups have committed all that their topics hold.
    pub(crate) async fn caught_up(&self) {
        while !self.behind().is_empty() {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// The partitions that a group has not committed to their end.
    pub(crate) fn behind(&self) -> BTreeSet<(Arc<str>, At)> {
        let committed = self.cluster.committed();
        let mut behind = BTreeSet::new();
        for (topic, group) in &self.shape.readers {
            for at in self.partitions(topic) {
                let next = committed
                    .iter()
                    .find(|(name, on, _)| name == group && *on == at)
                    .map(|(_, _, next)| *next);
                let (first, end) = self.cluster.ends(&at).unwrap_or((0, 0));
                if next.unwrap_or(first).max(first) < end {
                    behind.insert((Arc::clone(group), at));
                }
            }
        }
        behind
    }

    pub(crate) fn partitions(&self, topic: &str) -> Vec<At> {
        let topics = self.cluster.topics();
        let found = topics.into_iter().find(|(name, _)| **name == *topic);
        let each = found.into_iter().flat_map(|(name, count)| {
            (0..i32::try_from(count).unwrap_or(0)).map(move |partition| At {
                topic: Arc::clone(&name),
                partition,
            })
        });
        each.collect()
    }

    /// Asks all processes of a role to end, and waits until they have.
    pub(crate) async fn stop(&self, role: Role) {
        self.of(role).for_each(|slot| slot.stop_for_good());
        for slot in self.of(role) {
            slot.until_gone().await;
        }
    }
}

/// Starts the processes; each begins a little later than the one before.
pub(crate) fn start(world: &Arc<World>) {
    for slot in &world.slots {
        tokio::spawn(process::supervise(Arc::clone(world), Arc::clone(slot)));
    }
}

pub(crate) use self::truth::tell as tell_truth;

/// What one life of a process is started with.
struct Birth {
    world: Arc<World>,
    life: Arc<Life>,
    dice: Dice,
    shift: WallShift,
    stop: CancellationToken,
    storm: CancellationToken,
    slot: Arc<Slot>,
}
