//! librdkafka made safe and non-blocking.
//!
//! The crate wraps the few parts of librdkafka that a latency-sensitive program needs and nothing
//! else:
//!
//! * [`Producer`]: [`send`](Producer::send) never blocks; delivery reports come in batches from
//!   [`poll_events`](Producer::poll_events), each with the caller's 64-bit token; successes can be
//!   told by a call instead ([`Reports::Acknowledged`]).
//! * [`Consumer`]: records are drained in batches from one work queue by
//!   [`fill`](Consumer::fill); group events are served by another thread in
//!   [`poll_events`](Consumer::poll_events).
//! * [`Admin`]: topics and their configuration, the state of a group.
//! * [`EmbeddedBroker`]: a broker in the process, for tests and demonstrations.
//!
//! # Blocking
//!
//! Every function says in its documentation whether it blocks. Closing and dropping never do: the
//! work runs on a thread of its own, because librdkafka may wait for ever behind a broker that
//! has frozen. A call on a closed client returns an error of kind [`ErrorKind::Closed`].
//!
//! # Safety
//!
//! This is the one crate of the workspace with `unsafe` code. Each block names the rule of
//! librdkafka that it relies on. The central one: a handle is destroyed only when no call and no
//! record that uses it is left, which is kept by counting them.

#[cfg(not(target_pointer_width = "64"))]
compile_error!("a token travels in a pointer of librdkafka: a 64-bit target is needed");

mod acknowledged;
mod admin;
mod batch;
mod bell;
mod build;
mod client;
mod close;
mod commit;
mod conf;
mod consumer;
mod create;
mod describe;
mod embedded;
mod entry;
mod error;
mod event;
mod events;
mod faults;
mod features;
mod gate;
mod groups;
mod headers;
mod kind;
mod log;
mod message;
mod metadata;
mod offsets;
mod outgoing;
mod partitions;
mod producer;
mod queue;
mod rebalance;
mod report;
mod request;
mod role;
mod secret;
mod shutdown;
mod sys;
mod text;
mod topic;
mod wait;

pub use acknowledged::OnAcknowledged;
pub use admin::{Admin, NewTopic};
pub use batch::Batch;
pub use build::{Features, features};
pub use close::CloseHandle;
pub use conf::Properties;
pub use consumer::Consumer;
pub use create::auto_create;
pub use embedded::{EmbeddedBroker, EmbeddedConfig, embedded_profile, is_embedded};
pub use entry::{ConfigEntry, ConfigSource};
pub use error::Error;
pub use events::{ConsumerEvents, Partition};
pub use faults::RequestKind;
pub use features::Lack;
pub use groups::GroupInfo;
pub use headers::Headers;
pub use kind::ErrorKind;
pub use message::Message;
pub use metadata::{BrokerInfo, PartitionInfo, TopicInfo};
pub use outgoing::Outgoing;
pub use producer::{Producer, ProducerEvent, Reports};
pub use report::{Certainty, Failure, Report, ReportBatch};
pub use secret::{is_secret, redacted};
pub use topic::Topic;
