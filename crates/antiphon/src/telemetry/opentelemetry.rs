//! Spans of `tracing` as OpenTelemetry spans, by the crate `tracing-opentelemetry`.
//!
//! The W3C values are converted here, and the global propagator is not used: Antiphon's headers are
//! W3C whatever a process sets up for HTTP.

use std::{str::FromStr as _, sync::Arc};

use antiphon_proto::TraceContext;
use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState},
};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use super::TraceHeaders;

/// As [`of_span`], for the span that is entered.
pub(super) fn of_current_span(request: Option<&TraceHeaders>) -> Option<Arc<TraceHeaders>> {
    of_span(&Span::current(), request)
}

/// The headers of a span; `None` when no backend records it. `request` gives the baggage, which spans
/// do not carry.
pub(super) fn of_span(span: &Span, request: Option<&TraceHeaders>) -> Option<Arc<TraceHeaders>> {
    let context = span.context();
    let span = context.span();
    let span = span.span_context();
    let trace = TraceContext::new(
        span.trace_id().to_bytes(),
        span.span_id().to_bytes(),
        span.trace_flags().to_u8(),
    )?;
    let state = span.trace_state().header();
    Some(Arc::new(TraceHeaders {
        traceparent: trace.to_string(),
        tracestate: Some(state).filter(|state| !state.is_empty()),
        baggage: request.and_then(|request| request.baggage.clone()),
    }))
}

/// Makes the span of a handler a child of the span that sent the request.
pub(super) fn adopt(span: &Span, request: Option<&TraceHeaders>) {
    let parent =
        request.and_then(|request| remote(&request.traceparent, request.tracestate.as_deref()));
    if let Some(parent) = parent {
        // Fails for a span that no backend records.
        let _ = span.set_parent(Context::new().with_remote_span_context(parent));
    }
}

/// Links the span of a call with the span of the handler that answered it. Not its parent: the
/// handler's span is the child.
pub(super) fn link(span: &Span, traceparent: &str) {
    if let Some(handler) = remote(traceparent, None) {
        span.add_link(handler);
    }
}

fn remote(traceparent: &str, tracestate: Option<&str>) -> Option<SpanContext> {
    let trace = TraceContext::parse(traceparent)?;
    let state = tracestate.and_then(|state| TraceState::from_str(state).ok());
    Some(SpanContext::new(
        TraceId::from_bytes(trace.trace_id()),
        SpanId::from_bytes(trace.parent_id()),
        TraceFlags::new(trace.flags()),
        true,
        state.unwrap_or_default(),
    ))
}
