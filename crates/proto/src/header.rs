//! Names of the headers that the native dialect uses, and nothing else.

/// The call a record belongs to; in every request and reply.
pub const CORRELATION_ID: &str = "correlation-id";
/// The topic that the reply goes to; absent when none is wanted.
pub const REPLY_TOPIC: &str = "reply-topic";
/// The packed fields of [`RequestFields`](crate::RequestFields) or [`ReplyFields`](crate::ReplyFields).
pub const ANTIPHON: &str = "antiphon";
/// What a deduplicating responder compares instead of the correlation id.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// Media type of the value.
pub const CONTENT_TYPE: &str = "content-type";
/// The application's name for the type of the value.
pub const MESSAGE_TYPE: &str = "message-type";
/// Words about an error, at most 1 KiB.
pub const STATUS_MESSAGE: &str = "status-message";
/// Facts about an error, a JSON object.
pub const STATUS_DETAILS: &str = "status-details";
/// W3C Trace Context: the parent span.
pub const TRACEPARENT: &str = "traceparent";
/// W3C Trace Context: what vendors add.
pub const TRACESTATE: &str = "tracestate";
/// W3C Baggage.
pub const BAGGAGE: &str = "baggage";

/// Whether the protocol alone writes this header, so that users may not set it.
pub fn is_reserved(name: &[u8]) -> bool {
    matches!(
        name,
        b"correlation-id" | b"reply-topic" | b"antiphon" | b"status-message" | b"status-details"
    )
}
