//! Waiting for a client to be gone.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

/// A close that runs on a thread of its own.
///
/// Dropping the handle changes nothing: the close goes on. If librdkafka does not come back, the
/// thread is left behind with the client's memory, and ends with the process.
#[derive(Debug, Clone)]
#[must_use = "nothing waits for the close unless `wait` or `finished` is called"]
pub struct CloseHandle(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    notify: Notify,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Running,
    Finished,
    GivenUp,
}

impl CloseHandle {
    pub(crate) fn new() -> Self {
        Self(Arc::default())
    }

    /// Blocks until the client is gone, up to `timeout`. `false`: it is still there.
    #[must_use]
    pub fn wait(&self, timeout: Duration) -> bool {
        let state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (state, _) = self
            .0
            .changed
            .wait_timeout_while(state, timeout, |state| *state == State::Running)
            .unwrap_or_else(PoisonError::into_inner);
        *state == State::Finished
    }

    /// Waits until the client is gone; put it in a timeout. `false`: the close was given up
    /// because no thread could be started, and the client stays until the process ends.
    pub async fn finished(&self) -> bool {
        loop {
            let changed = self.0.notify.notified();
            match self.state() {
                State::Running => changed.await,
                State::Finished => return true,
                State::GivenUp => return false,
            }
        }
    }

    /// Whether the client is gone. Does not block.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.state() == State::Finished
    }

    /// Runs the close on a new thread, and lets the handle know when it is over.
    pub(crate) fn run(&self, client: &str, close: impl FnOnce() + Send + 'static) {
        let ended = Ended {
            handle: self.clone(),
            state: State::GivenUp,
        };
        let work = move || {
            let mut ended = ended;
            close();
            ended.state = State::Finished;
        };
        // The closure, and with it the client, is dropped unused if there is no thread: leaked.
        if let Err(error) = std::thread::Builder::new()
            .name("antiphon-close".into())
            .spawn(work)
        {
            tracing::error!(client, %error, "no thread to close the client on: it is left open");
        }
    }

    fn state(&self) -> State {
        *self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says that the close is over, also after a panic.
struct Ended {
    handle: CloseHandle,
    state: State,
}

impl Drop for Ended {
    fn drop(&mut self) {
        let shared = &self.handle.0;
        *shared.state.lock().unwrap_or_else(PoisonError::into_inner) = self.state;
        shared.changed.notify_all();
        shared.notify.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn both_waits_see_the_end() {
        let handle = CloseHandle::new();
        assert!(!handle.wait(Duration::ZERO));
        handle.run("test", || {});
        assert!(handle.finished().await);
        assert!(handle.wait(Duration::ZERO));
        assert!(handle.is_finished());
    }

    #[test]
    fn a_panic_ends_the_close_without_success() {
        let handle = CloseHandle::new();
        handle.run("test", || std::panic::panic_any("as the test wants"));
        assert!(!handle.wait(Duration::from_secs(10)));
    }
}
