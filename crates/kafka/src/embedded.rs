//! A broker inside the process.

use std::ffi::c_int;
use std::ptr::NonNull;
use std::time::Duration;

use rdkafka_sys::{
    rd_kafka_mock_broker_push_request_error_rtts, rd_kafka_mock_broker_set_down,
    rd_kafka_mock_broker_set_rtt, rd_kafka_mock_broker_set_up, rd_kafka_mock_clear_request_errors,
    rd_kafka_mock_cluster_bootstraps, rd_kafka_mock_cluster_destroy, rd_kafka_mock_cluster_new,
    rd_kafka_mock_cluster_t, rd_kafka_mock_group_initial_rebalance_delay_ms,
    rd_kafka_mock_partition_set_leader, rd_kafka_mock_push_request_errors_array,
    rd_kafka_mock_topic_create, rd_kafka_resp_err_t as Code,
};

use crate::client::Client;
use crate::role::Role;
use crate::text::{self, topic_name};
use crate::wait::millis;
use crate::{Error, Properties};

/// How many replicas a partition has in a cluster that is large enough.
const MOST_REPLICAS: i32 = 3;

/// How an embedded broker is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmbeddedConfig {
    /// How many brokers the cluster has, numbered from 1.
    pub brokers: i32,
}

impl Default for EmbeddedConfig {
    fn default() -> Self {
        Self { brokers: 1 }
    }
}

/// Requests in which faults can be put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the names are those of the Kafka protocol")]
pub enum RequestKind {
    Produce = 0,
    Fetch = 1,
    ListOffsets = 2,
    Metadata = 3,
    OffsetCommit = 8,
    OffsetFetch = 9,
    FindCoordinator = 10,
    JoinGroup = 11,
    Heartbeat = 12,
    LeaveGroup = 13,
    SyncGroup = 14,
    ApiVersion = 18,
    InitProducerId = 22,
}

/// A small Kafka cluster in memory: librdkafka's mock cluster, on ports of 127.0.0.1 that it
/// chooses, also for other processes.
///
/// It keeps at most 5 MiB of each partition. It has no administration of topics, no
/// transactions worth the name, no static membership and no look-up of offsets by time, and it
/// refuses commits while members join: with an eager assignor, a commit in
/// [`revoked`](crate::ConsumerEvents::revoked) fails. Clients should have [`embedded_profile`] set. Dropping it stops it, which blocks for some milliseconds.
#[derive(Debug)]
pub struct EmbeddedBroker {
    cluster: NonNull<rd_kafka_mock_cluster_t>,
    client: Client,
    brokers: i32,
}

// SAFETY: the functions of the mock cluster that are used here take its lock or go through its
// queue: any thread may call them.
unsafe impl Send for EmbeddedBroker {}
// SAFETY: as above, and several at once.
unsafe impl Sync for EmbeddedBroker {}

impl EmbeddedBroker {
    /// Starts a cluster.
    ///
    /// # Errors
    ///
    /// No brokers were asked for, or no socket or thread was to be had.
    pub fn start(config: EmbeddedConfig) -> Result<Self, Error> {
        const WHAT: &str = "starting the embedded broker";
        if config.brokers < 1 {
            return Err(Error::invalid(WHAT, "a cluster has at least one broker"));
        }
        let mut props = Properties::new();
        // Only warnings: that this client has no brokers to connect to is as it should be.
        props
            .set("client.id", "embedded-broker")
            .set("log_level", "4");
        let client = Client::new(Role::Producer, &props, 0)?;
        // SAFETY: the client is alive and outlives the cluster, see `drop`.
        let cluster = unsafe { rd_kafka_mock_cluster_new(client.rk(), config.brokers) };
        let Some(cluster) = NonNull::new(cluster) else {
            return Err(Error::invalid(WHAT, "no socket or no thread was to be had"));
        };
        // SAFETY: the cluster is alive. A group would wait 3 s for more members before its first
        // assignment.
        unsafe { rd_kafka_mock_group_initial_rebalance_delay_ms(cluster.as_ptr(), 0) };
        Ok(Self {
            cluster,
            client,
            brokers: config.brokers,
        })
    }

    /// The `bootstrap.servers` of the cluster.
    #[must_use]
    pub fn bootstrap_servers(&self) -> String {
        // SAFETY: the cluster is alive, and the string a part of it.
        unsafe { text::copy(rd_kafka_mock_cluster_bootstraps(self.cluster.as_ptr())) }
    }

    /// Makes a topic, with one replica of each partition for each broker up to three.
    ///
    /// # Errors
    ///
    /// It exists already, or there are no partitions.
    pub fn create_topic(&self, name: &str, partitions: i32) -> Result<(), Error> {
        const WHAT: &str = "creating a topic on the embedded broker";
        if partitions < 1 {
            return Err(Error::invalid(WHAT, "a topic has at least one partition").at(name, None));
        }
        let c_name = topic_name(WHAT, name)?;
        let replicas = self.brokers.min(MOST_REPLICAS);
        // SAFETY: the cluster is alive; it copies the name. Both numbers are positive.
        let code = unsafe {
            let cluster = self.cluster.as_ptr();
            rd_kafka_mock_topic_create(cluster, c_name.as_ptr(), partitions, replicas)
        };
        check(WHAT, code).map_err(|error| error.at(name, None))
    }

