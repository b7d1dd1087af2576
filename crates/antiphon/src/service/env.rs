//! What all parts of one service share: clock, runtime, stop signal and metrics.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::{telemetry::metrics::ServiceMetrics, transport::Clock};

/// Each partition holds one, so a request reaches it through its partition and counts no reference.
#[derive(Debug)]
pub(crate) struct ServiceEnv {
    pub(crate) clock: Arc<dyn Clock>,
    /// The user's runtime.
    pub(crate) runtime: Handle,
    /// Cancelled when handlers are asked to stop.
    pub(crate) stopping: CancellationToken,
    pub(crate) metrics: ServiceMetrics,
    /// Requesters whose refusals have been logged.
    logged_requesters: Mutex<HashSet<String>>,
}

/// How many requesters are named in the log for their refused requests.
const MOST_LOGGED_REQUESTERS: usize = 256;

impl ServiceEnv {
    pub(crate) fn new(clock: Arc<dyn Clock>, runtime: Handle, service: &str) -> Self {
        Self {
            clock,
            runtime,
            stopping: CancellationToken::new(),
            metrics: ServiceMetrics::new(service),
            logged_requesters: Mutex::default(),
        }
    }

    /// Counts a refusal, and names each requester in the log once.
    pub(crate) fn refused(&self, reason: &'static str, requester: Option<&str>, detail: &str) {
        self.metrics.refused(reason);
        let name = requester.unwrap_or("unknown");
        let mut logged = self
            .logged_requesters
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if logged.len() < MOST_LOGGED_REQUESTERS && logged.insert(name.to_owned()) {
            drop(logged);
            tracing::warn!(
                reason,
                requester = name,
                detail,
                "request refused; further refusals of this requester are only counted"
            );
        }
    }
}
