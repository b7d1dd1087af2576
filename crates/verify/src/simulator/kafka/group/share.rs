//! Who gets which partitions: evenly, and with as few as possible taken from who has them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::MemberId;
use crate::{history::At, simulator::dice::Dice};

/// The topics that a member reads, and the partitions that it says to own.
pub(super) type Reader<'a> = (&'a BTreeSet<Arc<str>>, &'a BTreeSet<At>);

type Shares = BTreeMap<MemberId, BTreeSet<At>>;

/// Who owns what. Of two who say so it is the newer: the older was thrown out, or will give it up.
pub(super) fn owners(readers: &BTreeMap<MemberId, Reader<'_>>) -> BTreeMap<At, MemberId> {
    let owned = readers.iter();
    let owned = owned.flat_map(|(id, (_, owned))| owned.iter().map(|at| (at.clone(), *id)));
    owned.collect()
}

/// The shares as they should be.
pub(super) fn balanced(
    readers: &BTreeMap<MemberId, Reader<'_>>,
    partitions: &BTreeSet<At>,
    dice: &mut Dice,
) -> Shares {
    let owners = owners(readers);
    let mut shares: Shares = readers.keys().map(|id| (*id, BTreeSet::new())).collect();
    for at in partitions {
        let owner = owners.get(at).copied();
        if let Some(owner) = owner.or_else(|| least(&shares, readers, at))
            && let Some(share) = shares.get_mut(&owner)
        {
            share.insert(at.clone());
        }
    }
    while let Some((from, to, at)) = next_move(&shares, readers, dice) {
        if let Some(share) = shares.get_mut(&from) {
            share.remove(&at);
        }
        if let Some(share) = shares.get_mut(&to) {
            share.insert(at);
        }
    }
    shares
}

fn least(shares: &Shares, readers: &BTreeMap<MemberId, Reader<'_>>, at: &At) -> Option<MemberId> {
    let can = shares.iter().filter(|(id, _)| reads(readers, **id, at));
    can.min_by_key(|(_, share)| share.len()).map(|(id, _)| *id)
}

/// A partition that one has too much and another too little.
fn next_move(
    shares: &Shares,
    readers: &BTreeMap<MemberId, Reader<'_>>,
    dice: &mut Dice,
) -> Option<(MemberId, MemberId, At)> {
    for (from, share) in shares {
        let moves: Vec<(MemberId, &At)> = share
            .iter()
            .filter_map(|at| {
                let to = least(shares, readers, at)?;
                let fewer = shares.get(&to).map_or(0, BTreeSet::len) + 1 < share.len();
                fewer.then_some((to, at))
            })
            .collect();
        if let Some((to, at)) = dice.one_of(&moves) {
            return Some((*from, *to, (*at).clone()));
        }
    }
    None
}

fn reads(readers: &BTreeMap<MemberId, Reader<'_>>, id: MemberId, at: &At) -> bool {
    readers
        .get(&id)
        .is_some_and(|(topics, _)| topics.contains(&at.topic))
}