    /// Takes a broker down: it closes its connections and accepts none.
    ///
    /// # Errors
    ///
    /// There is no such broker.
    pub fn broker_down(&self, id: i32) -> Result<(), Error> {
        // SAFETY: the cluster is alive.
        let code = unsafe { rd_kafka_mock_broker_set_down(self.cluster.as_ptr(), id) };
        check("taking a broker down", code)
    }

    /// Brings a broker up again, with what it had.
    ///
    /// # Errors
    ///
    /// There is no such broker.
    pub fn broker_up(&self, id: i32) -> Result<(), Error> {
        // SAFETY: the cluster is alive.
        let code = unsafe { rd_kafka_mock_broker_set_up(self.cluster.as_ptr(), id) };
        check("bringing a broker up", code)
    }

    /// Delays every answer of a broker, in whole milliseconds; `None` means all brokers.
    ///
    /// # Errors
    ///
    /// There is no such broker.
    pub fn round_trip_time(&self, broker: Option<i32>, delay: Duration) -> Result<(), Error> {
        // SAFETY: the cluster is alive; -1 stands for all brokers.
        let code = unsafe {
            let id = broker.unwrap_or(-1);
            rd_kafka_mock_broker_set_rtt(self.cluster.as_ptr(), id, millis(delay))
        };
        check("delaying a broker", code)
    }

    /// Moves the leader of a partition; `None` leaves it without one.
    ///
    /// # Errors
    ///
    /// There is no such topic, partition or broker.
    pub fn partition_leader(
        &self,
        topic: &str,
        partition: i32,
        broker: Option<i32>,
    ) -> Result<(), Error> {
        const WHAT: &str = "moving a leader";
        let c_topic = topic_name(WHAT, topic)?;
        // SAFETY: the cluster is alive; it copies the name. -1 stands for no broker.
        let code = unsafe {
            let (cluster, id) = (self.cluster.as_ptr(), broker.unwrap_or(-1));
            rd_kafka_mock_partition_set_leader(cluster, c_topic.as_ptr(), partition, id)
        };
        check(WHAT, code).map_err(|error| error.at(topic, Some(partition)))
    }

    /// Answers the next requests of a kind with these codes of the Kafka protocol, in order;
    /// -195, librdkafka's own code for a failed connection, closes the connection.
    pub fn request_errors(&self, kind: RequestKind, codes: &[i32]) {
        // SAFETY: the cluster is alive and copies the codes; a C enum is an int, and C takes any.
        unsafe {
            let (cluster, codes_at) = (self.cluster.as_ptr(), codes.as_ptr().cast::<Code>());
            let kind = kind as i16;
            rd_kafka_mock_push_request_errors_array(cluster, kind, codes.len(), codes_at);
        }
    }

    /// Answers the next request of a kind to a broker late, in whole milliseconds.
    ///
    /// # Errors
    ///
    /// There is no such broker.
    pub fn delay_request(
        &self,
        broker: i32,
        kind: RequestKind,
        delay: Duration,
    ) -> Result<(), Error> {
        // SAFETY: the cluster is alive; `1` pair of a code and a number of milliseconds follows,
        // both of them ints.
        let code = unsafe {
            let (cluster, no_error): (_, c_int) = (self.cluster.as_ptr(), 0);
            let (kind, delay) = (kind as i16, millis(delay));
            rd_kafka_mock_broker_push_request_error_rtts(cluster, broker, kind, 1, no_error, delay)
        };
        check("delaying a request", code)
    }

    /// Takes back the codes for a kind that were not used.
    pub fn clear_request_errors(&self, kind: RequestKind) {
        // SAFETY: the cluster is alive.
        unsafe { rd_kafka_mock_clear_request_errors(self.cluster.as_ptr(), kind as i16) }
    }
}

impl Drop for EmbeddedBroker {
    fn drop(&mut self) {
        self.client.gate.close();
        // SAFETY: nobody else has the cluster or its client; the cluster goes before the client,
        // as librdkafka asks for.
        unsafe {
            rd_kafka_mock_cluster_destroy(self.cluster.as_ptr());
            self.client.destroy();
        }
    }
}

fn check(what: &'static str, code: Code) -> Result<(), Error> {
    Error::check(what, code as i32)
}

/// Whether a cluster id is that of an embedded broker.
#[must_use]
pub fn is_embedded(cluster_id: &str) -> bool {
    cluster_id.starts_with("mockCluster")
}

/// Properties for clients of an embedded broker, producers and consumers alike.
///
/// An empty fetch sleeps for `fetch.wait.max.ms` there, whatever is produced meanwhile, and takes
/// one batch of each partition; a rebalance takes one second less than `session.timeout.ms`.
#[must_use]
pub fn embedded_profile() -> &'static [(&'static str, &'static str)] {
    &[
        ("fetch.wait.max.ms", "1"),
        ("heartbeat.interval.ms", "500"),
        ("linger.ms", "1"),
        ("session.timeout.ms", "4000"),
    ]
}
