//! Topics: making, changing and removing them.

pub(crate) mod config_entry;
pub(crate) mod create;
pub(crate) mod describe;
pub(crate) mod groups;
pub(crate) mod metadata;
pub(crate) mod request;

use std::time::{Duration, Instant};

use rdkafka_sys::{
    rd_kafka_CreatePartitions, rd_kafka_CreateTopics, rd_kafka_DeleteTopic_destroy,
    rd_kafka_DeleteTopic_new, rd_kafka_DeleteTopics, rd_kafka_NewPartitions_destroy,
    rd_kafka_NewPartitions_new, rd_kafka_NewTopic_destroy, rd_kafka_NewTopic_new,
    rd_kafka_NewTopic_set_config, rd_kafka_admin_op_t as Operation, rd_kafka_resp_err_t as Code,
};

use crate::admin::request::{Options, Owned, Submit};
use crate::client::Client;
use crate::event::Event;
use crate::event::queue::PrivateQueue;
use crate::ffi::c_string::{Reason, c_string, topic_name};
use crate::ffi::deadline::end_of;
use crate::{Error, Producer, Properties, Reports, is_embedded};

/// librdkafka accepts no longer timeout for a request.
const LONGEST: Duration = Duration::from_secs(3_600);

/// How much longer than the request its answer is awaited: librdkafka itself answers a request
/// that has timed out.
const PATIENCE: Duration = Duration::from_secs(1);

/// A client for the administration of topics. Every method blocks, up to its timeout.
#[derive(Debug)]
pub struct Admin {
    /// Administration goes through any client; this one never sends a message.
    producer: Producer,
}

/// A topic to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTopic {
    /// Its name.
    pub name: String,
    /// How many partitions it shall have; -1 leaves it to the broker.
    pub partitions: i32,
    /// How many replicas each shall have; -1 leaves it to the broker.
    pub replication: i32,
    /// Its configuration, for example `retention.ms`.
    pub configs: Vec<(String, String)>,
}

impl Admin {
    /// Builds a client. Does not wait for a connection; does not block.
    ///
    /// # Errors
    ///
    /// [`InvalidConfig`](crate::ErrorKind::InvalidConfig) with the name of the property.
    pub fn new(props: &Properties) -> Result<Self, Error> {
        Producer::new(props, Reports::ErrorsOnly).map(|producer| Self { producer })
    }

    /// Makes a topic. That it exists in the whole cluster may take a moment longer.
    ///
    /// # Errors
    ///
    /// [`TopicExists`](crate::ErrorKind::TopicExists); [`Unsupported`](crate::ErrorKind::Unsupported)
    /// on the embedded broker, see [`auto_create`](crate::auto_create); what the broker refuses.
    pub fn create_topic(&self, topic: &NewTopic, timeout: Duration) -> Result<(), Error> {
        const WHAT: &str = "creating a topic";
        let new = build_topic(WHAT, topic)?;
        let submit = |to: &Submit| {
            // SAFETY: everything that `to` holds is alive; librdkafka copies the topic.
            unsafe { rd_kafka_CreateTopics(to.rk, &mut new.as_ptr(), 1, to.options, to.queue) }
        };
        let operation = Operation::RD_KAFKA_ADMIN_OP_CREATETOPICS;
        self.ask(WHAT, operation, timeout, submit, |event| {
            describe::created(WHAT, event)
        })
        .map_err(|error| error.at(topic.name.as_str(), None))
    }

    /// Removes a topic with all its records.
    ///
    /// # Errors
    ///
    /// [`UnknownTopic`](crate::ErrorKind::UnknownTopic); what the broker refuses.
    pub fn delete_topic(&self, topic: &str, timeout: Duration) -> Result<(), Error> {
        const WHAT: &str = "deleting a topic";
        let name = topic_name(WHAT, topic)?;
        // SAFETY: librdkafka copies the name; the object is ours and freed by `Owned`.
        let old = unsafe {
            Owned::new(
                WHAT,
                rd_kafka_DeleteTopic_new(name.as_ptr()),
                rd_kafka_DeleteTopic_destroy,
            )?
        };
        let submit = |to: &Submit| {
            // SAFETY: everything that `to` holds is alive; librdkafka copies the object.
            unsafe { rd_kafka_DeleteTopics(to.rk, &mut old.as_ptr(), 1, to.options, to.queue) }
        };
        let operation = Operation::RD_KAFKA_ADMIN_OP_DELETETOPICS;
        self.ask(WHAT, operation, timeout, submit, |event| {
            describe::deleted(WHAT, event)
        })
        .map_err(|error| error.at(topic, None))
    }

