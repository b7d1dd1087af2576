use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::{
    Wire,
    client::{Client, Message, Result, Topic, buffer},
    connect::pair,
};
use crate::{load::Load, parent::ready_to_respond};

/// Echoes for ever.
pub(super) fn respond(load: &Load, wire: Wire) -> Result<()> {
    let (producer, consumer) = pair(load, "raw-responder")?;
    let partitions: Vec<i32> = (0..load.partitions).collect();
    let requests = consumer.assign_at_end(&load.topic, &partitions)?;
    let replies = producer.topic(&load.reply_topic)?;
    ready_to_respond(load)?;
    let mut buffer = buffer();
    let mut asleep = Asleep::default();
    loop {
        requests.drain(&mut buffer, asleep.wait_ms(), |request| {
            if load.handler_sleep.is_zero() {
                answer(&producer, &replies, &request, wire)
            } else {
                asleep.put(request, load.handler_sleep);
                Ok(())
            }
        })?;
        while let Some(request) = asleep.take_due() {
            answer(&producer, &replies, &request, wire)?;
        }
    }
}

/// Requests whose handler sleeps. All sleep equally long, so they wake in the order in which they came.
#[derive(Default)]
struct Asleep(VecDeque<(Instant, Message)>);

impl Asleep {
    fn put(&mut self, request: Message, sleep: Duration) {
        self.0.push_back((Instant::now() + sleep, request));
    }

    fn take_due(&mut self) -> Option<Message> {
        let (due, _) = self.0.front()?;
        if *due > Instant::now() {
            return None;
        }
        self.0.pop_front().map(|(_, request)| request)
    }

    /// How long there is nothing to do but to receive. librdkafka waits in whole milliseconds.
    fn wait_ms(&self) -> i32 {
        let Some((due, _)) = self.0.front() else {
            return 500;
        };
        let left = due.saturating_duration_since(Instant::now());
        i32::try_from(left.as_micros().div_ceil(1_000)).unwrap_or(500)
    }
}

/// Reads what a responder has to read, and echoes.
fn answer(producer: &Client, replies: &Topic, request: &Message, wire: Wire) -> Result<()> {
    if request.is_error() {
        return Err("an error came instead of a request".into());
    }
    let id = request.header(c"correlation-id").ok_or("no id")?;
    request.header(c"reply-topic").ok_or("no reply topic")?;
    match wire {
        Wire::Own => {
            let partition = request.header(c"reply-partition").ok_or("no partition")?;
            let partition: i32 = std::str::from_utf8(partition)
                .ok()
                .and_then(|text| text.parse().ok())
                .ok_or("bad partition")?;
            let headers = [(c"correlation-id", id)];
            producer.send(replies, partition, None, request.value(), &headers)
        }
        Wire::Antiphon => {
            request.header(c"antiphon").ok_or("no packed header")?;
            let headers = [
                (c"correlation-id", id),
                (c"antiphon", &b"v=1;r=echo/1.0.0/1"[..]),
            ];
            producer.send(replies, 0, Some(id), request.value(), &headers)
        }
    }
}
