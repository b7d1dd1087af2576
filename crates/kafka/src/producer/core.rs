//! The parts of a producer.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use crate::Error;
use crate::client::Client;
use crate::client::in_use_count::InUseCount;
use crate::event::queue::Queue;
use crate::producer::acknowledged::Interceptor;
use crate::producer::topic::Registry;

/// The parts of a producer, for the handle and the closing thread.
#[derive(Debug)]
pub(crate) struct ProducerCore {
    pub(crate) client: Client,
    pub(crate) events: Queue,
    pub(crate) topics: Arc<Registry>,
    /// Freed last, after the client: a client that is left behind still calls it.
    pub(crate) interceptor: Option<Interceptor>,
    /// Closed first: reports still come while what was sent is flushed.
    pub(crate) sends: InUseCount,
    /// How often `poll_events` was called, to see whether the application serves the events.
    pub(crate) polls: AtomicUsize,
}

impl ProducerCore {
    pub(super) fn while_sending<T>(
        &self,
        what: &'static str,
        f: impl FnOnce() -> T,
    ) -> Result<T, Error> {
        if !self.sends.enter() {
            return Err(Error::closed(what));
        }
        let result = f();
        self.sends.leave();
        Ok(result)
    }
}
