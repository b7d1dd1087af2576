//! What the log holds when all is over.

use std::sync::Arc;

use antiphon_proto::{HeadLimits, ReplyHead, header};

use super::{World, shape::CANARY};
use crate::{
    history::{Event, Key, RecordKind, ReplyPayload, RequestPayload},
    simulator::kafka::Stored,
};

/// Takes it down.
pub(crate) fn tell(world: &World) {
    for (name, partitions) in world.cluster.topics() {
        // It is there; nothing may be written to it.
        if *name != *CANARY {
            world.ledger.by_truth(Event::Topic {
                name: Arc::clone(&name),
                partitions,
            });
        }
        for at in world.partitions(&name) {
            if let Some((first, next)) = world.cluster.ends(&at) {
                let at = at.clone();
                world.ledger.by_truth(Event::Range { at, first, next });
            }
            for record in world.cluster.records(&at) {
                world.ledger.by_truth(Event::Record {
                    at: at.clone(),
                    offset: record.offset,
                    kind: kind(&record, world.key()),
                    id: id(&record),
                });
            }
        }
    }
    for (group, at, next) in world.cluster.committed() {
        world.ledger.by_truth(Event::Committed { group, at, next });
    }
}

fn kind(record: &Stored, key: Key) -> RecordKind {
    let value = record.body.value.as_deref().unwrap_or_default();
    // Replies first: a request's fields are not all there.
    if let Some(reply) = ReplyPayload::decode(value) {
        return RecordKind::Reply(reply.facts(key));
    }
    if let Some(request) = RequestPayload::decode(value) {
        return RecordKind::Request(request.call);
    }
    let headers = record.body.headers.iter();
    let headers = headers.map(|(name, value)| (&**name, value.as_deref()));
    let head = ReplyHead::decode(headers, HeadLimits::default());
    match head.ok().and_then(|head| head.status()) {
        Some(_) => RecordKind::ErrorReply,
        None => RecordKind::Other,
    }
}

fn id(record: &Stored) -> Option<Arc<str>> {
    let mut headers = record.body.headers.iter();
    let (_, value) = headers.find(|(name, _)| **name == *header::CORRELATION_ID.as_bytes())?;
    let value = value.as_deref()?;
    Some(String::from_utf8_lossy(value).into())
}
