//! What went wrong, in the words of this crate.

use rdkafka_sys::rd_kafka_resp_err_t as Code;

/// The kinds of failure that a caller may want to tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The producer's queue is full: nothing was sent, try later or shed load.
    QueueFull,
    /// The message is larger than `message.max.bytes`, here or at the broker.
    MessageTooLarge,
    /// The topic does not exist.
    UnknownTopic,
    /// The topic has no such partition.
    UnknownPartition,
    /// The principal may not use this topic, group or cluster.
    NotAuthorized,
    /// The broker did not accept the credentials, or the TLS handshake failed.
    Authentication,
    /// The operation did not end in time.
    TimedOut,
    /// The message was not delivered within `message.timeout.ms`.
    MessageTimedOut,
    /// A connection failed or a broker name did not resolve. librdkafka connects again by itself.
    Transport,
    /// No broker can be reached at the moment. librdkafka keeps trying.
    AllBrokersDown,
    /// The offset is no longer, or not yet, in the log and `auto.offset.reset` is `error`.
    OffsetOutOfRange,
    /// A newer instance has taken the place of this one.
    Fenced,
    /// The client is of no more use: build a new one.
    Fatal,
    /// A property, name or argument is not valid.
    InvalidConfig,
    /// The message was removed from the queue before it was sent.
    PurgedQueue,
    /// The message was given up while a broker may have had it.
    PurgedInFlight,
    /// The topic exists already.
    TopicExists,
    /// The broker or this build of librdkafka cannot do that.
    Unsupported,
    /// The wait was interrupted.
    Interrupted,
    /// The client is closed.
    Closed,
    /// The group has moved on: this member's generation or id is no longer valid, or a rebalance
    /// is running. Offsets were not committed.
    StaleMember,
    /// The application did not poll within `max.poll.interval.ms` and left its group.
    PollExceeded,
    /// There was no offset to commit, or none was committed before.
    NoOffset,
    /// Anything else, with the code of librdkafka or of the broker.
    Other(i32),
}

