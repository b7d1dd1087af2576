//! Somebody who may read and write all topics of the run, and means harm.

use antiphon_proto::header;
use antiphon_testbed::reason::Attempt;
use rand::{Rng as _, SeedableRng as _, rngs::SmallRng, seq::IndexedRandom as _};

use super::{
    Fault,
    vandal::{Harm, Harmful, Headers, Vandal},
};
use crate::{
    chaos::{
        child::{REPLY_PARTITIONS, Topics},
        stage::Stage,
    },
    history::{CallId, ExecutionId, Key, ReplyPayload, RequestPayload},
};

/// No process of a run has this number.
const NOBODY: u16 = 4_000;

/// How often a round of garbage has any: a few records a second.
const SOMETIMES: f64 = 0.05;

/// Records that are no requests.
#[derive(Clone, Debug)]
pub(super) struct Garbage(SmallRng);

impl Garbage {
    pub(super) fn new(seed: u64) -> Self {
        Self(SmallRng::seed_from_u64(seed))
    }

    fn one(&mut self, topics: &Topics) -> Harm {
        let random = &mut self.0;
        let mut value = vec![0; random.random_range(0..200)];
        random.fill(&mut value[..]);
        let text = |text: &str| Some(text.as_bytes().to_vec());
        let id = || (header::CORRELATION_ID.to_owned(), text("42"));
        let packed = |fields: &str| (header::ANTIPHON.to_owned(), text(fields));
        let headers: Headers = match random.random_range(0..6) {
            0 => Vec::new(),
            1 => vec![id(), id()],
            2 => vec![id(), packed("v=1;;p=")],
            3 => vec![id(), packed("v=9")],
            4 => vec![(header::CORRELATION_ID.to_owned(), None), packed("v=1")],
            _ => vec![(header::REPLY_TOPIC.to_owned(), Some(value.clone())), id()],
        };
        Harm {
            topic: topics
                .requests()
                .choose(random)
                .copied()
                .unwrap_or_default()
                .to_owned(),
            partition: -1,
            key: None,
            value,
            headers,
        }
    }
}

impl Harmful for Garbage {
    fn next(&mut self, topics: &Topics, _seen: Vec<Harm>) -> Vec<Harm> {
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
    /// A reply that nobody made to a call that nobody may know.
    fn forged(&mut self, topics: &Topics) -> Harm {
        let random: u128 = self.random.random();
        let hex = format!("{random:032x}");
        let id = format!(
            "{}-{}-8{}-8{}-{}",
            &hex[..8],
            &hex[8..12],
            &hex[13..16],
            &hex[17..20],
            &hex[20..]
        );
        let request = self.invented();
        let execution = ExecutionId::new(NOBODY, 1, 1);
        let value = ReplyPayload::new(&request, execution, Key(self.random.random())).encode();
        Harm {
            topic: topics.replies.clone(),
            partition: self.partition(),
            key: Some(id.clone().into_bytes()),
            value: value.to_vec(),
            headers: vec![(header::CORRELATION_ID.to_owned(), Some(id.into_bytes()))],
        }
    }

    /// A reply once more, where it stood and elsewhere.
    fn replayed(&mut self, seen: Vec<Harm>) -> impl Iterator<Item = Harm> {
        let partition = self.partition();
        let again = seen.into_iter().take(4);
        again.flat_map(move |reply| {
            let elsewhere = Harm {
                partition,
                ..reply.clone()
            };
            [reply, elsewhere]
        })
    }

    /// A request whose answer is to go where no answer may.
    fn misdirected(&mut self, topics: &Topics) -> Harm {
        let nowhere = format!("{}.nowhere.replies", topics.clients);
        let targets = [
            &topics.canary,
            "__consumer_offsets",
            &topics.work,
            &nowhere,
            "../../etc",
        ];
        let target = targets
            .choose(&mut self.random)
            .copied()
            .unwrap_or_default();
        let text = |text: &str| Some(text.as_bytes().to_vec());
        Harm {
            topic: topics.side.clone(),
            partition: -1,
            key: None,
            value: self.invented().encode().to_vec(),
            headers: vec![
                (header::CORRELATION_ID.to_owned(), text("a-hostile-id")),
                (header::REPLY_TOPIC.to_owned(), text(target)),
                (header::ANTIPHON.to_owned(), text("v=1;p=0;r=web/hostile/1")),
            ],
        }
    }

    fn invented(&mut self) -> RequestPayload {
        RequestPayload {
            call: CallId::new(NOBODY, 1, 1),
            nonce: self.random.random(),
            work: 0,
            fail: None,
        }
    }

    fn partition(&mut self) -> i32 {
        i32::try_from(self.random.random_range(0..REPLY_PARTITIONS)).unwrap_or(0)
    }
}

impl Harmful for Malice {
    fn next(&mut self, topics: &Topics, seen: Vec<Harm>) -> Vec<Harm> {
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
