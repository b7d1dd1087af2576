//! The product itself, over a log in memory that refuses, duplicates and loses: nothing of it may be
//! called wrong, and of the log only what it has lost.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use antiphon::{
    Client, Service,
    transport::memory::{Faults, MemoryBroker, StoredRecord},
};
use antiphon_verify::{
    checker::{Conclusion, Report, check},
    history::{
        At, Delivery, Event, Key, Memory, ProcessId, RecordKind, Recorder, ReplyPayload,
        RequestPayload, Role, Run,
    },
    witness::{WallShift, Witness},
    workload::{Caller, Mix, Pace, answering, offer},
};
use rand::{Rng as _, SeedableRng as _, rngs::SmallRng};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

const KEY: Key = Key(7);

/// Each topic with its partitions and the groups that read it.
const TOPICS: [(&str, u32, &[&str]); 3] = [
    ("work", 3, &["workers"]),
    ("more", 2, &["workers"]),
    ("both", 2, &["workers", "others"]),
];

#[derive(Clone, Debug)]
struct Book {
    history: Memory,
    began: Instant,
    process: Arc<ProcessId>,
}

impl Recorder for Book {
    fn record(&self, event: Event) {
        let at = u64::try_from(self.began.elapsed().as_micros()).unwrap();
        self.history.record(at, &self.process, event);
    }
}

struct Rig {
    history: Memory,
    began: Instant,
    broker: MemoryBroker,
}

impl Rig {
    fn new() -> Self {
        let broker = MemoryBroker::new();
        for (topic, partitions, _) in TOPICS {
            broker.create_topic(topic, partitions);
        }
        Self {
            history: Memory::default(),
            began: Instant::now(),
            broker,
        }
    }

    fn book(&self, role: Role, number: u16) -> Book {
        let process = ProcessId {
            name: format!("{role:?}-{number}").to_lowercase(),
            number,
            incarnation: 1,
            role,
        };
        Book {
            history: self.history.clone(),
            began: self.began,
            process: Arc::new(process),
        }
    }

    fn witness(&self, book: &Book) -> Arc<Witness> {
        let (inner, recorder) = (self.broker.transport(), Arc::new(book.clone()));
        let role = book.process.role;
        Arc::new(Witness::new(
            inner,
            recorder,
            role,
            KEY,
            WallShift::default(),
        ))
    }

    async fn service(&self, group: &str, number: u16) -> Service {
        let book = self.book(Role::Responder, number);
        let mut service = Service::builder(group)
            .version("1")
            .transport(self.witness(&book));
        for (route, (topic, _, groups)) in (1..).zip(TOPICS) {
            if groups.contains(&group) {
                // Each handler counts its runs for itself.
                let counted = Arc::new(ProcessId {
                    incarnation: route,
                    ..(*book.process).clone()
                });
                service = service.route(topic, answering(Arc::new(book.clone()), counted, KEY));
            }
        }
        service.start().await.unwrap()
    }

    async fn caller(&self, number: u16) -> Arc<Caller> {
        let book = self.book(Role::Requester, number);
        let client = Client::builder("web").transport(self.witness(&book));
        let client = client.connect().await.unwrap();
        let process = Arc::clone(&book.process);
        Arc::new(Caller::new(client, Arc::new(book), process, KEY))
    }

    fn ended(&self, role: Role, number: u16, left: u64) {
        let book = self.book(role, number);
        book.record(Event::Sample {
            memory: None,
            files: None,
            in_flight: left,
            unacknowledged: 0,
        });
        book.record(Event::Exit);
    }

    fn killed(&self, number: u16) {
        self.book(Role::Nemesis, 0).record(Event::Killed {
            process: format!("responder-{number}"),
            incarnation: 1,
        });
    }

    fn truth(&self) {
        let book = self.book(Role::Truth, 9);
        for topic in self.broker.topics() {
            let records = self.broker.records(&topic);
            let mut next = BTreeMap::new();
            for record in &records {
                next.insert(record.partition, record.offset + 1);
                book.record(standing(record));
            }
            for (partition, next) in next {
                let at = place(&topic, partition);
                book.record(Event::Range { at, first: 0, next });
            }
            let (name, partitions) = (topic.as_str().into(), 1);
            book.record(Event::Topic { name, partitions });
        }
        for group in ["workers", "others"] {
            for (topic, partition, next) in self.broker.committed(group) {
                let (group, at) = (group.into(), place(&topic, partition));
                book.record(Event::Committed { group, at, next });
            }
        }
    }
}

fn place(topic: &str, partition: i32) -> At {
    At {
        topic: topic.into(),
        partition,
    }
}

