//! Somebody who may read and write all topics, and means harm.

use std::sync::Arc;

use rand::{Rng as _, SeedableRng as _, rngs::SmallRng, seq::IndexedRandom as _};

use crate::{
    history::At,
    simulator::{
        kafka::Body,
        world::{CANARY, World},
    },
    workload::Harm,
};

/// Writes so many records, all at once. What can not be written now is not written.
pub(super) fn strike(world: &World, seed: u64, records: u32) {
    let mut random = SmallRng::seed_from_u64(seed);
    let requests: Vec<_> = world.shape.topics.iter().map(|(name, _)| name).collect();
    let replies: Vec<_> = world.shape.reply_topics().into_iter().collect();
    let targets = [CANARY, "nowhere.replies", "../../etc"];
    for _ in 0..records {
        let (topic, harm) = match random.random_range(0..4) {
            0 => (
                requests.choose(&mut random).copied(),
                Harm::garbage(&mut random),
            ),
            1 => (
                requests.choose(&mut random).copied(),
                Harm::misdirected(&mut random, &targets),
            ),
            2 => (replies.choose(&mut random), Harm::forged(&mut random)),
            _ => {
                replay(world, &replies, &mut random);
                continue;
            }
        };
        if let Some(at) = topic.and_then(|topic| somewhere(world, topic, &mut random)) {
            world.cluster.write(&at, Arc::new(body(harm)));
        }
    }
}

/// A reply once more, on any partition of its topic.
fn replay(world: &World, replies: &[Arc<str>], random: &mut SmallRng) {
    let topic = replies.choose(random);
    let from = topic.and_then(|topic| somewhere(world, topic, random));
    let to = topic.and_then(|topic| somewhere(world, topic, random));
    let (Some(from), Some(to)) = (from, to) else {
        return;
    };
    if let Some(reply) = world.cluster.records(&from).choose(random) {
        world.cluster.write(&to, Arc::clone(&reply.body));
    }
}

fn somewhere(world: &World, topic: &str, random: &mut SmallRng) -> Option<At> {
    world.partitions(topic).choose(random).cloned()
}

fn body(harm: Harm) -> Body {
    let headers = harm.headers.into_iter();
    Body {
        key: harm.key.map(Into::into),
        value: Some(harm.value.into()),
        headers: headers
            .map(|(name, value)| (name.into(), value.map(Into::into)))
            .collect(),
    }
}
