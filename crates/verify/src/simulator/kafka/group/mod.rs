//! The coordinator of consumer groups: members, generations, who owns what, who may commit.

mod round;
mod share;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use self::round::Round;
use super::log::{Log, Shape};
use crate::{history::At, simulator::dice::Dice};

/// How a group moves partitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// Members keep what does not move.
    Cooperative,
    /// Members give everything up before each round.
    Eager,
}

/// One membership. A process that was thrown out and comes again is another member.
pub(super) type MemberId = u64;

/// All groups of a cluster.
#[derive(Debug)]
pub(super) struct Groups {
    pub(super) protocol: Protocol,
    /// How long a round waits for members that it has heard of: `max.poll.interval.ms`.
    limit: Duration,
    groups: BTreeMap<Arc<str>, Group>,
    members: MemberId,
    /// When a change of a topic is noticed.
    reshaped: BTreeMap<Arc<str>, Duration>,
    /// There is no coordinator until then.
    gone_until: Duration,
}

#[derive(Debug, Default)]
struct Group {
    generation: u32,
    members: BTreeMap<MemberId, MemberState>,
    /// A round of joining goes on.
    round: Option<Round>,
    /// What the topics looked like when partitions were last given out.
    shapes: BTreeMap<Arc<str>, Shape>,
    committed: BTreeMap<At, i64>,
}

#[derive(Debug)]
struct MemberState {
    topics: BTreeSet<Arc<str>>,
    session: Duration,
    heard: Duration,
    /// What it said to own when it joined last.
    owned: BTreeSet<At>,
    /// What it was given in this generation.
    given: BTreeSet<At>,
    generation: u32,
}

/// What a member is told when it lets hear of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beat {
    Fine,
    /// A round has begun: join it.
    Join,
    /// Thrown out.
    Unknown,
}

/// Why offsets were not committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// Not a member, or of another generation.
    Stale,
}

/// What a round gave to a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) generation: u32,
    pub(super) partitions: BTreeSet<At>,
}

impl Groups {
    pub(super) fn new(protocol: Protocol, limit: Duration) -> Self {
        Self {
            protocol,
            limit,
            groups: BTreeMap::new(),
            members: 0,
            reshaped: BTreeMap::new(),
            gone_until: Duration::ZERO,
        }
    }

    pub(super) fn is_there(&self, now: Duration) -> bool {
        now >= self.gone_until
    }

    /// The next coordinator knows the members, and gives each a whole session.
    pub(super) fn move_coordinator(&mut self, until: Duration) {
        self.gone_until = self.gone_until.max(until);
        let groups = self.groups.values_mut();
        for member in groups.flat_map(|group| group.members.values_mut()) {
            member.heard = member.heard.max(until);
        }
    }

    pub(super) fn heal(&mut self) {
        self.gone_until = Duration::ZERO;
    }

    /// A topic is another than before; its groups notice at this time.
    pub(super) fn reshaped(&mut self, topic: &str, noticed: Duration) {
        self.reshaped.insert(topic.into(), noticed);
    }

    /// A topic that is deleted takes the offsets on it along.
    pub(super) fn forget(&mut self, topic: &str) {
        for group in self.groups.values_mut() {
            group.committed.retain(|at, _| *at.topic != *topic);
        }
    }

    pub(super) fn committed(&self) -> Vec<(Arc<str>, At, i64)> {
        let groups = self.groups.iter();
        let each = groups.flat_map(|(name, group)| {
            let committed = group.committed.iter();
            committed.map(|(at, next)| (Arc::clone(name), at.clone(), *next))
        });
        each.collect()
    }

    /// Where a new owner begins.
    pub(super) fn position(&self, group: &str, at: &At) -> Option<i64> {
        self.groups.get(group)?.committed.get(at).copied()
    }

    /// A new member that has yet to join a round.
    pub(super) fn enter(
        &mut self,
        group: &Arc<str>,
        topics: &BTreeSet<Arc<str>>,
        session: Duration,
        now: Duration,
    ) -> MemberId {
        self.members += 1;
        let group = self.groups.entry(Arc::clone(group)).or_default();
        let member = MemberState {
            topics: topics.clone(),
            session,
            heard: now,
            owned: BTreeSet::new(),
            given: BTreeSet::new(),
            generation: 0,
        };
        group.members.insert(self.members, member);
        self.members
    }

