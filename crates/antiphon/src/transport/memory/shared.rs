//! What broker, transports, publishers and readers share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::{clock::TokioClock, groups::Groups, log::Log};
use crate::transport::{TransportError, TransportErrorKind};

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) clock: Arc<TokioClock>,
    pub(super) log: Mutex<Log>,
    pub(super) groups: Mutex<Groups>,
    /// Notified by every append, deletion, and change of a group.
    pub(super) changed: Notify,
}

impl Shared {
    pub(super) fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn groups(&self) -> MutexGuard<'_, Groups> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn missing(topic: &str, partition: Option<i32>) -> TransportError {
    let message = "the topic or partition does not exist";
    TransportError::new(TransportErrorKind::UnknownTopic, message).at(topic, partition)
}
