//! A process that calls.

use std::{sync::Arc, time::Duration};

use antiphon::{
    Client,
    config::{ClientConfig, ReplyConfig},
};
use antiphon_testbed::{reason::Attempt, worker::say};

use super::{
    READY,
    job::Job,
    life::{Life, confirm, patiently},
    load::Load,
    sampler::Sampler,
};
use crate::{
    history::{Event, Recorder as _},
    workload::Caller,
};

/// How long calls may go on after it was told to stop: longer than the longest.
const DRAIN: Duration = Duration::from_secs(12);

/// Partitions of the reply topic: fewer than requesters, so that some of them share one.
pub(crate) const REPLY_PARTITIONS: u32 = 2;

pub(super) async fn run(job: Job) -> Attempt<()> {
    let mut life = Life::begin(&job)?;
    let client = connect(&life, &job).await?;
    let (recorder, process) = (life.recorder(), Arc::clone(&life.process));
    let caller = Arc::new(Caller::new(client.clone(), recorder, process, life.key));
    let watching = Arc::clone(&caller);
    let strays = tokio::spawn(async move { watching.watch_strays().await });
    life.tally.record(Event::Ready);
    say(READY)?;
    let sampled = client.clone();
    let sampler = Sampler::start(&life.tally, move || (in_flight(&sampled), 0));
    let mut load = Load::start(&caller, &job);
    while let Some(order) = life.next().await {
        if load.obey(&order) {
            confirm(&order);
        }
    }
    life.tally.record(Event::Drain);
    load.stop();
    client.close(DRAIN).await;
    load.ended().await;
    strays.abort();
    sampler.end((in_flight(&client), 0));
    life.tally.record(Event::Exit);
    Ok(())
}

async fn connect(life: &Life, job: &Job) -> Attempt<Client> {
    let config = config(job);
    let transport = life.transport(&[]).await?;
    patiently("a client", || {
        Client::builder(&job.topics.clients)
            .instance(&job.process.name)
            .config(config.clone())
            .transport(Arc::clone(&transport) as _)
            .connect()
    })
    .await
}

fn config(job: &Job) -> ClientConfig {
    let partition = u32::from(job.process.number) % REPLY_PARTITIONS;
    ClientConfig {
        // Shorter than most calls, so that some learn that nobody knows whether they were sent.
        timeout: Duration::from_secs(6),
        max_in_flight: 5_000,
        reply: ReplyConfig {
            topic: Some(job.topics.replies.clone()),
            partition: i32::try_from(partition).ok(),
            create: false,
            ..ReplyConfig::default()
        },
        ..ClientConfig::default()
    }
}

fn in_flight(client: &Client) -> u64 {
    u64::try_from(client.in_flight()).unwrap_or(u64::MAX)
}
