//! Request-reply over Kafka that says whether the work ran.
//!
//! A [`Client`] sends requests to request topics and gets its replies on a partition of its own;
//! a [`Service`] answers them from a consumer group. See the guide for a walk through.

pub mod codec;
pub mod config;
pub mod transport;

mod client;
mod error;
mod metrics;
mod trace;
pub mod service;

/// The embedded broker: librdkafka's mock cluster, for demonstrations, development and tests.
pub use antiphon_kafka::{EmbeddedBroker, EmbeddedConfig};
pub use antiphon_proto::{Code, CorrelationId, Executed, Metadata, Status};

pub use self::{
    client::{
        Client, ClientBuilder, CloseReport, Gather, GatherError, GatherReply, GatherStream,
        Gathered, Missing, PendingCall, Reply, Request, Scatter, StrayCounts, StrayKind,
        StrayReply,
    },
    error::{RequestError, RequestErrorKind, StartError, StartErrorKind},
    service::{Context, DrainReport, Service, ServiceBuilder},
};
