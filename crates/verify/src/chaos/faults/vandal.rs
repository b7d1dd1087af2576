//! Somebody who writes what nobody wants, as long as a fault lasts.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use antiphon_kafka::{
    Batch, Consumer, Message, Outgoing, Producer, ProducerEvent, Properties, Reports,
};
use antiphon_testbed::reason::{Attempt, Because as _};

use crate::{
    chaos::{
        child::{REPLY_PARTITIONS, Topics},
        place::ANSWER,
        stage::Stage,
    },
    workload::Harm,
};

/// The pause between two rounds.
const PAUSE: Duration = Duration::from_millis(10);

/// How many replies are read in a round.
const READ: usize = 64;

/// Harm, and where it is done.
#[derive(Clone, Debug)]
pub(super) struct Blow {
    pub(super) topic: String,
    /// -1: any.
    pub(super) partition: i32,
    pub(super) harm: Harm,
}

impl From<Message<'_>> for Blow {
    fn from(record: Message<'_>) -> Self {
        let owned = |bytes: &[u8]| bytes.to_vec();
        let headers = record.headers();
        let headers = headers.iter().map(|(name, value)| {
            let name = String::from_utf8_lossy(name).into_owned();
            (name, value.map(owned))
        });
        Self {
            topic: record.topic().to_owned(),
            partition: record.partition(),
            harm: Harm {
                key: record.key().map(owned),
                value: record.payload().map(owned).unwrap_or_default(),
                headers: headers.collect(),
            },
        }
    }
}

/// Says what to write.
pub(super) trait Harmful: Send + 'static {
    /// The records of a round; `seen` stand on the reply topic since the last one.
    fn next(&mut self, topics: &Topics, seen: Vec<Blow>) -> Vec<Blow>;
}

/// Writes until it is dropped.
pub(super) struct Vandal {
    stored: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Vandal {
    pub(super) fn start(stage: &Stage<'_>, harm: impl Harmful) -> Attempt<Self> {
        let (stored, stop) = (Arc::<AtomicU64>::default(), Arc::<AtomicBool>::default());
        let work = Work {
            topics: stage.topics().clone(),
            producer: producer(&stage.place.direct())?,
            reader: reader(&stage.place.direct(), stage.topics())?,
            stored: Arc::clone(&stored),
            stop: Arc::clone(&stop),
        };
        let thread = thread::spawn(move || work.go_on(harm));
        Ok(Self {
            stored,
            stop,
            thread: Some(thread),
        })
    }

    /// How many of its records were acknowledged.
    pub(super) fn stored(&self) -> u64 {
        self.stored.load(Ordering::Relaxed)
    }
}

impl Drop for Vandal {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It only ends by itself.
            let _ = thread.join();
        }
    }
}

struct Work {
    topics: Topics,
    producer: Producer,
    reader: Consumer,
    stored: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
}

impl Work {
    fn go_on(self, mut harm: impl Harmful) {
        let mut replies = Batch::with_capacity(READ);
        while !self.stop.load(Ordering::Relaxed) {
            self.reader.fill(&mut replies, READ, Duration::ZERO);
            let seen = replies.iter().flatten().map(Blow::from).collect();
            let blows = harm.next(&self.topics, seen);
            blows.iter().for_each(|blow| self.send(blow));
            self.hear();
            thread::sleep(PAUSE);
        }
        drop(self.producer.close(ANSWER));
    }

    /// What can not be sent now is not sent: there is more.
    fn send(&self, blow: &Blow) {
        let harm = &blow.harm;
        let headers = harm.headers.iter();
        let headers: Vec<_> = headers
            .map(|(name, value)| (name.as_str(), value.as_deref()))
            .collect();
        if let Ok(topic) = self.producer.topic(&blow.topic) {
            let _ = self.producer.send(&Outgoing {
                topic: &topic,
                partition: blow.partition,
                key: harm.key.as_deref(),
                value: Some(&harm.value),
                headers: &headers,
                token: 0,
            });
        }
    }

    fn hear(&self) {
        self.producer.poll_events(Duration::ZERO, &mut |event| {
            if let ProducerEvent::Reports(reports) = event {
                let stored = reports.filter(|report| report.error.is_none()).count();
                let stored = u64::try_from(stored).unwrap_or(0);
                self.stored.fetch_add(stored, Ordering::Relaxed);
            }
        });
    }
}

fn producer(servers: &str) -> Attempt<Producer> {
    let mut properties = Properties::new();
    properties.set("bootstrap.servers", servers);
    properties.set("client.id", "hostile");
    Producer::new(&properties, Reports::All).because("a hostile producer")
}

fn reader(servers: &str, topics: &Topics) -> Attempt<Consumer> {
    const END: i64 = -1;
    let mut properties = Properties::new();
    properties.set("bootstrap.servers", servers);
    properties.set("client.id", "hostile");
    properties.set("group.id", "hostile");
    let reader = Consumer::new(&properties).because("a hostile reader")?;
    let partitions = 0..i32::try_from(REPLY_PARTITIONS).unwrap_or(1);
    let all: Vec<_> = partitions
        .map(|number| (topics.replies.as_str(), number, END))
        .collect();
    reader.assign(&all).because("a hostile reader")?;
    Ok(reader)
}
