use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    thread,
};

use super::{
    slots::Slots,
    wire::{Ids, packed},
};
use crate::{
    drive::{Ask, drive},
    load::Load,
    raw::{
        client::{self, Client, Message, PARTITION_BY_KEY, Queue, Topic},
        connect::pair,
        text_id,
    },
    result::Run,
};

/// How many tasks are woken together.
const WAKE_GROUP: usize = 128;

/// A task per call, which waits for a slot of its own.
pub(crate) async fn request(load: &Load) -> Result<Run, String> {
    if load.rate.is_some() {
        return Err("the calls of `bare` have fixed slots: it has no open loop".into());
    }
    let (producer, consumer) = pair(load, "bare-requester")?;
    let replies = consumer.assign_at_end(&load.reply_topic, &[0])?;
    let shared = Arc::new(Shared {
        topic: producer.topic(&load.topic)?,
        producer,
        slots: Slots::new(load.in_flight),
        ids: Ids::new(load.instance),
        instance: load.instance,
        reply_topic: load.reply_topic.clone(),
        value: load.value(),
        keys: load.keys(),
        partitions: usize::try_from(load.partitions).unwrap_or(1).max(1),
        next: AtomicUsize::new(0),
    });
    let answered = Arc::clone(&shared);
    thread::Builder::new()
        .name("bench-receive".into())
        .spawn(move || {
            if let Err(error) = receive(&answered, &replies) {
                eprintln!("replies: {error}");
            }
        })
        .map_err(|error| error.to_string())?;
    drive(load, Requester(shared)).await
}

#[derive(Clone)]
struct Requester(Arc<Shared>);

impl Ask for Requester {
    fn ask(&self, number: usize) -> impl Future<Output = bool> + Send {
        Call {
            shared: &self.0,
            slot: number,
            sent: false,
        }
    }
}

struct Call<'a> {
    shared: &'a Shared,
    slot: usize,
    sent: bool,
}

impl Future for Call<'_> {
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<bool> {
        let (shared, slot) = (self.shared, self.slot);
        if self.sent {
            let reply = shared.slots.take(slot, context.waker());
            return reply.map_or(Poll::Pending, |_| Poll::Ready(true));
        }
        self.sent = true;
        // Before it is sent: its reply may be faster than this thread.
        shared.slots.wait(slot, context.waker());
        match shared.send(slot) {
            Ok(()) => Poll::Pending,
            Err(error) => {
                eprintln!("a request was not sent: {error}");
                Poll::Ready(false)
            }
        }
    }
}

struct Shared {
    producer: Arc<Client>,
    topic: Topic,
    slots: Slots,
    ids: Ids,
    instance: u32,
    reply_topic: String,
    value: Vec<u8>,
    keys: Vec<String>,
    partitions: usize,
    next: AtomicUsize,
}

impl Shared {
    fn send(&self, slot: usize) -> client::Result<()> {
        let (id, packed) = (self.ids.of(slot), packed());
        let headers = [
            (c"correlation-id", &id[..]),
            (c"reply-topic", self.reply_topic.as_bytes()),
            (c"antiphon", &packed[..]),
        ];
        let (partition, key) = self.place(slot);
        self.producer
            .send(&self.topic, partition, key, &self.value, &headers)
    }

    fn place(&self, slot: usize) -> (i32, Option<&[u8]>) {
        if !self.keys.is_empty() {
            let key = &self.keys[slot % self.keys.len()];
            return (PARTITION_BY_KEY, Some(key.as_bytes()));
        }
        if self.partitions == 1 {
            return (0, None);
        }
        let next = self.next.fetch_add(1, Ordering::Relaxed) % self.partitions;
        (i32::try_from(next).unwrap_or_default(), None)
    }

    /// Whom a reply wakes; nobody if it is another requester's.
    fn complete(&self, reply: &Message) -> client::Result<Option<Waker>> {
        if reply.is_error() {
            return Err("an error came instead of a reply".into());
        }
        let (instance, slot) = text_id(reply.key()).ok_or("no id in the key")?;
        if instance != self.instance {
            return Ok(None);
        }
        let slot = usize::try_from(slot).map_err(|error| error.to_string())?;
        if !self.slots.has(slot) {
            return Err("a reply with an id that was never sent".into());
        }
        Ok(self.slots.reply(slot, reply.value()))
    }
}

fn receive(shared: &Shared, replies: &Queue) -> client::Result<()> {
    let mut buffer = client::buffer();
    let mut waiting = Vec::with_capacity(WAKE_GROUP);
    loop {
        replies.drain(&mut buffer, 500, |reply| {
            waiting.extend(shared.complete(&reply)?);
            if waiting.len() >= WAKE_GROUP {
                waiting.drain(..).for_each(Waker::wake);
            }
            Ok(())
        })?;
        waiting.drain(..).for_each(Waker::wake);
    }
}
