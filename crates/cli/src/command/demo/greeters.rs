//! The service of the demonstration: three instances in one group.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use antiphon::{DrainReport, Service};
use bytes::Bytes;
use futures::future::try_join_all;

use super::{expect::expect, page::Page, setup::Setup, topics::PARTITIONS};
use crate::{failure::Failure, output::thousands};

/// The time that the operation `slow` takes.
pub(super) const SLOW: Duration = Duration::from_millis(400);

const NAMES: [&str; 3] = ["greeter-1", "greeter-2", "greeter-3"];

/// Time limit for the instances to share the partitions. Kafka delays the first rebalance of a new
/// group to wait for more members.
const JOIN: Duration = Duration::from_secs(20);

/// The three instances.
pub(super) struct Greeters(Vec<Greeter>);

struct Greeter {
    name: &'static str,
    service: Service,
    answered: Arc<AtomicU64>,
}

impl Greeters {
    /// Starts the instances, and waits until each has partitions.
    pub(super) async fn start(setup: &Setup) -> Result<Self, Failure> {
        let starting = NAMES.map(|name| Greeter::start(setup, name));
        let greeters = Self(try_join_all(starting).await?);
        let until = Instant::now() + JOIN;
        while !greeters.share_everything() {
            expect(Instant::now() < until, || {
                format!("the instances did not share the partitions within {JOIN:?}")
            })?;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(greeters)
    }

    fn share_everything(&self) -> bool {
        let shares = self.0.iter().map(|one| one.service.partitions().len());
        let shares: Vec<_> = shares.collect();
        let all = usize::try_from(PARTITIONS).unwrap_or(1);
        // An embedded broker of another process chooses the number of partitions.
        shares.iter().all(|share| *share > 0) && shares.iter().sum::<usize>() >= all.min(4)
    }

    pub(super) fn show(&self, page: &mut Page) -> Result<(), Failure> {
        page.section("A service of three instances")?;
        page.paragraph(
            "Three instances of the service \"greeter\" have joined one consumer group. Kafka assigns\n\
             each a share of the partitions of the request topic. Each request goes to one instance.",
        )?;
        let rows = self.0.iter().map(|one| {
            let mut partitions = one.service.partitions();
            partitions.sort_by_key(|at| at.partition);
            let names = partitions
                .iter()
                .map(|at| format!("{}/{}", at.topic, at.partition));
            vec![one.name.to_owned(), names.collect::<Vec<_>>().join("  ")]
        });
        page.table(&["instance", "partitions"], &rows.collect::<Vec<_>>())
    }

    /// The number of requests that each instance has answered.
    pub(super) fn answered(&self) -> Vec<(&'static str, u64)> {
        let counts = self.0.iter();
        counts
            .map(|one| (one.name, one.answered.load(Ordering::Relaxed)))
            .collect()
    }

    /// The number of requests answered in total.
    pub(super) fn total(&self) -> u64 {
        self.answered().iter().map(|(_, count)| count).sum()
    }

    /// The number of requests that run now.
    pub(super) fn running(&self) -> usize {
        self.0.iter().map(|one| one.service.running()).sum()
    }

    /// Stops one instance gracefully.
    pub(super) async fn drain_one(
        &mut self,
        limit: Duration,
    ) -> Result<(&'static str, DrainReport), Failure> {
        expect(!self.0.is_empty(), || "no instance is left".to_owned())?;
        let one = self.0.remove(0);
        Ok((one.name, one.service.drain(limit).await))
    }
}

impl Greeter {
    async fn start(setup: &Setup, name: &'static str) -> Result<Self, Failure> {
        let answered = Arc::new(AtomicU64::new(0));
        let (plain, slow) = (Arc::clone(&answered), Arc::clone(&answered));
        let topic = setup.greetings();
        let service = Service::builder("greeter")
            .version("1.0.0")
            .instance(name)
            .kafka(setup.kafka.clone())
            .config(setup.service_config())
            .group(format!("{}.greeter", setup.prefix))
            .route(&topic, move |value: Bytes| greet(Arc::clone(&plain), value))
            .operation(&topic, "slow", move |value: Bytes| {
                let answered = Arc::clone(&slow);
                async move {
                    tokio::time::sleep(SLOW).await;
                    greet(answered, value).await
                }
            })
            .start()
            .await?;
        Ok(Self {
            name,
            service,
            answered,
        })
    }
}

async fn greet(answered: Arc<AtomicU64>, value: Bytes) -> Result<Vec<u8>, antiphon::Status> {
    answered.fetch_add(1, Ordering::Relaxed);
    Ok([b"hello, ", &*value].concat())
}

/// The counts as text: `greeter-1 1,000, greeter-2 1,200`.
pub(super) fn tally(counts: &[(&'static str, u64)]) -> String {
    let each = counts
        .iter()
        .map(|(name, count)| format!("{name} {}", thousands(*count)));
    each.collect::<Vec<_>>().join(", ")
}
