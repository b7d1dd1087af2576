//! The yardstick: a request-reply loop as somebody would write it by hand on librdkafka.
//!
//! `rd_kafka_producev` with a cached topic handle, `rd_kafka_consume_batch_queue`, the next request
//! sent from the thread that reads the replies, partitions assigned by hand, no reports of
//! successes, no timeouts, no errors, no checks.

pub(crate) mod client;
pub(crate) mod connect;
mod format;
mod open;
mod requester;
mod responder;

use std::thread;

use self::client::Result;
pub(crate) use self::{client::version, format::text_id};
use crate::{load::Load, result::Run};

/// Which headers travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Wire {
    /// Three headers on a request (id of 16 bytes, reply topic, reply partition), one on a reply.
    Own,
    /// Antiphon's: three on a request, two on a reply with the id as its key.
    Antiphon,
}

/// Keeps a load going and measures it.
pub(crate) fn request(load: &Load, wire: Wire) -> Result<Run> {
    on_its_thread(|| match load.rate {
        None => requester::closed(load, wire),
        Some(rate) => open::open(load, wire, rate),
    })
}

/// Echoes for ever.
pub(crate) fn respond(load: &Load, wire: Wire) -> Result<()> {
    on_its_thread(|| responder::respond(load, wire))
}

/// The thread that receives has a name, by which its CPU time is told from the others'.
pub(crate) fn on_its_thread<T: Send>(run: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    thread::scope(|scope| {
        let named = thread::Builder::new().name("bench-receive".into());
        let running = named
            .spawn_scoped(scope, run)
            .map_err(|error| error.to_string())?;
        running
            .join()
            .unwrap_or_else(|_| Err("the receiving thread panicked".into()))
    })
}
