use std::{sync::Arc, time::Instant};

use super::{
    Wire,
    client::{Client, Message, PARTITION_BY_KEY, Queue, Result, Topic, buffer},
    connect::pair,
    format::{Format, To},
};
use crate::{
    load::Load,
    parent::ready_to_request,
    result::{Run, Window, histogram, nanos},
};

/// Keeps `in_flight` requests going; the next is sent by the thread that has read a reply.
pub(super) fn closed(load: &Load, wire: Wire) -> Result<Run> {
    let (mut requests, replies) = Requests::new(load, wire)?;
    ready_to_request(load)?;
    let mut sent = vec![Instant::now(); load.in_flight];
    for slot in 0..load.in_flight {
        requests.send(slot)?;
    }
    let mut buffer = buffer();
    let warm = Instant::now() + load.warmup;
    while Instant::now() < warm {
        replies.drain(&mut buffer, 100, |reply| {
            let Some(slot) = requests.slot(&reply, load.in_flight)? else {
                return Ok(());
            };
            sent[slot] = Instant::now();
            requests.send(slot)
        })?;
    }
    let mut latencies = histogram();
    let window = Window::open()?;
    while window.elapsed() < load.duration {
        replies.drain(&mut buffer, 100, |reply| {
            let Some(slot) = requests.slot(&reply, load.in_flight)? else {
                return Ok(());
            };
            let now = Instant::now();
            latencies.saturating_record(nanos(now - sent[slot]));
            sent[slot] = now;
            requests.send(slot)
        })?;
    }
    Ok(Run::new(&latencies, 0, window.close()?))
}

/// Everything that is the same for each request.
pub(super) struct Requests {
    producer: Arc<Client>,
    topic: Topic,
    format: Format,
    value: Vec<u8>,
    keys: Vec<String>,
    partitions: i32,
    next_partition: i32,
}

impl Requests {
    /// With the queue that the replies come in on.
    pub(super) fn new(load: &Load, wire: Wire) -> Result<(Self, Queue)> {
        let (producer, consumer) = pair(load, "raw-requester")?;
        let replies = consumer.assign_at_end(&load.reply_topic, &[0])?;
        let requests = Self {
            topic: producer.topic(&load.topic)?,
            format: Format::new(load, wire),
            producer,
            value: load.value(),
            keys: load.keys(),
            partitions: load.partitions,
            next_partition: 0,
        };
        Ok((requests, replies))
    }

    pub(super) fn send(&mut self, slot: usize) -> Result<()> {
        let to = if self.keys.is_empty() {
            let partition = self.next_partition;
            self.next_partition = (partition + 1) % self.partitions;
            To {
                topic: &self.topic,
                partition,
                key: None,
            }
        } else {
            To {
                topic: &self.topic,
                partition: PARTITION_BY_KEY,
                key: Some(self.keys[slot % self.keys.len()].as_bytes()),
            }
        };
        self.format.send(&self.producer, to, &self.value, slot)
    }

    /// Which of `slots` a reply answers; none if it is another requester's.
    pub(super) fn slot(&self, reply: &Message, slots: usize) -> Result<Option<usize>> {
        let slot = self.format.slot(reply)?;
        if slot.is_some_and(|slot| slot >= slots) {
            return Err("a reply with an id that was never sent".into());
        }
        Ok(slot)
    }
}
