//! What all processes of a run have in common: a history, orders, and an end.

use std::{sync::Arc, time::Duration};

use antiphon::{config::KafkaConfig, transport::kafka::KafkaTransport};
use antiphon_testbed::{
    reason::{Attempt, Because as _},
    worker::{self, say},
};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc,
};
use tracing_subscriber::EnvFilter;

use super::{DONE, job::Job, order::Order, tally::Tally};
use crate::{
    history::{HistoryFile, Key, ProcessId, Recorder},
    witness::{WallShift, Witness},
};

/// How long a process that starts in the middle of a fault goes on to look for its brokers.
const CONNECT: Duration = Duration::from_secs(120);

/// Orders that wait to be carried out.
const ORDERS: usize = 16;

/// One life of a process.
#[derive(Debug)]
pub(super) struct Life {
    pub(super) tally: Arc<Tally>,
    pub(super) process: Arc<ProcessId>,
    pub(super) key: Key,
    shift: WallShift,
    servers: String,
    properties: Vec<(String, String)>,
    orders: mpsc::Receiver<Order>,
    stop: Signal,
}

impl Life {
    /// Begins its history, and has it end with who started it.
    pub(super) fn begin(job: &Job) -> Attempt<Self> {
        die_with_parent();
        log();
        let (sender, orders) = mpsc::channel(ORDERS);
        worker::end_with_parent(move |line| match Order::parse(line) {
            Some(order) => drop(sender.blocking_send(order)),
            None => eprintln!("{line:?} is no order"),
        });
        let file = HistoryFile::create(&job.directory, &job.process, job.began);
        Ok(Self {
            tally: Tally::new(file.because("a history")?),
            process: Arc::new(job.process.clone()),
            key: Key(job.key),
            shift: WallShift::default(),
            servers: job.servers.clone(),
            properties: job.properties.clone(),
            orders,
            stop: signal(SignalKind::terminate()).because("SIGTERM")?,
        })
    }

    pub(super) fn recorder(&self) -> Arc<dyn Recorder> {
        Arc::clone(&self.tally) as Arc<dyn Recorder>
    }

    /// The way to the brokers, which writes down what goes over it.
    pub(super) async fn transport(&self, properties: &[(&str, &str)]) -> Attempt<Arc<Witness>> {
        let mut kafka = KafkaConfig::new(&self.servers).property("client.id", &self.process.name);
        for (name, value) in properties {
            kafka = kafka.property(*name, *value);
        }
        for (name, value) in &self.properties {
            kafka = kafka.property(name, value);
        }
        let connected = patiently("the brokers", || KafkaTransport::connect(&kafka)).await?;
        Ok(Arc::new(Witness::new(
            Arc::new(connected),
            self.recorder(),
            self.process.role,
            self.key,
            self.shift.clone(),
        )))
    }

    /// Carries out what any process can, and returns what is for this kind of process alone; `None`: it has to stop.
    pub(super) async fn next(&mut self) -> Option<Order> {
        loop {
            let order = tokio::select! {
                _ = self.stop.recv() => return None,
                order = self.orders.recv() => order?,
            };
            match &order {
                Order::Clock(by) => self.shift.set(*by),
                Order::Abort(kind, nth) => self.tally.abort_at(kind, *nth),
                _ => return Some(order),
            }
            confirm(&order);
        }
    }
}

/// Says that an order was carried out.
pub(super) fn confirm(order: &Order) {
    // If nobody listens, this process ends soon.
    let _ = say(&format!("{DONE}{order}"));
}

/// Tries again until it works: brokers may be down just now.
pub(super) async fn patiently<T, E: std::fmt::Display, F: Future<Output = Result<T, E>>>(
    what: &str,
    mut attempt: impl FnMut() -> F,
) -> Attempt<T> {
    let give_up = tokio::time::Instant::now() + CONNECT;
    loop {
        match attempt().await {
            Ok(done) => return Ok(done),
            Err(error) if tokio::time::Instant::now() > give_up => {
                return Err(format!("{what}: {error}"));
            }
            Err(error) => eprintln!("{what}: {error}; trying again"),
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// What the product has to say goes to the log of the process.
fn log() {
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(
            EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info")),
        )
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .finish();
    // Set once, here.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// A frozen process does not see that its stdin was closed.
fn die_with_parent() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Signal, set_parent_process_death_signal};
        // Without it the process ends when it is no longer frozen.
        let _ = set_parent_process_death_signal(Some(Signal::KILL));
    }
}
