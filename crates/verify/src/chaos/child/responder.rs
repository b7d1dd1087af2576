//! A process that answers.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use antiphon::{
    Service, Status,
    config::ServiceConfig,
    service::{Handler, Inbound, Reply},
};
use antiphon_testbed::{reason::Attempt, worker::say};
use futures::future::BoxFuture;

use super::{
    READY,
    job::Job,
    life::{Life, confirm, patiently},
    order::Order,
    sampler::Sampler,
};
use crate::{
    history::{Event, Recorder as _},
    workload::answering,
};

/// How long what has begun may go on after it was told to stop.
const DRAIN: Duration = Duration::from_secs(15);

/// What a handler takes that is slowed down by 1, on top of what its request asks for.
const USUAL: Duration = Duration::from_millis(50);

/// So that others soon have the partitions of one that is gone.
const PROPERTIES: &[(&str, &str)] = &[("session.timeout.ms", "6000")];

pub(super) async fn run(job: Job) -> Attempt<()> {
    let mut life = Life::begin(&job)?;
    let slowness = Arc::<AtomicU32>::default();
    let service = start(&life, &job, &slowness).await?;
    service.ready().await;
    life.tally.record(Event::Ready);
    say(READY)?;
    let service = Arc::new(Mutex::new(Some(service)));
    let sampled = Arc::clone(&service);
    let sampler = Sampler::start(&life.tally, move || {
        let service = sampled.lock().unwrap_or_else(PoisonError::into_inner);
        service.as_ref().map_or((0, 0), held)
    });
    while let Some(order) = life.next().await {
        if let Order::Slow(factor) = order {
            slowness.store(factor, Ordering::Relaxed);
            confirm(&order);
        }
    }
    life.tally.record(Event::Drain);
    let taken = service
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    let mut abandoned = 0;
    if let Some(service) = taken {
        abandoned = service.drain(DRAIN).await.abandoned;
    }
    sampler.end((count(abandoned), 0));
    life.tally.record(Event::Exit);
    Ok(())
}

async fn start(life: &Life, job: &Job, slowness: &Arc<AtomicU32>) -> Attempt<Service> {
    let config = ServiceConfig::default();
    let transport = life.transport(PROPERTIES).await?;
    let handler: Arc<dyn Handler> = Arc::new(answering(
        life.recorder(),
        Arc::clone(&life.process),
        life.key,
    ));
    patiently("a service", || {
        let mut builder = Service::builder(&job.service, "1")
            .instance(&job.process.name)
            .config(config.clone())
            .transport(Arc::clone(&transport) as _);
        for topic in &job.serves {
            let slowed = Slowed {
                inner: Arc::clone(&handler),
                factor: Arc::clone(slowness),
            };
            builder = builder.route(topic, slowed);
        }
        builder.start()
    })
    .await
}

/// A handler that takes longer than it has to.
struct Slowed {
    inner: Arc<dyn Handler>,
    factor: Arc<AtomicU32>,
}

impl Handler for Slowed {
    fn handle(&self, request: Inbound) -> BoxFuture<'static, Result<Reply, Status>> {
        let longer = USUAL * self.factor.load(Ordering::Relaxed);
        let inner = Arc::clone(&self.inner);
        Box::pin(async move {
            if !longer.is_zero() {
                tokio::time::sleep(longer).await;
            }
            inner.handle(request).await
        })
    }
}

fn held(service: &Service) -> (u64, u64) {
    (count(service.running()), count(service.unacknowledged()))
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
