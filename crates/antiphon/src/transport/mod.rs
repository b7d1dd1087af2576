//! The seam between the core and a log.
//!
//! A transport is *push-shaped*: it calls the core with batches of borrowed records, delivery
//! reports, assignment changes and ticks, on a thread or task of its own, and the core never
//! blocks in such a call. Pulling one record at a time through an async stream costs a wake-up
//! per hop; a batch costs one for many records.
//!
//! Two transports exist: [`kafka`] and, behind the feature `test-util`, `memory`.

mod clock;
mod entropy;
mod error;
pub mod kafka;
mod last_offsets;
mod matching;
#[cfg(feature = "test-util")]
pub mod memory;
mod record;

use std::{fmt, sync::Arc, time::Duration};

use futures::future::BoxFuture;

pub(crate) use self::record::{HeaderList, OutgoingHeaders};
pub use self::{
    clock::{Clock, SystemClock},
    entropy::{Entropy, SystemEntropy},
    error::{TransportError, TransportErrorKind},
    last_offsets::LastOffsets,
    matching::Matching,
    record::{HeaderPairs, Headers, Outgoing, Record, Returned, TopicRef},
};

/// A log that requests and replies travel on.
pub trait Transport: Send + Sync + fmt::Debug + 'static {
    /// The clock that deadlines are measured with.
    fn clock(&self) -> Arc<dyn Clock>;

    /// The random numbers that ids are made of, and choices that do not matter.
    fn entropy(&self) -> Arc<dyn Entropy> {
        Arc::new(SystemEntropy)
    }

    /// How many partitions `topic` has; `None` when it does not exist. Never creates it.
    fn partitions<'a>(
        &'a self,
        topic: &'a str,
        timeout: Duration,
    ) -> BoxFuture<'a, Result<Option<u32>, TransportError>>;

    /// Creates the topic unless it exists; returns how many partitions it has.
    fn ensure_topic<'a>(
        &'a self,
        topic: &'a TopicSpec,
        timeout: Duration,
    ) -> BoxFuture<'a, Result<u32, TransportError>>;

    /// Starts a publisher that reports to `sink`. A transport may have any number of them.
    fn publisher(
        &self,
        limits: PublisherLimits,
        sink: Arc<dyn DeliverySink>,
    ) -> Result<Arc<dyn Publisher>, TransportError>;

    /// Reads one partition from `start`.
    ///
    /// Returns once the position is *fixed*: any record at or after it, and any that is appended
    /// after this future has resolved, reaches `sink`. An offset that the partition does not have
    /// is [`OffsetOutOfRange`](TransportErrorKind::OffsetOutOfRange): nothing is skipped silently.
    fn read<'a>(
        &'a self,
        topic: &'a str,
        partition: i32,
        start: Start,
        sink: Box<dyn RecordSink>,
        timeout: Duration,
    ) -> BoxFuture<'a, Result<Arc<dyn Subscription>, TransportError>>;

    /// Joins a consumer group on `topics`, from the committed offsets, else from the beginning.
    fn join_group(
        &self,
        group: &str,
        topics: &[String],
        sink: Box<dyn RecordSink>,
        events: Arc<dyn GroupEvents>,
    ) -> Result<Arc<dyn Subscription>, TransportError>;
}

/// Where the reading of a partition starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// At the oldest record that the partition has.
    Beginning,
    /// At this offset.
    Offset(i64),
    /// At the end: only records that are appended later are read.
    End,
}

impl Start {
    /// The offset to read first, of a partition that has the offsets from `low` up to, and not
    /// including, `high`. `None` when the partition does not have it.
    pub fn resolve(self, low: i64, high: i64) -> Option<i64> {
        match self {
            Self::Beginning => Some(low),
            Self::Offset(offset) => (low..=high).contains(&offset).then_some(offset),
            Self::End => Some(high),
        }
    }
}

/// What a publisher has to hold, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublisherLimits {
    /// How many records may wait in the send queue. Some room is added for resends.
    pub queue: u32,
    /// When a record that could not be sent is given up. `None` leaves it to the transport. A
    /// client gives the timeout of its calls, so that no request is sent after its caller has gone.
    pub message_timeout: Option<Duration>,
}

/// Appends records. Cheap to share; publishing never blocks.
pub trait Publisher: Send + Sync + fmt::Debug {
    /// A handle that makes publishing to `name` cheap.
    fn topic(&self, name: &str) -> Result<TopicRef, TransportError>;

