//! The state of consumer groups: members, owners, committed offsets.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use crate::transport::PartitionOffset;

/// A partition as groups name it.
pub(super) type At = (Arc<str>, i32);

#[derive(Debug, Default)]
pub(super) struct Groups {
    groups: HashMap<String, Group>,
    next_member: u64,
}

#[derive(Debug, Default)]
struct Group {
    /// Members in the order in which they joined, with the topics that they read.
    members: BTreeMap<u64, Vec<Arc<str>>>,
    owners: BTreeMap<At, u64>,
    committed: BTreeMap<At, i64>,
}

impl Groups {
    pub(super) fn committed(&self, group: &str) -> Vec<(String, i32, i64)> {
        let committed = self.groups.get(group).map(|group| &group.committed);
        let listed = committed.into_iter().flatten();
        listed
            .map(|((topic, partition), next)| (topic.to_string(), *partition, *next))
            .collect()
    }

    /// A topic that is deleted takes its committed offsets along.
    pub(super) fn forget(&mut self, topic: &str) {
        for group in self.groups.values_mut() {
            group.committed.retain(|(name, _), _| **name != *topic);
        }
    }

    /// The partitions that this member of a group should own.
    pub(super) fn share(
        &self,
        group: &str,
        member: u64,
        partitions: impl Fn(&str) -> u32,
    ) -> BTreeSet<At> {
        let group = self.groups.get(group);
        group.map_or_else(BTreeSet::new, |group| group.share(member, partitions))
    }

    pub(super) fn join(&mut self, group: &str, topics: Vec<Arc<str>>) -> u64 {
        self.next_member += 1;
        let group = self.groups.entry(group.to_owned()).or_default();
        group.members.insert(self.next_member, topics);
        self.next_member
    }

    pub(super) fn leave(&mut self, group: &str, member: u64) {
        if let Some(group) = self.groups.get_mut(group) {
            group.members.remove(&member);
            group.owners.retain(|_, owner| *owner != member);
        }
    }

    pub(super) fn commit(&mut self, group: &str, offsets: Vec<PartitionOffset>) {
        let group = self.groups.entry(group.to_owned()).or_default();
        for PartitionOffset { at, next } in offsets {
            group.committed.insert((at.topic, at.partition), next);
        }
    }

    pub(super) fn release(&mut self, group: &str, member: u64, partitions: &[At]) {
        if let Some(group) = self.groups.get_mut(group) {
            let mine = |at: &At, owner: &u64| partitions.contains(at) && *owner == member;
            group.owners.retain(|at, owner| !mine(at, owner));
        }
    }

    /// Takes the wanted partitions that no member holds, with the offset to start at.
    pub(super) fn claim(
        &mut self,
        group: &str,
        member: u64,
        wanted: &BTreeSet<At>,
    ) -> Vec<(At, Option<i64>)> {
        let Some(group) = self.groups.get_mut(group) else {
            return Vec::new();
        };
        let mut claimed = Vec::new();
        for at in wanted {
            if !group.owners.contains_key(at) {
                group.owners.insert(at.clone(), member);
                claimed.push((at.clone(), group.committed.get(at).copied()));
            }
        }
        claimed
    }
}

impl Group {
    /// The share of a member: every partition goes to one of the members that read its topic, in
    /// turn.
    fn share(&self, member: u64, partitions: impl Fn(&str) -> u32) -> BTreeSet<At> {
        let topics: BTreeSet<&Arc<str>> = self.members.values().flatten().collect();
        let mut share = BTreeSet::new();
        for topic in topics {
            let readers = self
                .members
                .iter()
                .filter(|(_, reads)| reads.contains(topic));
            let readers: Vec<u64> = readers.map(|(id, _)| *id).collect();
            let count = partitions(topic);
            for (partition, reader) in (0..count).zip(readers.iter().cycle()) {
                if *reader == member {
                    share.insert((Arc::clone(topic), i32::try_from(partition).unwrap_or(0)));
                }
            }
        }
        share
    }
}
