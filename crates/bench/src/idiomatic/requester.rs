use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use rdkafka::{
    Message as _, Offset, TopicPartitionList,
    consumer::{Consumer as _, StreamConsumer},
    message::{Header, OwnedHeaders},
    producer::{FutureProducer, FutureRecord},
};
use tokio::sync::oneshot;

use super::{CORRELATION_ID, REPLY_PARTITION, REPLY_TOPIC, client, header, producer};
use crate::{
    drive::{Ask, drive},
    load::Load,
    result::Run,
};

const TIMEOUT: Duration = Duration::from_secs(30);

/// A task per call, which waits on a channel of its own.
pub(crate) async fn request(load: &Load) -> Result<Run, String> {
    let consumer: StreamConsumer = client(load)
        .set("group.id", "idiomatic-requester")
        .set("enable.auto.commit", "false")
        .create()
        .map_err(|error| error.to_string())?;
    let mut replies = TopicPartitionList::new();
    // The topic is new: its end is its beginning.
    replies
        .add_partition_offset(&load.reply_topic, 0, Offset::Beginning)
        .and_then(|()| consumer.assign(&replies))
        .map_err(|error| error.to_string())?;
    let requester = Requester {
        producer: producer(load)?,
        shared: Arc::new(Shared {
            pending: Mutex::default(),
            next: AtomicU64::new(0),
            instance: u64::from(load.instance),
            topic: load.topic.clone(),
            reply_topic: load.reply_topic.clone(),
            value: load.value(),
            keys: load.keys(),
        }),
    };
    let shared = Arc::clone(&requester.shared);
    tokio::spawn(async move {
        loop {
            match consumer.recv().await {
                Ok(reply) => shared.take(&reply),
                Err(error) => eprintln!("replies: {error}"),
            }
        }
    });
    drive(load, requester).await
}

#[derive(Clone)]
struct Requester {
    producer: FutureProducer,
    shared: Arc<Shared>,
}

struct Shared {
    pending: Mutex<HashMap<u64, oneshot::Sender<Vec<u8>>>>,
    next: AtomicU64,
    instance: u64,
    topic: String,
    reply_topic: String,
    value: Vec<u8>,
    keys: Vec<String>,
}

impl Shared {
    fn pending(&self) -> MutexGuard<'_, HashMap<u64, oneshot::Sender<Vec<u8>>>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, reply: &rdkafka::message::BorrowedMessage<'_>) {
        let id = header(reply.headers(), CORRELATION_ID);
        let Some((instance, id)) = id.and_then(read_id) else {
            return;
        };
        if instance == self.instance
            && let Some(caller) = self.pending().remove(&id)
        {
            // A caller that has given up is no loss.
            let _ = caller.send(reply.payload().unwrap_or_default().to_vec());
        }
    }

    fn headers(&self, id: &[u8]) -> OwnedHeaders {
        let add = |headers: OwnedHeaders, key, value: &[u8]| {
            headers.insert(Header {
                key,
                value: Some(value),
            })
        };
        let headers = add(OwnedHeaders::new_with_capacity(3), CORRELATION_ID, id);
        let headers = add(headers, REPLY_TOPIC, self.reply_topic.as_bytes());
        add(headers, REPLY_PARTITION, b"0")
    }
}

impl Ask for Requester {
    async fn ask(&self, number: usize) -> bool {
        let shared = &self.shared;
        let id = shared.next.fetch_add(1, Ordering::Relaxed);
        let (caller, reply) = oneshot::channel();
        shared.pending().insert(id, caller);
        let mut record = FutureRecord::<str, [u8]>::to(&shared.topic)
            .payload(&shared.value)
            .headers(shared.headers(&write_id(shared.instance, id)));
        if !shared.keys.is_empty() {
            record = record.key(shared.keys[number % shared.keys.len()].as_str());
        }
        let sent = self.producer.send(record, TIMEOUT).await.is_ok();
        let replied = sent && matches!(tokio::time::timeout(TIMEOUT, reply).await, Ok(Ok(_)));
        if !replied {
            shared.pending().remove(&id);
        }
        replied
    }
}

fn write_id(instance: u64, id: u64) -> [u8; 16] {
    let mut text = [0; 16];
    text[..8].copy_from_slice(&instance.to_be_bytes());
    text[8..].copy_from_slice(&id.to_be_bytes());
    text
}

fn read_id(text: &[u8]) -> Option<(u64, u64)> {
    let instance = text.first_chunk()?;
    let id = text.get(8..)?.first_chunk()?;
    Some((u64::from_be_bytes(*instance), u64::from_be_bytes(*id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_is_written() {
        assert_eq!(read_id(&write_id(3, u64::MAX)), Some((3, u64::MAX)));
        assert_eq!(read_id(&[0; 9]), None);
    }
}
