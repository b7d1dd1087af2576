//! Why something was not done with a topic.

use antiphon_kafka::{Error, ErrorKind};

use crate::exit::Exit;

/// Why something was not done with a topic.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TopicsError {
    /// The topic does not exist.
    #[error("the topic {0} does not exist")]
    Unknown(String),
    /// The topic exists, and is not as it was asked for.
    #[error("the topic {topic} exists already, and it is not as asked: {differences}")]
    Differs {
        /// The topic.
        topic: String,
        /// In what.
        differences: String,
    },
    /// The brokers did not do it, or did not say that they did.
    #[error("can not {verb} the topic {topic}")]
    Refused {
        /// What was to be done.
        verb: &'static str,
        /// The topic.
        topic: String,
        /// What the brokers or librdkafka say.
        source: Error,
    },
    /// The brokers have done it, and it can not be seen yet.
    #[error("the brokers were told to {verb} the topic {topic}, and it can not be seen yet")]
    NotSeen {
        /// What was to be done.
        verb: &'static str,
        /// The topic.
        topic: String,
    },
    /// Nobody can be asked.
    #[error("standard input is no terminal to ask at: --yes is required to delete")]
    Unasked,
    /// The answer was no.
    #[error("nothing was deleted")]
    Declined,
    /// A topic that Kafka itself lives on.
    #[error("the topic {0} is one of Kafka's own, which this command never deletes")]
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

    /// The code that the program ends with.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Unasked | Self::Internal(_) => Exit::Invalid,
            Self::Unknown(_) | Self::Differs { .. } | Self::Declined => Exit::NotExecuted,
            Self::NotSeen { .. } => Exit::Unknown,
            Self::Refused { verb, source, .. } => match source.kind() {
                ErrorKind::InvalidConfig => Exit::Invalid,
                // What only reads has changed nothing, whatever became of it.
                ErrorKind::TimedOut if *verb != "describe" => Exit::Unknown,
                _ => Exit::NotExecuted,
            },
        }
    }

    /// A stable name of what happened.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "unknown_topic",
            Self::Differs { .. } => "topic_differs",
            Self::NotSeen { .. } => "not_confirmed",
            Self::Unasked | Self::Declined => "not_confirmed_by_user",
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

    /// One line for whoever has to act.
    pub(crate) fn advice(&self) -> Option<&'static str> {
        Some(match self {
            Self::Unknown(_) => "check the name; `antiphon topics create TOPIC` creates a topic",
            Self::Differs { .. } => {
                "nothing was changed; ask for what it has, or change it with the tools of Kafka"
            }
            Self::NotSeen { .. } => "see what `antiphon topics describe` says, then try again",
            Self::Refused { source, .. } => match source.kind() {
                ErrorKind::Unsupported => {
                    "the broker of `antiphon dev` gets its topics by `antiphon dev --topic \
                     NAME:PARTITIONS`, and they go when it ends"
                }
                ErrorKind::NotAuthorized => "ask for the right, or use another principal",
                ErrorKind::TimedOut => "see what `antiphon topics describe` says, then try again",
                _ => return None,
            },
            Self::Unasked | Self::Declined | Self::Internal(_) => return None,
        })
    }
}
