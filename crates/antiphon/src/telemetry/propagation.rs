//! Trace context: from a request to its handler, on to the calls that the handler makes, and back with
//! the reply.
//!
//! Without a tracing backend the headers are passed on as they came, which
//! [W3C Trace Context](https://www.w3.org/TR/trace-context/#mutating-the-traceparent-field) allows: a
//! service that records no spans does not break the chain. With the feature `opentelemetry` the spans
//! of client and service take their place.

use std::sync::Arc;

use antiphon_proto::{ReplyHead, RequestHead, TraceContext};
use tracing::Span;

/// The W3C headers of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TraceHeaders {
    pub(crate) traceparent: String,
    pub(crate) tracestate: Option<String>,
    pub(crate) baggage: Option<String>,
}

tokio::task_local! {
    /// The trace of the handler that this task runs, for the calls that it makes.
    static CURRENT: Arc<TraceHeaders>;
}

impl TraceHeaders {
    /// Those of a request; `None` without a `traceparent`, or with one that is not valid. A
    /// `tracestate` counts only together with a valid `traceparent`.
    pub(crate) fn read(head: &RequestHead<'_>) -> Option<Arc<Self>> {
        let traceparent = head.traceparent?;
        TraceContext::parse(traceparent)?;
        Some(Arc::new(Self {
            traceparent: traceparent.to_owned(),
            tracestate: head.tracestate.map(str::to_owned),
            baggage: head.baggage.map(str::to_owned),
        }))
    }

    /// Adds these headers to a request.
    pub(crate) fn add_to<'a>(&'a self, head: &mut RequestHead<'a>) {
        head.traceparent = Some(&self.traceparent);
        head.tracestate = self.tracestate.as_deref();
        head.baggage = self.baggage.as_deref();
    }

    /// Adds these headers to a reply.
    pub(crate) fn add_to_reply<'a>(&'a self, head: &mut ReplyHead<'a>) {
        head.traceparent = Some(&self.traceparent);
    }
}

/// The trace that a call belongs to, if any: of the current span, or else of the handler that makes
/// the call.
pub(crate) fn outgoing() -> Option<Arc<TraceHeaders>> {
    let handler = CURRENT.try_with(Arc::clone).ok();
    of_current_span(handler.as_deref()).or(handler)
}

/// The trace of a handler whose span is `span`: what its calls and its reply carry.
pub(crate) fn of_handler(
    span: &Span,
    request: Option<&Arc<TraceHeaders>>,
) -> Option<Arc<TraceHeaders>> {
    adopt(span, request.map(|request| &**request));
    of_span(span, request.map(|request| &**request)).or_else(|| request.cloned())
}

/// Runs `f` as part of a trace.
pub(crate) fn in_trace<T>(trace: Option<&Arc<TraceHeaders>>, f: impl FnOnce() -> T) -> T {
    match trace {
        Some(trace) => CURRENT.sync_scope(Arc::clone(trace), f),
        None => f(),
    }
}

/// Makes a future part of a trace, wherever it is polled.
pub(crate) async fn traced<F: Future>(trace: Option<Arc<TraceHeaders>>, future: F) -> F::Output {
    match trace {
        Some(trace) => CURRENT.scope(trace, future).await,
        None => future.await,
    }
}

#[cfg(not(feature = "opentelemetry"))]
mod backend {
    use super::{Arc, Span, TraceHeaders};

    pub(super) fn of_current_span(_: Option<&TraceHeaders>) -> Option<Arc<TraceHeaders>> {
        None
    }

    pub(super) fn of_span(_: &Span, _: Option<&TraceHeaders>) -> Option<Arc<TraceHeaders>> {
        None
    }

    pub(super) fn adopt(_: &Span, _: Option<&TraceHeaders>) {}

    pub(super) fn link(_: &Span, _: &str) {}
}

#[cfg(feature = "opentelemetry")]
#[path = "opentelemetry.rs"]
mod backend;

use backend::{adopt, of_current_span, of_span};

/// Links the span of a call with the span of the handler that answered it.
pub(crate) fn replied(span: &Span, traceparent: &str) {
    backend::link(span, traceparent);
}
