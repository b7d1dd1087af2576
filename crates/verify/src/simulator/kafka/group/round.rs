//! One round of joining: it ends when all members have joined, or at its limit without the rest.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use super::{Group, MemberId, share};
use crate::{
    history::At,
    simulator::{dice::Dice, kafka::log::Log},
};

#[derive(Debug)]
pub(super) struct Round {
    until: Duration,
    joined: BTreeSet<MemberId>,
}

impl Round {
    pub(super) fn until(until: Duration) -> Self {
        Self {
            until,
            joined: BTreeSet::new(),
        }
    }

    pub(super) fn join(&mut self, id: MemberId) {
        self.joined.insert(id);
    }

    pub(super) fn has(&self, id: MemberId) -> bool {
        self.joined.contains(&id)
    }

    pub(super) fn forget(&mut self, id: MemberId) {
        self.joined.remove(&id);
    }
}

impl Group {
    /// True: the round was over.
    pub(super) fn end_round(
        &mut self,
        log: &Log,
        dice: &mut Dice,
        now: Duration,
        cooperative: bool,
    ) -> bool {
        let Some(round) = &self.round else {
            return false;
        };
        let all = self.members.keys().all(|id| round.has(*id));
        if !all && now < round.until {
            return false;
        }
        let joined = round.joined.clone();
        self.round = None;
        self.members.retain(|id, _| joined.contains(id));
        self.generation += 1;
        self.give_out(log, dice, now, cooperative);
        true
    }

    fn give_out(&mut self, log: &Log, dice: &mut Dice, now: Duration, cooperative: bool) {
        let topics: BTreeSet<Arc<str>> = self
            .members
            .values()
            .flat_map(|member| member.topics.iter().cloned())
            .collect();
        self.shapes = topics
            .iter()
            .map(|topic| (Arc::clone(topic), log.shape(topic)))
            .collect();
        let readers: BTreeMap<MemberId, share::Reader<'_>> = self
            .members
            .iter()
            .map(|(id, member)| (*id, (&member.topics, &member.owned)))
            .collect();
        let shares = share::balanced(&readers, &partitions(&topics, log), dice);
        let owners = share::owners(&readers);
        for (id, member) in &mut self.members {
            let mut given = shares.get(id).cloned().unwrap_or_default();
            if cooperative {
                // What another has not given up yet comes in the next round.
                given.retain(|at| owners.get(at).is_none_or(|owner| owner == id));
            }
            member.given = given;
            member.generation = self.generation;
            member.heard = now;
        }
    }
}

fn partitions(topics: &BTreeSet<Arc<str>>, log: &Log) -> BTreeSet<At> {
    let each = topics.iter().flat_map(|topic| {
        let count = log.partitions(topic).unwrap_or(0);
        let numbers = 0..i32::try_from(count).unwrap_or(0);
        numbers.map(|partition| At {
            topic: Arc::clone(topic),
            partition,
        })
    });
    each.collect()
}
