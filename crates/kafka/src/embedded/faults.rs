//! Faults of an embedded broker.

use std::ffi::c_int;
use std::time::Duration;

use rdkafka_sys::{
    rd_kafka_mock_broker_push_request_error_rtts, rd_kafka_mock_broker_set_down,
    rd_kafka_mock_broker_set_rtt, rd_kafka_mock_broker_set_up, rd_kafka_mock_clear_request_errors,
    rd_kafka_mock_partition_set_leader, rd_kafka_mock_push_request_errors_array,
    rd_kafka_resp_err_t as Code,
};

use crate::ffi::c_string::topic_name;
use crate::ffi::deadline::millis;
use crate::{EmbeddedBroker, Error};

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

impl EmbeddedBroker {
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

fn check(what: &'static str, code: Code) -> Result<(), Error> {
    Error::check(what, code as i32)
}