    /// Joins the round that goes on, or begins one. False: not a member.
    pub(super) fn join(
        &mut self,
        group: &str,
        id: MemberId,
        owned: BTreeSet<At>,
        now: Duration,
    ) -> bool {
        let limit = self.limit;
        let Some(group) = self.groups.get_mut(group) else {
            return false;
        };
        let Some(member) = group.members.get_mut(&id) else {
            return false;
        };
        member.heard = now;
        member.owned = owned;
        let round = group.round.get_or_insert_with(|| Round::until(now + limit));
        round.join(id);
        true
    }

    /// What a member was given by a round after `generation`, once that is over.
    pub(super) fn given(
        &self,
        group: &str,
        id: MemberId,
        generation: u32,
    ) -> Result<Option<Given>, Beat> {
        let Some(group) = self.groups.get(group) else {
            return Err(Beat::Unknown);
        };
        let member = group.members.get(&id).ok_or(Beat::Unknown)?;
        Ok((member.generation > generation).then(|| Given {
            generation: member.generation,
            partitions: member.given.clone(),
        }))
    }

    pub(super) fn heartbeat(&mut self, name: &str, id: MemberId, log: &Log, now: Duration) -> Beat {
        let limit = self.limit;
        let Some(group) = self.groups.get_mut(name) else {
            return Beat::Unknown;
        };
        let Some(member) = group.members.get_mut(&id) else {
            return Beat::Unknown;
        };
        member.heard = now;
        let generation = member.generation;
        let noticed = |topic: &Arc<str>| self.reshaped.get(topic).is_none_or(|at| now >= *at);
        let other =
            |(topic, shape): (&Arc<str>, &Shape)| log.shape(topic) != *shape && noticed(topic);
        if group.round.is_none() && group.shapes.iter().any(other) {
            group.round = Some(Round::until(now + limit));
        }
        match &group.round {
            Some(_) => Beat::Join,
            None if generation < group.generation => Beat::Join,
            None => Beat::Fine,
        }
    }

    /// Only of a member of the present generation; which partitions it owns is not asked.
    pub(super) fn commit(
        &mut self,
        group: &str,
        id: MemberId,
        generation: u32,
        offsets: &[(At, i64)],
        log: &Log,
    ) -> Result<(), Refused> {
        let Some(group) = self.groups.get_mut(group) else {
            return Err(Refused::Stale);
        };
        if !group.members.contains_key(&id) || group.generation != generation {
            return Err(Refused::Stale);
        }
        for (at, next) in offsets {
            if log.ends(at).is_some() {
                group.committed.insert(at.clone(), *next);
            }
        }
        Ok(())
    }

    pub(super) fn leave(&mut self, group: &str, id: MemberId, now: Duration) {
        let limit = self.limit;
        if let Some(group) = self.groups.get_mut(group) {
            group.remove(id, now + limit);
        }
    }

    /// True: something has moved.
    pub(super) fn beat(&mut self, log: &Log, dice: &mut Dice, now: Duration) -> bool {
        if !self.is_there(now) {
            return false;
        }
        let (limit, cooperative) = (self.limit, self.protocol == Protocol::Cooperative);
        let mut moved = false;
        for group in self.groups.values_mut() {
            for id in group.silent(now) {
                group.remove(id, now + limit);
                moved = true;
            }
            moved |= group.end_round(log, dice, now, cooperative);
        }
        moved
    }
}

impl Group {
    /// Members that were not heard of for their whole session. Who waits for a round to end is not
    /// expected to be heard.
    fn silent(&self, now: Duration) -> Vec<MemberId> {
        let joined = |id: &MemberId| self.round.as_ref().is_some_and(|round| round.has(*id));
        let silent = self.members.iter().filter(|(id, member)| {
            !joined(id) && now.saturating_sub(member.heard) >= member.session
        });
        silent.map(|(id, _)| *id).collect()
    }

    fn remove(&mut self, id: MemberId, limit: Duration) {
        if self.members.remove(&id).is_none() {
            return;
        }
        let round = self.round.get_or_insert_with(|| Round::until(limit));
        round.forget(id);
    }
}
