//! Locks and atomics of the correlation table. Under `cfg(antiphon_shuttle)` they are those of the model checker.

use std::sync::PoisonError;

#[cfg(antiphon_shuttle)]
pub(crate) use shuttle::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
};
#[cfg(antiphon_shuttle)]
pub(crate) use shuttle::thread_local;
#[cfg(not(antiphon_shuttle))]
pub(crate) use std::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
};
#[cfg(not(antiphon_shuttle))]
pub(crate) use std::thread_local;

/// Locks, also after a panic under the lock: every section keeps its data consistent while it calls foreign code.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
