use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    Wire,
    client::{Client, Message, Result, Topic, pair},
};
use crate::{
    account::Account,
    load::Load,
    result::{Run, begin, histogram},
};

/// Keeps `in_flight` requests going; the next is sent by the thread that has read a reply.
pub(crate) fn request(load: &Load, wire: Wire) -> Result<Run> {
    let (producer, consumer) = pair(load, "raw-requester")?;
    let replies = consumer.assign_at_end(&load.reply_topic, &[0])?;
    let mut requests = Requests {
        topic: producer.topic(&load.topic)?,
        packed: format!("v=1;p=0;d={};t=30000;r=web/1/1", u64::MAX / 4).into_bytes(),
        producer,
        load,
        wire,
        value: vec![b'x'; load.payload],
        sent: vec![Instant::now(); load.in_flight],
        next_partition: 0,
    };
    for slot in 0..load.in_flight {
        requests.send(slot)?;
    }
    let mut buffer = vec![std::ptr::null_mut(); 1_000];
    let warm = Instant::now() + load.warmup;
    while Instant::now() < warm {
        replies.drain(&mut buffer, 100, |reply| {
            let slot = requests.slot(reply)?;
            requests.send(slot)
        })?;
    }
    let mut latencies = histogram();
    let (began, before) = (begin(), Account::now());
    while began.elapsed() < load.duration {
        replies.drain(&mut buffer, 100, |reply| {
            let slot = requests.slot(reply)?;
            let took = nanos(requests.sent[slot].elapsed());
            latencies.saturating_record(took);
            requests.send(slot)
        })?;
    }
    let took = began.elapsed();
    Ok(Run::new(&latencies, 0, took, Account::now().since(&before)))
}

struct Requests<'a> {
    producer: Arc<Client>,
    topic: Topic,
    load: &'a Load,
    wire: Wire,
    value: Vec<u8>,
    packed: Vec<u8>,
    sent: Vec<Instant>,
    next_partition: i32,
}

impl Requests<'_> {
    fn send(&mut self, slot: usize) -> Result<()> {
        self.sent[slot] = Instant::now();
        let partition = self.next_partition;
        self.next_partition = (partition + 1) % self.load.partitions;
        let reply_topic = self.load.reply_topic.as_bytes();
        match self.wire {
            Wire::Own => {
                let mut id = [0; 16];
                id[8..].copy_from_slice(&(slot as u64).to_be_bytes());
                let headers = [
                    (c"correlation-id", &id[..]),
                    (c"reply-topic", reply_topic),
                    (c"reply-partition", b"0"),
                ];
                self.producer
                    .send(&self.topic, partition, None, &self.value, &headers)
            }
            Wire::Antiphon => {
                let id = format!("00000000-0000-8000-8000-{slot:012x}");
                let headers = [
                    (c"correlation-id", id.as_bytes()),
                    (c"reply-topic", reply_topic),
                    (c"antiphon", &self.packed[..]),
                ];
                self.producer
                    .send(&self.topic, partition, None, &self.value, &headers)
            }
        }
    }

    fn slot(&self, reply: &Message) -> Result<usize> {
        if reply.is_error() {
            return Err("an error came instead of a reply".into());
        }
        let slot = match self.wire {
            Wire::Own => {
                let id = reply.header(c"correlation-id").ok_or("no id")?;
                let low: [u8; 8] = id
                    .get(8..16)
                    .and_then(|b| b.try_into().ok())
                    .ok_or("bad id")?;
                usize::try_from(u64::from_be_bytes(low)).map_err(|e| e.to_string())?
            }
            Wire::Antiphon => {
                let text = reply.key().get(24..36).ok_or("no key")?;
                let text = std::str::from_utf8(text).map_err(|e| e.to_string())?;
                usize::from_str_radix(text, 16).map_err(|e| e.to_string())?
            }
        };
        (slot < self.sent.len())
            .then_some(slot)
            .ok_or_else(|| "an id that was never sent".into())
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