    /// Gives a topic more partitions: `total` in all.
    ///
    /// # Errors
    ///
    /// [`UnknownTopic`](crate::ErrorKind::UnknownTopic); what the broker refuses, for example
    /// fewer partitions than there are.
    pub fn create_partitions(
        &self,
        topic: &str,
        total: u32,
        timeout: Duration,
    ) -> Result<(), Error> {
        const WHAT: &str = "adding partitions";
        let name = topic_name(WHAT, topic)?;
        let mut reason = Reason::new();
        // SAFETY: librdkafka copies the name and writes at most the given size of reason; the
        // object is ours and freed by `Owned`.
        let more = unsafe {
            let (text, size) = (reason.as_mut_ptr(), reason.size());
            let more = rd_kafka_NewPartitions_new(name.as_ptr(), total as usize, text, size);
            Owned::new(WHAT, more, rd_kafka_NewPartitions_destroy)
                .map_err(|error| error.because(reason.text()))?
        };
        let submit = |to: &Submit| {
            // SAFETY: everything that `to` holds is alive; librdkafka copies the object.
            unsafe { rd_kafka_CreatePartitions(to.rk, &mut more.as_ptr(), 1, to.options, to.queue) }
        };
        let operation = Operation::RD_KAFKA_ADMIN_OP_CREATEPARTITIONS;
        self.ask(WHAT, operation, timeout, submit, |event| {
            describe::extended(WHAT, event)
        })
        .map_err(|error| error.at(topic, None))
    }

    pub(crate) fn client(&self) -> &Client {
        self.producer.client()
    }

    /// Sends a request and reads its answer.
    pub(crate) fn ask<T>(
        &self,
        what: &'static str,
        operation: Operation,
        timeout: Duration,
        submit: impl FnOnce(&Submit),
        read: impl FnOnce(&Event<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let end = end_of(timeout.min(LONGEST));
        self.refuse_embedded(what, timeout)?;
        let inside = self.client().enter(what)?;
        let answers = PrivateQueue::new(&inside)?;
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Error::timed_out(what));
        }
        let options = Options::new(what, inside.rk(), operation, left)?;
        submit(&Submit {
            rk: inside.rk(),
            options: options.0.as_ptr(),
            queue: answers.as_ptr(),
        });
        let answer = answers
            .poll(left + PATIENCE)
            .ok_or_else(|| Error::timed_out(what))?;
        // No other code reads the errors of this client; librdkafka logs them too.
        self.producer.poll_events(Duration::ZERO, &mut |_| {});
        Error::check(what, answer.code()).map_err(|error| error.because(answer.reason()))?;
        read(&answer)
    }

    /// The embedded broker does not answer such requests at all.
    fn refuse_embedded(&self, what: &'static str, timeout: Duration) -> Result<(), Error> {
        match self.cluster_id(timeout) {
            Some(id) if is_embedded(&id) => {
                let code = Code::RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE as i32;
                Err(Error::of_code(what, code).because("not on the embedded broker".to_owned()))
            }
            _ => Ok(()),
        }
    }
}

fn build_topic(
    what: &'static str,
    topic: &NewTopic,
) -> Result<Owned<rdkafka_sys::rd_kafka_NewTopic_t>, Error> {
    let name = topic_name(what, &topic.name)?;
    let mut reason = Reason::new();
    // SAFETY: librdkafka copies the name and writes at most the given size of reason; the object
    // is ours and freed by `Owned`.
    let new = unsafe {
        let (text, size) = (reason.as_mut_ptr(), reason.size());
        let (partitions, replication) = (topic.partitions, topic.replication);
        let new = rd_kafka_NewTopic_new(name.as_ptr(), partitions, replication, text, size);
        Owned::new(what, new, rd_kafka_NewTopic_destroy)
            .map_err(|error| error.because(reason.text()))?
    };
    for (key, value) in &topic.configs {
        let (key, value) = (c_string(what, key)?, c_string(what, value)?);
        // SAFETY: the object is alive; librdkafka copies both strings.
        unsafe { rd_kafka_NewTopic_set_config(new.as_ptr(), key.as_ptr(), value.as_ptr()) };
    }
    Ok(new)
}
