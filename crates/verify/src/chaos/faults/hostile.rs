//! Somebody who may read and write all topics of the run, and means harm.

use antiphon_testbed::reason::Attempt;
use rand::{Rng as _, SeedableRng as _, rngs::SmallRng, seq::IndexedRandom as _};

use super::{
    Fault,
    vandal::{Blow, Harmful, Vandal},
};
use crate::{
    chaos::{
        child::{REPLY_PARTITIONS, Topics},
        stage::Stage,
    },
    workload::Harm,
};

/// How often a round of garbage has any: a few records a second.
const SOMETIMES: f64 = 0.05;

/// Records that are no requests.
#[derive(Clone, Debug)]
pub(super) struct Garbage(SmallRng);

impl Garbage {
    pub(super) fn new(seed: u64) -> Self {
        Self(SmallRng::seed_from_u64(seed))
    }

    fn one(&mut self, topics: &Topics) -> Blow {
        let topic = topics.requests().choose(&mut self.0).copied();
        Blow {
            topic: topic.unwrap_or_default().to_owned(),
            partition: -1,
            harm: Harm::garbage(&mut self.0),
        }
    }
}

impl Harmful for Garbage {
    fn next(&mut self, topics: &Topics, _seen: Vec<Blow>) -> Vec<Blow> {
        let any = self.0.random::<f64>() < SOMETIMES;
        any.then(|| self.one(topics)).into_iter().collect()
    }
}

/// All that somebody can do who knows the topics.
#[derive(Clone, Debug)]
struct Malice {
    garbage: Garbage,
    random: SmallRng,
}

impl Malice {
    fn forged(&mut self, topics: &Topics) -> Blow {
        Blow {
            topic: topics.replies.clone(),
            partition: self.partition(),
            harm: Harm::forged(&mut self.random),
        }
    }

    /// A reply once more, where it stood and elsewhere.
    fn replayed(&mut self, seen: Vec<Blow>) -> impl Iterator<Item = Blow> {
        let partition = self.partition();
        let again = seen.into_iter().take(4);
        again.flat_map(move |reply| {
            let elsewhere = Blow {
                partition,
                ..reply.clone()
            };
            [reply, elsewhere]
        })
    }

    fn misdirected(&mut self, topics: &Topics) -> Blow {
        let nowhere = format!("{}.nowhere.replies", topics.clients);
        let targets = [
            &topics.canary,
            "__consumer_offsets",
            &topics.work,
            &nowhere,
            "../../etc",
        ];
        Blow {
            topic: topics.side.clone(),
            partition: -1,
            harm: Harm::misdirected(&mut self.random, &targets),
        }
    }

    fn partition(&mut self) -> i32 {
        i32::try_from(self.random.random_range(0..REPLY_PARTITIONS)).unwrap_or(0)
    }
}

impl Harmful for Malice {
    fn next(&mut self, topics: &Topics, seen: Vec<Blow>) -> Vec<Blow> {
        let mut harm: Vec<_> = (0..4).map(|_| self.forged(topics)).collect();
        harm.extend(self.replayed(seen));
        harm.push(self.misdirected(topics));
        harm.push(self.garbage.one(topics));
        harm
    }
}

/// The fault.
pub(super) struct Hostile {
    malice: Malice,
    vandal: Option<Vandal>,
}

impl Hostile {
    pub(super) fn new(seed: u64) -> Self {
        let malice = Malice {
            garbage: Garbage::new(seed),
            random: SmallRng::seed_from_u64(seed.wrapping_add(1)),
        };
        Self {
            malice,
            vandal: None,
        }
    }
}

impl Fault for Hostile {
    fn begin(&mut self, stage: &mut Stage<'_>) -> Attempt<()> {
        self.vandal = Some(Vandal::start(stage, self.malice.clone())?);
        Ok(())
    }

    fn evidence(&mut self, _stage: &mut Stage<'_>) -> Attempt<Option<String>> {
        let stored = self.vandal.as_ref().map_or(0, Vandal::stored);
        Ok((stored > 100).then(|| format!("{stored} hostile records stored")))
    }

    fn end(&mut self, _stage: &mut Stage<'_>) -> Attempt<()> {
        self.vandal = None;
        Ok(())
    }
}
