//! Names of the metrics, and handles that are made once. None is labelled by an id, a key or an
//! instance.

use std::{fmt, sync::Arc};

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

/// Requests of a client, by topic.
pub(crate) struct TopicMetrics {
    pub(crate) sent: Counter,
    pub(crate) duration: Histogram,
}

impl TopicMetrics {
    pub(crate) fn new(topic: &Arc<str>) -> Self {
        let topic = topic.to_string();
        Self {
            sent: counter!("antiphon_requests_total", "topic" => topic.clone()),
            duration: histogram!("antiphon_request_duration_seconds", "topic" => topic),
        }
    }

    /// Errors are rare: their counter is looked up when one happens.
    pub(crate) fn failed(topic: &str, kind: &'static str, executed: &'static str) {
        counter!("antiphon_request_errors_total", "topic" => topic.to_owned(), "kind" => kind, "executed" => executed)
            .increment(1);
    }
}

impl fmt::Debug for TopicMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TopicMetrics")
    }
}

/// What a client counts besides its calls.
pub(crate) struct ClientMetrics {
    pub(crate) pending: Gauge,
    pub(crate) late: Counter,
    pub(crate) duplicate: Counter,
    pub(crate) foreign: Counter,
    pub(crate) unknown: Counter,
    pub(crate) surplus: Counter,
    pub(crate) path_lost: Counter,
}

impl ClientMetrics {
    pub(crate) fn new(group: &str) -> Self {
        let stray = |kind: &'static str| counter!("antiphon_stray_replies_total", "client_group" => group.to_owned(), "kind" => kind);
        Self {
            pending: gauge!("antiphon_pending_calls", "client_group" => group.to_owned()),
            late: stray("late"),
            duplicate: stray("duplicate"),
            foreign: stray("foreign"),
            unknown: stray("unknown"),
            surplus: stray("surplus"),
            path_lost: counter!("antiphon_reply_path_lost_total", "client_group" => group.to_owned()),
        }
    }
}

impl fmt::Debug for ClientMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientMetrics")
    }
}

/// What a service counts.
pub(crate) struct ServiceMetrics {
    pub(crate) received: Counter,
    pub(crate) running: Gauge,
    pub(crate) unacknowledged: Gauge,
    pub(crate) handled: Counter,
    pub(crate) failed: Counter,
    pub(crate) panicked: Counter,
    pub(crate) expired: Counter,
    pub(crate) resent: Counter,
    pub(crate) abandoned: Counter,
    pub(crate) duration: Histogram,
    service: String,
}

impl ServiceMetrics {
    pub(crate) fn new(service: &str) -> Self {
        let label = || service.to_owned();
        Self {
            received: counter!("antiphon_requests_received_total", "service" => label()),
            running: gauge!("antiphon_handlers_running", "service" => label()),
            unacknowledged: gauge!("antiphon_replies_unacknowledged", "service" => label()),
            handled: counter!("antiphon_requests_handled_total", "service" => label(), "outcome" => "ok"),
            failed: counter!("antiphon_requests_handled_total", "service" => label(), "outcome" => "error"),
            panicked: counter!("antiphon_requests_handled_total", "service" => label(), "outcome" => "panic"),
            expired: counter!("antiphon_requests_expired_total", "service" => label()),
            resent: counter!("antiphon_replies_resent_total", "service" => label()),
            abandoned: counter!("antiphon_replies_abandoned_total", "service" => label()),
            duration: histogram!("antiphon_handler_duration_seconds", "service" => label()),
            service: label(),
        }
    }

    /// A request that was refused before any handler.
    pub(crate) fn refused(&self, reason: &'static str) {
        counter!("antiphon_requests_refused_total", "service" => self.service.clone(), "reason" => reason).increment(1);
    }
}

impl fmt::Debug for ServiceMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServiceMetrics")
    }
}
