//! A value that the first test that needs it creates for all tests of the process.

use std::sync::{Arc, Mutex, PoisonError};

use super::Missing;

/// A value, or the reason why there is none; created on first use.
#[derive(Debug)]
pub(super) struct Shared<T>(Mutex<Option<Result<Arc<T>, Missing>>>);

impl<T> Shared<T> {
    /// Not created yet.
    pub(super) const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// The value. The first caller creates it while the others wait. A failure stays: no caller tries again.
    pub(super) fn get_or_make(
        &self,
        make: impl FnOnce() -> Result<T, Missing>,
    ) -> Result<Arc<T>, Missing> {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slot.get_or_insert_with(|| make().map(Arc::new)).clone()
    }

    /// Drops the value. A static is never dropped: without this call only its watcher would stop a broker.
    pub(super) fn end(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}
