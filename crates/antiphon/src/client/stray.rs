//! Replies that nobody waits for: counted, and shown to whoever asks.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use antiphon_proto::CorrelationId;
use tokio::sync::broadcast;

use crate::{telemetry::metrics::ClientMetrics, transport::Record};

/// Why a reply found no call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StrayKind {
    /// Its call had ended: by timeout, by its caller, or by shutdown.
    Late,
    /// Its call already had its reply; or a responder voted twice in a gather.
    Duplicate,
    /// It belongs to another instance that shares the partition. Expected there.
    Foreign,
    /// It bears no id that this client ever gave out.
    Unknown,
    /// A gather had enough, or had no room for it.
    Surplus,
}

/// A reply that nobody waited for.
#[derive(Clone, Debug)]
pub struct StrayReply {
    /// Why.
    pub kind: StrayKind,
    /// The id, where one could be read.
    pub correlation_id: Option<CorrelationId>,
    /// Partition of the reply topic.
    pub partition: i32,
    /// Offset in the partition.
    pub offset: i64,
}

/// How many replies found no call, by kind, since the client was connected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StrayCounts {
    /// See [`StrayKind::Late`].
    pub late: u64,
    /// See [`StrayKind::Duplicate`].
    pub duplicate: u64,
    /// See [`StrayKind::Foreign`].
    pub foreign: u64,
    /// See [`StrayKind::Unknown`].
    pub unknown: u64,
    /// See [`StrayKind::Surplus`].
    pub surplus: u64,
}

/// Counts strays and shows them. Foreign ones are only counted: on a shared partition they are
/// the other instances' ordinary replies.
#[derive(Debug)]
pub(crate) struct Strays {
    late: AtomicU64,
    duplicate: AtomicU64,
    foreign: AtomicU64,
    unknown: AtomicU64,
    surplus: AtomicU64,
    observers: broadcast::Sender<StrayReply>,
    metrics: Arc<ClientMetrics>,
}

/// How many strays an observer may lag behind before it misses the oldest.
const OBSERVER_QUEUE: usize = 1024;

impl Strays {
    pub(crate) fn new(metrics: Arc<ClientMetrics>) -> Self {
        Self {
            late: AtomicU64::new(0),
            duplicate: AtomicU64::new(0),
            foreign: AtomicU64::new(0),
            unknown: AtomicU64::new(0),
            surplus: AtomicU64::new(0),
            observers: broadcast::Sender::new(OBSERVER_QUEUE),
            metrics,
        }
    }

    pub(crate) fn observe(&self) -> broadcast::Receiver<StrayReply> {
        self.observers.subscribe()
    }

    pub(crate) fn counts(&self) -> StrayCounts {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        StrayCounts {
            late: of(&self.late),
            duplicate: of(&self.duplicate),
            foreign: of(&self.foreign),
            unknown: of(&self.unknown),
            surplus: of(&self.surplus),
        }
    }

    pub(crate) fn count(&self, kind: StrayKind, id: Option<CorrelationId>, record: &Record<'_>) {
        let (own, shown) = match kind {
            StrayKind::Late => (&self.late, &self.metrics.late),
            StrayKind::Duplicate => (&self.duplicate, &self.metrics.duplicate),
            StrayKind::Foreign => (&self.foreign, &self.metrics.foreign),
            StrayKind::Unknown => (&self.unknown, &self.metrics.unknown),
            StrayKind::Surplus => (&self.surplus, &self.metrics.surplus),
        };
        own.fetch_add(1, Ordering::Relaxed);
        shown.increment(1);
        if kind != StrayKind::Foreign && self.observers.receiver_count() > 0 {
            // Fails only when the last observer has just gone.
            let _ = self.observers.send(StrayReply {
                kind,
                correlation_id: id,
                partition: record.partition,
                offset: record.offset,
            });
        }
    }
}