    /// Hands one record over. `Ok` means accepted for sending, not sent: the outcome arrives at
    /// the [`DeliverySink`] under the record's token.
    fn publish(&self, record: &Outgoing<'_>) -> Result<(), TransportError>;

    /// Sends what is queued until `deadline` has passed, then lets go of the rest. Starts at
    /// once; the future only waits for the end.
    fn close(&self, deadline: Duration) -> BoxFuture<'static, ()>;
}

/// A running consumer.
pub trait Subscription: Send + Sync + fmt::Debug {
    /// Asks for [`RecordSink::demand`] again, after it has said zero.
    fn resume(&self);

    /// Commits offsets in the background. Each offset is the next one to read.
    fn commit(&self, offsets: &[PartitionOffset]);

    /// Commits what `last` names, leaves the group and stops, within `deadline`. Starts at once; the
    /// future only waits for the end.
    fn close(&self, last: LastOffsets, deadline: Duration) -> BoxFuture<'static, ()>;
}

/// Takes records in. Called from one thread at a time, and must not block.
pub trait RecordSink: Send {
    /// Where this sink wants to be called, for a transport that has the choice. Asked once, before
    /// the first record.
    fn matching(&self) -> Matching {
        Matching::default()
    }

    /// How many records may come next. Zero stops delivery until [`Subscription::resume`].
    fn demand(&mut self) -> usize;

    /// A batch, in order per partition.
    fn records(&mut self, batch: &mut dyn Iterator<Item = Record<'_>>);

    /// Called between batches, and no later than after the returned time.
    ///
    /// `caught_up` is true when everything that had arrived locally before this call has been
    /// handed over.
    fn tick(&mut self, caught_up: bool) -> Duration;

    /// The subscription met an error. After one that [`TransportError::is_lost`], nothing more
    /// comes and the subscription has to be made anew.
    fn fault(&mut self, error: TransportError);
}

/// Takes delivery reports in. Must not block. Each published record is reported once.
pub trait DeliverySink: Send + Sync {
    /// Whether successes are wanted. Without them a report comes only for a failure.
    fn wants_success(&self) -> bool;

    /// A batch of outcomes. Called from one thread.
    fn delivered(&self, batch: &mut dyn Iterator<Item = Delivery>);

    /// One record has been acknowledged by the brokers. Called on whichever thread saw it, which
    /// may be one that all traffic with a broker waits for: so it has to be short, and must not
    /// publish.
    ///
    /// Unless it is implemented, [`delivered`](Self::delivered) gets the success, on that thread.
    fn acknowledged(&self, token: u64) {
        let result = Ok(());
        self.delivered(&mut std::iter::once(Delivery { token, result }));
    }

    /// The publisher met an error that belongs to no single record.
    fn fault(&self, error: TransportError);
}

/// Takes changes of group membership in.
pub trait GroupEvents: Send + Sync {
    /// These partitions are ours now; records follow.
    fn assigned(&self, partitions: &[TopicPartition]);

    /// These partitions are about to go. The transport waits for the future, commits the offsets
    /// that it returns (unless they are `lost` already), and gives the partitions up.
    fn revoked(
        &self,
        partitions: &[TopicPartition],
        lost: bool,
    ) -> BoxFuture<'static, Vec<PartitionOffset>>;
}

/// A partition of a topic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// Topic name.
    pub topic: Arc<str>,
    /// Partition number.
    pub partition: i32,
}

/// A position in a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionOffset {
    /// Where.
    pub at: TopicPartition,
    /// The next offset to read.
    pub next: i64,
}

/// A topic to create.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSpec {
    /// Topic name.
    pub name: String,
    /// Number of partitions.
    pub partitions: u32,
    /// Replication factor; `None` takes the broker's default.
    pub replication: Option<u32>,
    /// Topic configuration, as Kafka names it (`retention.ms`, …).
    pub configs: Vec<(String, String)>,
}

/// What became of one published record.
#[derive(Debug)]
pub struct Delivery {
    /// The record's token.
    pub token: u64,
    /// `Ok`: acknowledged by the brokers.
    pub result: Result<(), DeliveryFailure>,
}

/// Why a record was not acknowledged.
#[derive(Debug)]
pub struct DeliveryFailure {
    /// True when the record may be in the log all the same.
    pub possibly_persisted: bool,
    /// The cause.
    pub error: TransportError,
    /// The record, for a sink that [wants successes](DeliverySink::wants_success): it will see to
    /// it that the record is stored in the end. A reply that does not come back is given up.
    pub record: Option<Box<Returned>>,
}
