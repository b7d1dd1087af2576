//! What all handles of one client share.

use std::{sync::Arc, time::Duration};

use antiphon_proto::{Tick, mutant};

use super::{
    coarse_clock::CoarseClock,
    limits::Limits,
    reply_path::ReplyPath,
    stray::Strays,
    table::{Calls, Failure, Waiter, tick},
    topics::Topics,
};
use crate::{
    config::ClientConfig,
    error::RequestError,
    transport::{Clock, Entropy, LastOffsets, Publisher},
};

/// What `on_timeout` calls.
pub(crate) type TimeoutObserver = Arc<dyn Fn(&RequestError) + Send + Sync>;

/// Assembles the parts of a client; none of them knows this struct. Each handle, call and stream
/// owns a share of it; the client stops with the last one.
///
/// Every call counts a reference to it; aligned so that the count has a cache line of its own.
#[repr(align(128))]
pub(crate) struct Inner {
    pub(crate) config: ClientConfig,
    /// `<client group>/<instance>/<incarnation>`, as it is on the wire.
    pub(crate) requester: String,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) coarse_clock: Arc<CoarseClock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) publisher: Arc<dyn Publisher>,
    pub(crate) calls: Arc<Calls>,
    pub(crate) limits: Limits,
    pub(crate) topics: Topics,
    pub(crate) path: Arc<ReplyPath>,
    pub(crate) strays: Arc<Strays>,
    pub(crate) on_timeout: Option<TimeoutObserver>,
}

impl Inner {
    pub(crate) fn now(&self) -> Tick {
        tick(self.clock.elapsed())
    }

    /// Ends all calls as closed, and returns how many there were.
    pub(crate) fn fail_all(&self) -> usize {
        self.calls.close();
        if mutant!("close_leaves_calls") {
            return 0;
        }
        self.calls
            .fail_all(|_, waiter| waiter.fail(Failure::Closed), Waiter::wake)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.limits.begin_closing();
        self.fail_all();
        // Both stop by themselves, on threads or tasks of their own.
        if let Some(subscription) = self.path.close() {
            drop(subscription.close(LastOffsets::none(), Duration::from_secs(5)));
            drop(self.publisher.close(Duration::from_secs(1)));
        }
    }
}
