//! Calls in flight, each a task of its own, and a bound on their number.

use tokio::task::{JoinError, JoinSet};

pub(crate) struct InFlight {
    calls: JoinSet<()>,
    bound: usize,
    /// The first call that panicked.
    panicked: Option<JoinError>,
}

impl InFlight {
    pub(crate) fn new(bound: usize) -> Self {
        Self {
            calls: JoinSet::new(),
            bound: bound.max(1),
            panicked: None,
        }
    }

    /// Whether the next call has to wait, unless one has ended in the meantime.
    pub(crate) fn is_full(&self) -> bool {
        self.calls.len() >= self.bound
    }

    /// Waits until there is room for one more call.
    ///
    /// # Cancel safety
    /// It can be called again.
    pub(crate) async fn room(&mut self) {
        while self.is_full() {
            let ended = self.calls.join_next().await;
            self.note(ended);
        }
        while let Some(ended) = self.calls.try_join_next() {
            self.note(Some(ended));
        }
    }

    pub(crate) fn start(&mut self, call: impl Future<Output = ()> + Send + 'static) {
        self.calls.spawn(call);
    }

    /// Waits until no call is in flight.
    ///
    /// # Cancel safety
    /// It can be called again.
    pub(crate) async fn drain(&mut self) {
        while let Some(ended) = self.calls.join_next().await {
            self.note(Some(ended));
        }
    }

    /// Drops the calls that are in flight.
    pub(crate) async fn give_up(&mut self) {
        self.calls.abort_all();
        self.drain().await;
    }

    /// The first call that panicked, if one did.
    pub(crate) fn panicked(self) -> Option<JoinError> {
        self.panicked
    }

    fn note(&mut self, ended: Option<Result<(), JoinError>>) {
        if let Some(Err(error)) = ended
            && error.is_panic()
        {
            self.panicked.get_or_insert(error);
        }
    }
}
