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
//! ```
//! use std::time::Duration;
//!
//! use antiphon_kafka::{
//!     Admin, Batch, Consumer, EmbeddedBroker, EmbeddedConfig, Outgoing, Producer, Properties,
//!     Reports, embedded_profile,
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let broker = EmbeddedBroker::start(EmbeddedConfig::default())?;
//! broker.create_topic("greetings", 1)?;
//! let mut properties = Properties::new();
//! properties.set("bootstrap.servers", broker.bootstrap_servers());
//! for (name, value) in embedded_profile() {
//!     properties.set_default(*name, *value);
//! }
//!
//! let producer = Producer::new(&properties, Reports::ErrorsOnly)?;
//! producer.send(&Outgoing::<&str> {
//!     topic: &producer.topic("greetings")?,
//!     partition: 0,
//!     key: None,
//!     value: Some(b"hello"),
//!     headers: &[],
//!     token: 1,
//! })?;
//!
//! properties.set("group.id", "readers");
//! let consumer = Consumer::new(&properties)?;
//! consumer.assign(&[("greetings", 0, 0)])?;
//! let mut batch = Batch::with_capacity(16);
//! while consumer.fill(&mut batch, 16, Duration::from_secs(5)) == 0 {}
//! let first = batch.iter().next().ok_or("no record")??;
//! assert_eq!(first.payload(), Some(&b"hello"[..]));
//!
//! let admin = Admin::new(&properties)?;
//! assert!(admin.cluster_id(Duration::from_secs(5)).is_some());
//! # drop(batch);
//! # Ok(())
//! # }
//! ```
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

mod admin;
mod client;
mod config;
mod consumer;
mod embedded;
mod error;
mod event;
mod ffi;
mod message;
mod producer;

pub use admin::config_entry::{ConfigEntry, ConfigSource};
pub use admin::create::auto_create;
pub use admin::groups::GroupInfo;
pub use admin::metadata::{BrokerInfo, PartitionInfo, TopicInfo};
pub use admin::{Admin, NewTopic};
pub use client::close::CloseHandle;
pub use config::Properties;
pub use config::build::{Features, features};
pub use config::features::Lack;
pub use config::secret::{is_secret, redacted};
pub use consumer::Consumer;
pub use consumer::batch::Batch;
pub use consumer::events::{ConsumerEvents, Partition};
pub use embedded::faults::RequestKind;
pub use embedded::{EmbeddedBroker, EmbeddedConfig, embedded_profile, is_embedded};
pub use error::Error;
pub use error::kind::ErrorKind;
pub use message::Message;
pub use message::headers::Headers;
pub use producer::acknowledged::OnAcknowledged;
pub use producer::outgoing::Outgoing;
pub use producer::report::{Certainty, Failure, Report, ReportBatch};
pub use producer::topic::Topic;
pub use producer::{Producer, ProducerEvent, Reports};
