//! Antiphon itself: its client and an echo service, as a user would write them.

use std::{
    io::Write as _,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Instant,
};

use antiphon::{
    Client, Service,
    config::{ClientConfig, KafkaConfig, ReplyConfig, ServiceConfig},
    service,
};
use bytes::Bytes;
use hdrhistogram::Histogram;

use crate::{
    account::Account,
    load::Load,
    result::{Run, begin, histogram},
};

fn kafka(load: &Load) -> KafkaConfig {
    KafkaConfig::new(&load.servers).property("max.in.flight", load.max_in_flight.to_string())
}

/// One task per call in flight.
pub(crate) async fn request(load: &Load) -> Result<Run, String> {
    let config = ClientConfig {
        reply: ReplyConfig {
            topic: Some(load.reply_topic.clone()),
            partition: Some(0),
            create: false,
            ..ReplyConfig::default()
        },
        ..ClientConfig::default()
    };
    let client = Client::builder("bench")
        .kafka(kafka(load))
        .config(config)
        .connect()
        .await
        .map_err(|error| error.to_string())?;
    let shared = Arc::new(Shared::default());
    let value = Bytes::from(vec![b'x'; load.payload]);
    for _ in 0..load.in_flight {
        let (client, shared) = (client.clone(), Arc::clone(&shared));
        let (topic, value) = (load.topic.clone(), value.clone());
        tokio::spawn(async move { shared.ask_for_ever(&client, &topic, &value).await });
    }
    tokio::time::sleep(load.warmup).await;
    let (began, before) = (begin(), Account::now());
    shared.measuring.store(true, Ordering::Release);
    tokio::time::sleep(load.duration).await;
    shared.measuring.store(false, Ordering::Release);
    let took = began.elapsed();
    let cpu = Account::now().since(&before);
    let errors = shared.errors.load(Ordering::Relaxed);
    let mut all = histogram();
    for shard in &shared.shards {
        let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        all.add(&*shard).map_err(|error| error.to_string())?;
    }
    Ok(Run::new(&all, errors, took, cpu))
}

struct Shared {
    measuring: AtomicBool,
    errors: AtomicU64,
    shards: Vec<Mutex<Histogram<u64>>>,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            measuring: AtomicBool::new(false),
            errors: AtomicU64::new(0),
            shards: (0..8).map(|_| Mutex::new(histogram())).collect(),
        }
    }
}

impl Shared {
    async fn ask_for_ever(&self, client: &Client, topic: &str, value: &Bytes) {
        let mut turn = 0_usize;
        loop {
            let sent = Instant::now();
            let reply = client.request(topic).value(value.clone()).send().await;
            if !self.measuring.load(Ordering::Acquire) {
                continue;
            }
            if reply.is_err() {
                self.errors.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            turn = turn.wrapping_add(1);
            let took = u64::try_from(sent.elapsed().as_nanos()).unwrap_or(u64::MAX);
            let shard = &self.shards[turn % self.shards.len()];
            shard
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .saturating_record(took);
        }
    }
}

/// Echoes for ever.
pub(crate) async fn respond(load: &Load) -> Result<(), String> {
    let config = ServiceConfig {
        allowed_reply_topics: vec![load.reply_topic.clone()],
        concurrency: 20_000,
        ..ServiceConfig::default()
    };
    let service = Service::builder("bench-echo", "1.0.0")
        .kafka(kafka(load))
        .config(config)
        .group(format!("bench-{}", load.topic))
        .route(
            &load.topic,
            service::raw(|_, value: Bytes| async move { Ok(value) }),
        )
        .start()
        .await
        .map_err(|error| error.to_string())?;
    service.ready().await;
    println!("ready");
    std::io::stdout()
        .flush()
        .map_err(|error| error.to_string())?;
    std::future::pending::<()>().await;
    Ok(())
}
