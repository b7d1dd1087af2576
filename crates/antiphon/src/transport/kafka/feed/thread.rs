//! Records are handed over by a thread, which blocks in librdkafka until some come.

use std::thread;

use antiphon_kafka::Batch;

use super::{Feed, Handing, Reader};
use crate::transport::{TransportError, kafka::errors::thread_failed};

/// Most records of one batch. What librdkafka allocates for them, and for their headers when those
/// are read, is freed with the batch: few enough, so that the next batch gets the same memory while
/// it is still in the processor's cache. 64 need a tenth less time per request than 1,000.
const BATCH: usize = 64;

pub(crate) fn start(name: &str, reader: Reader) -> Result<Feed, TransportError> {
    let feed = reader.feed();
    let handle = thread::Builder::new()
        .name(name.into())
        .spawn(move || run(reader))
        .map_err(|error| thread_failed(name, &error))?;
    Ok(feed(Handing::Thread(handle.thread().clone())))
}

fn run(mut reader: Reader) {
    let mut batch = Batch::with_capacity(BATCH);
    let mut wait = reader.tick(true);
    while !reader.is_stopped() {
        let room = reader.demand().min(BATCH);
        let caught_up = if room == 0 {
            thread::park_timeout(wait);
            true
        } else {
            reader.read(&mut batch, room, wait)
        };
        wait = reader.tick(caught_up);
    }
}
