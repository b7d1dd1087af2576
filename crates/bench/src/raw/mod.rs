//! The yardstick: a request-reply loop as somebody would write it by hand on librdkafka.
//!
//! `rd_kafka_producev` with a cached topic handle, `rd_kafka_consume_batch_queue`, the next request
//! sent from the thread that reads the replies, partitions assigned by hand, no reports of
//! successes, no timeouts, no errors, no checks.

mod client;
mod requester;
mod responder;

pub(crate) use self::{requester::request, responder::respond};

/// Which headers travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Wire {
    /// Three headers on a request (id of 16 bytes, reply topic, reply partition), one on a reply.
    Own,
    /// Antiphon's: three on a request, two on a reply with the id as its key.
    Antiphon,
}