fn standing(record: &StoredRecord) -> Event {
    let value = record.value.as_deref().unwrap_or_default();
    let headers = record.headers.iter();
    let mut ids = headers.filter(|(name, _)| &**name == b"correlation-id");
    let id = ids.next().and_then(|(_, value)| value.as_deref());
    // A reply reads as a request, too.
    let reply = ReplyPayload::decode(value).map(|one| RecordKind::Reply(one.facts(KEY)));
    let request = || RequestPayload::decode(value).map(|one| RecordKind::Request(one.call));
    Event::Record {
        at: place(&record.topic, record.partition),
        offset: record.offset,
        kind: reply.or_else(request).unwrap_or(RecordKind::ErrorReply),
        id: id.map(|id| String::from_utf8_lossy(id).into()),
    }
}

fn run(seed: u64) -> Run {
    let readers = TOPICS.into_iter().flat_map(|(topic, _, groups)| {
        let groups = groups.iter();
        groups.map(move |group| (topic.into(), (*group).into()))
    });
    let topics = TOPICS.into_iter().map(|(topic, ..)| topic.into());
    Run {
        seed,
        name: "memory".into(),
        simulated: true,
        key: KEY.0,
        allowed_topics: topics.chain(["web.replies".into()]).collect(),
        request_topics: readers.collect(),
        delivery: Delivery::AtLeastOnce,
        slack: 250_000,
        clock_skew: 5_000_000,
        memory_limit: None,
        min_ok: 50,
        min_in_flight: 0,
        min_ok_at_end: 5,
    }
}

fn mix(faulty: f64) -> Mix {
    Mix {
        requests: vec!["work".into(), "more".into()],
        scatter: vec!["work".into(), "more".into()],
        gather: Some(("both".into(), 2)),
        scatters: 0.1,
        gathers: 0.1,
        keyed: 0.3,
        dropped: faulty,
        misbehaving: faulty,
        timeout: Duration::from_millis(400)..Duration::from_secs(2),
        work: Duration::ZERO..Duration::from_millis(50),
    }
}

/// Services come, go and die while the log misbehaves; then all is healed, and ends.
async fn history_of(seed: u64, faults: Faults) -> Report {
    let rig = Rig::new();
    let mut random = SmallRng::seed_from_u64(seed);
    let mut services = BTreeMap::new();
    for (number, group) in [(2, "workers"), (3, "workers"), (4, "others")] {
        services.insert(number, rig.service(group, number).await);
    }
    let caller = rig.caller(1).await;
    rig.broker.set_faults(faults);
    let pace = |calls| Pace {
        pause: Duration::ZERO..Duration::from_millis(10),
        in_flight: 50,
        calls,
    };
    let (stop, mut own) = (CancellationToken::new(), SmallRng::seed_from_u64(seed + 1));
    let (trouble, quiet) = (mix(0.1), mix(0.0));
    let many = pace(300);
    let first = offer(&caller, &trouble, &many, &mut own, &stop);
    let churn = async {
        for number in [5, 6] {
            tokio::time::sleep(Duration::from_millis(random.random_range(1..500))).await;
            services.insert(number, rig.service("workers", number).await);
            tokio::time::sleep(Duration::from_millis(random.random_range(1..500))).await;
            let (gone, service) = services.pop_first().unwrap();
            if random.random() {
                drop(service);
                rig.killed(gone);
            } else {
                let report = service.drain(Duration::from_secs(30)).await;
                rig.ended(Role::Responder, gone, report.abandoned as u64);
            }
        }
    };
    tokio::join!(first, churn);
    rig.broker.set_faults(Faults::default());
    rig.book(Role::Nemesis, 0).record(Event::Healed);
    offer(&caller, &quiet, &pace(100), &mut own, &stop).await;
    caller.client().close(Duration::from_secs(5)).await;
    rig.ended(Role::Requester, 1, 0);
    // What was not acknowledged is sent again every two seconds.
    tokio::time::sleep(Duration::from_secs(10)).await;
    for (number, service) in services {
        let report = service.drain(Duration::from_secs(30)).await;
        rig.ended(Role::Responder, number, report.abandoned as u64);
    }
    rig.truth();
    check(&run(seed), &rig.history.take())
}

#[tokio::test(start_paused = true)]
async fn a_log_that_refuses_and_duplicates_makes_nothing_wrong() {
    for seed in 0..10 {
        let faults = Faults {
            delay: Duration::from_millis(seed % 3 * 5),
            reject: 0.05,
            uncertain: 0.05,
            duplicate: 0.05,
            seed,
            ..Faults::default()
        };
        let report = history_of(seed, faults).await;
        assert_eq!(report.conclusion(), Conclusion::Held, "{report}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_log_loses_is_no_fault_of_the_product() {
    let faults = Faults {
        loss: 0.1,
        seed: 1,
        ..Faults::default()
    };
    let report = history_of(1, faults).await;
    assert_eq!(report.conclusion(), Conclusion::KafkaLostAcked, "{report}");
}
