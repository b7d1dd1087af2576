//! Something started once for all tests of the process, by the first that needs it.

use std::sync::{Arc, Mutex, PoisonError};

use super::Missing;

/// A value or the reason why there is none; made on first use.
#[derive(Debug)]
pub(super) struct Shared<T>(Mutex<Option<Result<Arc<T>, Missing>>>);

impl<T> Shared<T> {
    /// Not made yet.
    pub(super) const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// The value; the first caller makes it while the others wait. A failure stays: nobody tries again.
    pub(super) fn get_or_make(
        &self,
        make: impl FnOnce() -> Result<T, Missing>,
    ) -> Result<Arc<T>, Missing> {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slot.get_or_insert_with(|| make().map(Arc::new)).clone()
    }

    /// Lets go of the value. A static is never dropped: without this a broker would be left to its watcher.
    pub(super) fn end(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}
