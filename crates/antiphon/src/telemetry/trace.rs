//! Spans, with the field names of OpenTelemetry's conventions for messaging. They are at debug
//! level: where nobody listens, a call pays for one look at a flag.

use antiphon_proto::CorrelationId;
use tracing::{Level, Span, field, field::display};

use crate::{error::RequestError, transport::TopicPartition};

const TARGET: &str = "antiphon";

const CONVERSATION: &str = "messaging.message.conversation_id";
const PARTITION: &str = "messaging.destination.partition.id";
const ERROR: &str = "error.type";

/// Whether anybody listens: what is done for spans only can be left out otherwise.
pub(crate) fn is_on() -> bool {
    tracing::enabled!(target: TARGET, Level::DEBUG)
}

/// The whole of a call, from its admission to its outcome.
pub(crate) fn request(operation: &'static str, topic: &str, requester: &str) -> Span {
    tracing::debug_span!(
        target: TARGET,
        "request",
        otel.kind = "client",
        messaging.system = "kafka",
        messaging.operation.name = operation,
        messaging.operation.type = "send",
        messaging.destination.name = topic,
        messaging.destination.partition.id = field::Empty,
        messaging.message.conversation_id = field::Empty,
        messaging.client.id = requester,
        error.type = field::Empty,
    )
}

/// The current call has its id and its partition.
pub(crate) fn sent(id: CorrelationId, partition: i32) {
    if is_on() {
        let span = Span::current();
        span.record(CONVERSATION, display(id));
        span.record(PARTITION, partition);
    }
}

/// The current call ended with an error.
pub(crate) fn failed(error: &RequestError) {
    if is_on() {
        Span::current().record(ERROR, error.kind().as_str());
    }
}

/// The work of a handler on one request.
pub(crate) fn process(correlation_id: &[u8], at: &TopicPartition, offset: i64) -> Span {
    tracing::debug_span!(
        target: TARGET,
        "process",
        otel.kind = "consumer",
        messaging.system = "kafka",
        messaging.operation.name = "process",
        messaging.operation.type = "process",
        messaging.destination.name = &*at.topic,
        messaging.destination.partition.id = at.partition,
        messaging.kafka.offset = offset,
        messaging.message.conversation_id = %String::from_utf8_lossy(correlation_id),
    )
}
