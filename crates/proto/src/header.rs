//! Names of the headers of the native dialect.

/// The call that a record belongs to. Every request and every reply has it.
pub const CORRELATION_ID: &str = "correlation-id";
/// The topic for the reply; absent if the requester wants none.
pub const REPLY_TOPIC: &str = "reply-topic";
/// The packed fields of [`RequestFields`](crate::RequestFields) or [`ReplyFields`](crate::ReplyFields).
pub const ANTIPHON: &str = "antiphon";
/// The key that a deduplicating responder compares instead of the correlation id.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// Media type of the value.
pub const CONTENT_TYPE: &str = "content-type";
/// The application's name for the type of the value.
pub const MESSAGE_TYPE: &str = "message-type";
/// Message of an error, at most 1 KiB.
pub const STATUS_MESSAGE: &str = "status-message";
/// Details of an error, a JSON object.
pub const STATUS_DETAILS: &str = "status-details";
/// W3C Trace Context: trace and parent span; see [`TraceContext`](crate::TraceContext).
pub const TRACEPARENT: &str = "traceparent";
/// W3C Trace Context: entries of tracing vendors.
pub const TRACESTATE: &str = "tracestate";
/// W3C Baggage.
pub const BAGGAGE: &str = "baggage";

/// Whether only the protocol writes this header. Users cannot set it.
pub fn is_reserved(name: &[u8]) -> bool {
    matches!(
        name,
        b"correlation-id" | b"reply-topic" | b"antiphon" | b"status-message" | b"status-details"
    )
}
