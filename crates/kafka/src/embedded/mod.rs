//! A broker inside the process.

pub(crate) mod faults;

use std::ptr::NonNull;

use rdkafka_sys::{
    rd_kafka_mock_cluster_bootstraps, rd_kafka_mock_cluster_destroy, rd_kafka_mock_cluster_new,
    rd_kafka_mock_cluster_t, rd_kafka_mock_group_initial_rebalance_delay_ms,
    rd_kafka_mock_topic_create,
};

use crate::client::Client;
use crate::client::role::Role;
use crate::ffi::c_string;
use crate::ffi::c_string::topic_name;
use crate::{Error, Properties};

/// Each takes a socket, and the mock cluster ends the process if it does not get one.
const MOST_BROKERS: i32 = 100;

/// How many replicas a partition has in a cluster that is large enough.
const MOST_REPLICAS: i32 = 3;

/// How an embedded broker is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmbeddedConfig {
    /// How many brokers the cluster has, 1 to 100, numbered from 1.
    pub brokers: i32,
}

impl Default for EmbeddedConfig {
    fn default() -> Self {
        Self { brokers: 1 }
    }
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
    pub(crate) cluster: NonNull<rd_kafka_mock_cluster_t>,
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
    /// No brokers were asked for or too many, or no thread was to be had.
    pub fn start(config: EmbeddedConfig) -> Result<Self, Error> {
        const WHAT: &str = "starting the embedded broker";
        if !(1..=MOST_BROKERS).contains(&config.brokers) {
            return Err(Error::invalid(WHAT, "a cluster has 1 to 100 brokers"));
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
        unsafe { c_string::copy(rd_kafka_mock_cluster_bootstraps(self.cluster.as_ptr())) }
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
        Error::check(WHAT, code as i32).map_err(|error| error.at(name, None))
    }
}

impl Drop for EmbeddedBroker {
    fn drop(&mut self) {
        self.client.in_use.close();
        // SAFETY: no other code has the cluster or its client; the cluster goes before the client,
        // as librdkafka asks for.
        unsafe {
            rd_kafka_mock_cluster_destroy(self.cluster.as_ptr());
            self.client.destroy();
        }
    }
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
