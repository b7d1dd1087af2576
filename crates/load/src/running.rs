//! A load that was started.

use std::{fmt, io, sync::Arc};

use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    call::Call,
    closed::{self, Share},
    open::{Open, Wait, on_a_thread},
    shared::{Shared, lock},
    tally::Tally,
    window::Window,
};

/// A load in the background. Dropping it ends the load and drops the calls in flight.
pub struct Running<C: Call> {
    shared: Arc<Shared<C>>,
    loops: JoinSet<()>,
    /// Has an open loop drop its calls. `None`: a closed loop, whose tasks are aborted.
    given_up: Option<CancellationToken>,
}

impl<C: Call> Running<C> {
    /// Without `tasks`, a task for each call in flight.
    pub(crate) fn closed(shared: Arc<Shared<C>>, tasks: Option<usize>) -> Self {
        let mut loops = JoinSet::new();
        let count = tasks.unwrap_or(shared.limits.in_flight);
        for index in 0..count {
            let (shared, share) = (Arc::clone(&shared), Share::new(index, count));
            match tasks {
                None => loops.spawn(closed::one(shared, share)),
                Some(_) => loops.spawn(closed::several(shared, share)),
            };
        }
        Self {
            shared,
            loops,
            given_up: None,
        }
    }

    pub(crate) fn open(open: Open<C>) -> io::Result<Self> {
        let shared = Arc::clone(&open.shared);
        let given_up = Some(open.given_up.clone());
        let mut loops = JoinSet::new();
        match open.wait {
            Wait::Thread => loops.spawn(on_a_thread(open)?),
            Wait::Timer => loops.spawn(open.run()),
        };
        Ok(Self {
            shared,
            loops,
            given_up,
        })
    }

    /// When calls are made and which of them count.
    pub fn window(&self) -> &Arc<Window> {
        &self.shared.window
    }

    /// Calls that have succeeded so far, measured or not.
    pub fn succeeded(&self) -> u64 {
        self.shared.succeeded()
    }

    /// Waits until the window is over and no call is in flight.
    ///
    /// # Errors
    ///
    /// A call has panicked.
    ///
    /// # Cancel safety
    ///
    /// It can be called again, and the load goes on.
    pub async fn ended(&mut self) -> Result<(), JoinError> {
        while let Some(ended) = self.loops.join_next().await {
            match ended {
                Err(error) if error.is_panic() => return Err(error),
                _ => {}
            }
        }
        let panicked = lock(&self.shared.panicked).take();
        panicked.map_or(Ok(()), Err)
    }

    /// Ends the load, drops the calls in flight, and returns what was counted.
    ///
    /// # Errors
    ///
    /// A call has panicked.
    pub async fn finish(mut self) -> Result<Tally<C::Kind>, JoinError> {
        self.give_up();
        self.ended().await?;
        Ok(self.shared.total())
    }

    fn give_up(&mut self) {
        // A window that is over has not been stopped early.
        if !self.window().is_over() {
            self.window().stop();
        }
        match &self.given_up {
            Some(given_up) => given_up.cancel(),
            None => self.loops.abort_all(),
        }
    }
}

impl<C: Call> Drop for Running<C> {
    fn drop(&mut self) {
        self.give_up();
    }
}

impl<C: Call> fmt::Debug for Running<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("window", self.window())
            .finish_non_exhaustive()
    }
}
