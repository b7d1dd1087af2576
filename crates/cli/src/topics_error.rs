//! Errors of operations on topics.

use antiphon_kafka::{Error, ErrorKind};

use crate::exit::Exit;

/// Why an operation on a topic failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TopicsError {
    /// The topic does not exist.
    #[error("the topic {0} does not exist")]
    Unknown(String),
    /// The topic exists and does not match what was asked for.
    #[error("the topic {topic} already exists and does not match: {differences}")]
    Differs {
        /// The topic.
        topic: String,
        /// The settings that differ.
        differences: String,
    },
    /// The brokers refused the operation or did not confirm it.
    #[error("cannot {verb} the topic {topic}")]
    Refused {
        /// The operation.
        verb: &'static str,
        /// The topic.
        topic: String,
        /// The error of the brokers or of librdkafka.
        source: Error,
    },
    /// The brokers accepted the operation, and its effect is not visible yet.
    #[error(
        "the brokers accepted the request to {verb} the topic {topic}, but the effect is not visible yet"
    )]
    NotSeen {
        /// The operation.
        verb: &'static str,
        /// The topic.
        topic: String,
    },
    /// A confirmation is required, and there is no terminal.
    #[error("deleting topics requires --yes, since standard input is not a terminal")]
    Unconfirmed,
    /// The user did not confirm.
    #[error("nothing was deleted")]
    Declined,
    /// A topic that Kafka itself uses.
    #[error("the topic {0} is internal to Kafka, and this command never deletes it")]
    Internal(String),
}

impl TopicsError {
    pub(crate) fn refused(verb: &'static str, topic: &str, source: Error) -> Self {
        let topic = topic.to_owned();
        if source.kind() == ErrorKind::UnknownTopic {
            return Self::Unknown(topic);
        }
        Self::Refused {
            verb,
            topic,
            source,
        }
    }

    /// The exit code of the program.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Unconfirmed | Self::Internal(_) => Exit::Invalid,
            Self::Unknown(_) | Self::Differs { .. } | Self::Declined => Exit::NotExecuted,
            Self::NotSeen { .. } => Exit::Unknown,
            Self::Refused { verb, source, .. } => match source.kind() {
                ErrorKind::InvalidConfig => Exit::Invalid,
                // A read that timed out has changed nothing.
                ErrorKind::TimedOut if *verb != "describe" => Exit::Unknown,
                _ => Exit::NotExecuted,
            },
        }
    }

    /// A stable name of the kind of failure.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "unknown_topic",
            Self::Differs { .. } => "topic_differs",
            Self::NotSeen { .. } => "not_confirmed",
            Self::Unconfirmed | Self::Declined => "not_confirmed_by_user",
            Self::Internal(_) => "internal_topic",
            Self::Refused { source, .. } => match source.kind() {
                ErrorKind::InvalidConfig => "config",
                ErrorKind::NotAuthorized => "not_authorized",
                ErrorKind::TimedOut => "timed_out",
                ErrorKind::Unsupported => "unsupported",
                _ => "kafka",
            },
        }
    }

    /// What to do, in one line.
    pub(crate) fn advice(&self) -> Option<&'static str> {
        Some(match self {
            Self::Unknown(_) => "check the name; `antiphon topics create TOPIC` creates a topic",
            Self::Differs { .. } => {
                "nothing was changed; give matching options, or change the topic with the tools of Kafka"
            }
            Self::NotSeen { .. } => "check the topic with `antiphon topics describe`, then retry",
            Self::Refused { source, .. } => match source.kind() {
                ErrorKind::Unsupported => {
                    "create topics of the embedded broker with `antiphon dev --topic \
                     NAME:PARTITIONS`; they are deleted when it stops"
                }
                ErrorKind::NotAuthorized => "grant the principal access, or use another principal",
                ErrorKind::TimedOut => {
                    "check the topic with `antiphon topics describe`, then retry"
                }
                _ => return None,
            },
            Self::Unconfirmed | Self::Declined | Self::Internal(_) => return None,
        })
    }
}
