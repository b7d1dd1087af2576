//! Harmful records, for request topics and for reply topics.

use antiphon_proto::header;
use rand::{Rng, seq::IndexedRandom as _};

use crate::history::{CallId, ExecutionId, Key, ReplyPayload, RequestPayload};

/// No process of a run has this number.
const NOBODY: u16 = 4_000;

/// Names may repeat, and values may be null.
pub(crate) type HarmfulHeaders = Vec<(String, Option<Vec<u8>>)>;

/// A harmful record for any topic.
#[derive(Clone, Debug, Default)]
pub(crate) struct Harm {
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Vec<u8>,
    pub(crate) headers: HarmfulHeaders,
}

impl Harm {
    /// A record that is no request.
    pub(crate) fn garbage(random: &mut impl Rng) -> Self {
        let mut value = vec![0; random.random_range(0..200)];
        random.fill(&mut value[..]);
        let id = || (header::CORRELATION_ID.to_owned(), text("42"));
        let packed = |fields: &str| (header::ANTIPHON.to_owned(), text(fields));
        let headers = match random.random_range(0..6) {
            0 => Vec::new(),
            1 => vec![id(), id()],
            2 => vec![id(), packed("v=1;;p=")],
            3 => vec![id(), packed("v=9")],
            4 => vec![(header::CORRELATION_ID.to_owned(), None), packed("v=1")],
            _ => vec![(header::REPLY_TOPIC.to_owned(), Some(value.clone())), id()],
        };
        Self {
            key: None,
            value,
            headers,
        }
    }

    /// A forged reply, to a random id.
    pub(crate) fn forged(random: &mut impl Rng) -> Self {
        let number: u128 = random.random();
        let hex = format!("{number:032x}");
        let id = format!(
            "{}-{}-8{}-8{}-{}",
            &hex[..8],
            &hex[8..12],
            &hex[13..16],
            &hex[17..20],
            &hex[20..]
        );
        let request = invented(random);
        let execution = ExecutionId::new(NOBODY, 1, 1);
        let value = ReplyPayload::new(&request, execution, Key(random.random())).encode();
        Self {
            key: Some(id.clone().into_bytes()),
            value: value.to_vec(),
            headers: vec![(header::CORRELATION_ID.to_owned(), Some(id.into_bytes()))],
        }
    }

    /// A request with one of `targets` as its reply topic. No reply may go there.
    pub(crate) fn misdirected(random: &mut impl Rng, targets: &[&str]) -> Self {
        let target = targets.choose(random).copied().unwrap_or_default();
        Self {
            key: None,
            value: invented(random).encode().to_vec(),
            headers: vec![
                (header::CORRELATION_ID.to_owned(), text("a-hostile-id")),
                (header::REPLY_TOPIC.to_owned(), text(target)),
                (header::ANTIPHON.to_owned(), text("v=1;p=0;r=web/hostile/1")),
            ],
        }
    }
}

fn invented(random: &mut impl Rng) -> RequestPayload {
    RequestPayload {
        call: CallId::new(NOBODY, 1, 1),
        nonce: random.random(),
        work: 0,
        fail: None,
    }
}

fn text(text: &str) -> Option<Vec<u8>> {
    Some(text.as_bytes().to_vec())
}