/// Every code that has a kind of its own.
const KINDS: &[(Code, ErrorKind)] = &[
    (Code::RD_KAFKA_RESP_ERR__QUEUE_FULL, ErrorKind::QueueFull),
    (
        Code::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
        ErrorKind::MessageTooLarge,
    ),
    (
        Code::RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE,
        ErrorKind::MessageTooLarge,
    ),
    (
        Code::RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC,
        ErrorKind::UnknownTopic,
    ),
    (
        Code::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
        ErrorKind::UnknownTopic,
    ),
    (
        Code::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_ID,
        ErrorKind::UnknownTopic,
    ),
    (
        Code::RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION,
        ErrorKind::UnknownPartition,
    ),
    (
        Code::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
        ErrorKind::NotAuthorized,
    ),
    (
        Code::RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
        ErrorKind::NotAuthorized,
    ),
    (
        Code::RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
        ErrorKind::NotAuthorized,
    ),
    (
        Code::RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
        ErrorKind::NotAuthorized,
    ),
    (
        Code::RD_KAFKA_RESP_ERR__AUTHENTICATION,
        ErrorKind::Authentication,
    ),
    (
        Code::RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED,
        ErrorKind::Authentication,
    ),
    (
        Code::RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM,
        ErrorKind::Authentication,
    ),
    (
        Code::RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE,
        ErrorKind::Authentication,
    ),
    (Code::RD_KAFKA_RESP_ERR__SSL, ErrorKind::Authentication),
    (Code::RD_KAFKA_RESP_ERR__TIMED_OUT, ErrorKind::TimedOut),
    (
        Code::RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE,
        ErrorKind::TimedOut,
    ),
    (
        Code::RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
        ErrorKind::TimedOut,
    ),
    (
        Code::RD_KAFKA_RESP_ERR__MSG_TIMED_OUT,
        ErrorKind::MessageTimedOut,
    ),
    (Code::RD_KAFKA_RESP_ERR__TRANSPORT, ErrorKind::Transport),
    (Code::RD_KAFKA_RESP_ERR__RESOLVE, ErrorKind::Transport),
    (
        Code::RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION,
        ErrorKind::Transport,
    ),
    (
        Code::RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN,
        ErrorKind::AllBrokersDown,
    ),
    (
        Code::RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET,
        ErrorKind::OffsetOutOfRange,
    ),
    (
        Code::RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE,
        ErrorKind::OffsetOutOfRange,
    ),
    (Code::RD_KAFKA_RESP_ERR__FENCED, ErrorKind::Fenced),
    (
        Code::RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID,
        ErrorKind::Fenced,
    ),
    (Code::RD_KAFKA_RESP_ERR_PRODUCER_FENCED, ErrorKind::Fenced),
    (
        Code::RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH,
        ErrorKind::Fenced,
    ),
    (Code::RD_KAFKA_RESP_ERR__FATAL, ErrorKind::Fatal),
    (
        Code::RD_KAFKA_RESP_ERR__INVALID_ARG,
        ErrorKind::InvalidConfig,
    ),
    (
        Code::RD_KAFKA_RESP_ERR_INVALID_CONFIG,
        ErrorKind::InvalidConfig,
    ),
    (
        Code::RD_KAFKA_RESP_ERR_INVALID_PARTITIONS,
        ErrorKind::InvalidConfig,
    ),
    (
        Code::RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR,
        ErrorKind::InvalidConfig,
    ),
    (
        Code::RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION,
        ErrorKind::InvalidConfig,
    ),
    (
        Code::RD_KAFKA_RESP_ERR__UNKNOWN_GROUP,
        ErrorKind::InvalidConfig,
    ),
    (Code::RD_KAFKA_RESP_ERR__PURGE_QUEUE, ErrorKind::PurgedQueue),
    (
        Code::RD_KAFKA_RESP_ERR__PURGE_INFLIGHT,
        ErrorKind::PurgedInFlight,
    ),
    (
        Code::RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS,
        ErrorKind::TopicExists,
    ),
    (
        Code::RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION,
        ErrorKind::Unsupported,
    ),
    (
        Code::RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE,
        ErrorKind::Unsupported,
    ),
    (
        Code::RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED,
        ErrorKind::Unsupported,
    ),
    (Code::RD_KAFKA_RESP_ERR__INTR, ErrorKind::Interrupted),
    (Code::RD_KAFKA_RESP_ERR__DESTROY, ErrorKind::Closed),
    (
        Code::RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION,
        ErrorKind::StaleMember,
    ),
    (
        Code::RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID,
        ErrorKind::StaleMember,
    ),
    (
        Code::RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS,
        ErrorKind::StaleMember,
    ),
    (
        Code::RD_KAFKA_RESP_ERR_FENCED_MEMBER_EPOCH,
        ErrorKind::StaleMember,
    ),
    (
        Code::RD_KAFKA_RESP_ERR_STALE_MEMBER_EPOCH,
        ErrorKind::StaleMember,
    ),
    (
        Code::RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST,
        ErrorKind::StaleMember,
    ),
    (
        Code::RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED,
        ErrorKind::PollExceeded,
    ),
    (Code::RD_KAFKA_RESP_ERR__NO_OFFSET, ErrorKind::NoOffset),
];

impl ErrorKind {
    /// The kind of a code of librdkafka or of the Kafka protocol.
    #[must_use]
    pub fn of_code(code: i32) -> Self {
        KINDS
            .iter()
            .find(|(known, _)| *known as i32 == code)
            .map_or(Self::Other(code), |(_, kind)| *kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_code_has_a_kind_and_an_unknown_one_keeps_its_number() {
        assert_eq!(ErrorKind::of_code(-184), ErrorKind::QueueFull);
        assert_eq!(ErrorKind::of_code(3), ErrorKind::UnknownTopic);
        assert_eq!(ErrorKind::of_code(4711), ErrorKind::Other(4711));
    }
}
