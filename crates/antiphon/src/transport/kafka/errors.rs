use antiphon_kafka::{Error, ErrorKind};

use crate::transport::{TransportError, TransportErrorKind as Kind};

/// librdkafka's errors in the words of the seam.
pub(super) fn translate(error: &Error) -> TransportError {
    let kind = if error.is_fatal() {
        Kind::Fatal
    } else {
        kind(error.kind())
    };
    let translated = TransportError::new(kind, error.to_string());
    match error.topic() {
        Some(topic) => translated.at(topic, error.partition()),
        None => translated,
    }
}

pub(super) fn kind(kind: ErrorKind) -> Kind {
    match kind {
        ErrorKind::QueueFull => Kind::QueueFull,
        ErrorKind::MessageTooLarge => Kind::TooLarge,
        ErrorKind::UnknownTopic => Kind::UnknownTopic,
        ErrorKind::UnknownPartition => Kind::UnknownPartition,
        ErrorKind::NotAuthorized => Kind::NotAuthorized,
        ErrorKind::Authentication => Kind::Authentication,
        ErrorKind::TimedOut | ErrorKind::MessageTimedOut => Kind::TimedOut,
        ErrorKind::Transport | ErrorKind::AllBrokersDown => Kind::Unreachable,
        ErrorKind::OffsetOutOfRange => Kind::OffsetOutOfRange,
        ErrorKind::Fatal | ErrorKind::Fenced => Kind::Fatal,
        ErrorKind::InvalidConfig => Kind::InvalidConfig,
        ErrorKind::Closed | ErrorKind::PurgedQueue | ErrorKind::PurgedInFlight => Kind::Closed,
        _ => Kind::Other,
    }
}

pub(super) fn thread_failed(what: &str, error: &std::io::Error) -> TransportError {
    TransportError::new(
        Kind::Other,
        format!("cannot start the {what} thread: {error}"),
    )
}
