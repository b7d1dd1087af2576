//! Everything that ends a command without success.

use std::{io, path::PathBuf};

use antiphon::{
    Executed, GatherError, RequestError, RequestErrorKind, StartError, StartErrorKind,
    transport::TransportError,
};

use crate::{exit::Exit, settings::SettingsError, topics_error::TopicsError};

/// Why a command ended without success.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A setting is not valid.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The client or the service did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A call ended without a usable reply.
    #[error(transparent)]
    Call(#[from] RequestError),
    /// A scatter or gather stayed below its minimum.
    #[error(transparent)]
    Gather(#[from] GatherError),
    /// Something was not done with a topic.
    #[error(transparent)]
    Topics(#[from] TopicsError),
    /// Some of the files that were checked are not valid; what is wrong was said before.
    #[error("{invalid} of {of} configuration files not valid")]
    InvalidFiles {
        /// How many are not.
        invalid: usize,
        /// How many were checked.
        of: usize,
    },
    /// A file or directory can not be used.
    #[error("can not {what} {}", path.display())]
    File {
        /// What was being done.
        what: &'static str,
        /// With which one.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The broker in this process, or a client of the demonstration's own.
    #[error("{what}")]
    Kafka {
        /// What was being done.
        what: String,
        /// What librdkafka says.
        source: antiphon_kafka::Error,
    },
    /// Standard output can not be written.
    #[error("can not write to standard output")]
    Stdout(#[source] io::Error),
    /// Something else of the operating system.
    #[error("{what}")]
    System {
        /// What was being done.
        what: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// A task of this program ended before its work was done.
    #[error("a part of this program broke off")]
    Task(#[from] tokio::task::JoinError),
    /// What was printed says it already.
    #[error("see the output")]
    Told(Exit),
    /// A service was stopped with requests in hand.
    #[error("{abandoned} of {in_hand} requests in hand were not answered in time")]
    Abandoned {
        /// Requests in hand at the begin of the drain.
        in_hand: usize,
        /// Those that were not answered.
        abandoned: usize,
    },
    /// A service can never read a request again.
    #[error("the service has failed for good")]
    Failed(#[source] TransportError),
    /// The demonstration found something other than it should be.
    #[error("the demonstration did not go as it should: {0}")]
    Unexpected(String),
}

impl Failure {
    /// The code that the program ends with.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Settings(_) | Self::InvalidFiles { .. } => Exit::Invalid,
            Self::Topics(error) => error.exit(),
            Self::Start(error) => Exit::of_start(error),
            Self::Call(error) => Exit::of_call(error),
            Self::Gather(error) => Exit::of_gather(error),
            Self::Abandoned { .. } => Exit::Unknown,
            Self::Told(exit) => *exit,
            Self::Failed(_) => Exit::Failed,
            Self::Stdout(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Success,
            Self::Kafka { .. }
            | Self::File { .. }
            | Self::Stdout(_)
            | Self::System { .. }
            | Self::Task(_)
            | Self::Unexpected(_) => Exit::Failed,
        }
    }

    /// The call's error, where there was a call.
    pub(crate) fn call(&self) -> Option<&RequestError> {
        match self {
            Self::Call(error) => Some(error),
            Self::Gather(error) => Some(error.error()),
            _ => None,
        }
    }

    /// Whether work ran; `None` where that is no question.
    pub(crate) fn executed(&self) -> Option<Executed> {
        match self {
            Self::Start(_) | Self::Settings(_) => Some(Executed::No),
            _ => self.call().map(RequestError::executed),
        }
    }

    /// A stable name of what happened.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Settings(_) | Self::InvalidFiles { .. } => "config",
            Self::Topics(error) => error.kind(),
            Self::Start(error) => start_kind(error.kind()),
            Self::Call(error) => error.kind().as_str(),
            Self::Gather(error) => error.error().kind().as_str(),
            Self::Kafka { .. } => "kafka",
            Self::File { .. } | Self::Stdout(_) | Self::System { .. } | Self::Task(_) => "system",
            Self::Told(_) => "told",
            Self::Abandoned { .. } => "abandoned",
            Self::Failed(_) => "failed",
            Self::Unexpected(_) => "unexpected",
        }
    }

    /// One line for whoever has to act.
    pub(crate) fn advice(&self) -> Option<&'static str> {
        match self {
            Self::Start(error) => advice_on_start(error.kind()),
            Self::Topics(error) => error.advice(),
            Self::Abandoned { .. } => Some("they will be delivered again, to this group"),
            _ => self.call().map(advice_on_call),
        }
    }
}

fn start_kind(kind: StartErrorKind) -> &'static str {
    match kind {
        StartErrorKind::Config => "config",
        StartErrorKind::Unreachable => "unreachable",
        StartErrorKind::UnknownTopic => "unknown_topic",
        StartErrorKind::NotAuthorized => "not_authorized",
        _ => "start",
    }
}

fn advice_on_start(kind: StartErrorKind) -> Option<&'static str> {
    Some(match kind {
        StartErrorKind::Config => {
            "check options and settings; brokers are named by -b or ANTIPHON_BOOTSTRAP_SERVERS"
        }
        StartErrorKind::Unreachable => {
            "check -b and the network; `antiphon dev` runs a broker for development"
        }
        StartErrorKind::UnknownTopic => {
            "create the topic: `antiphon topics create` does, and `serve` with --create-topic N"
        }
        StartErrorKind::NotAuthorized => "ask for the right, or use another principal",
        _ => return None,
    })
}

fn advice_on_call(error: &RequestError) -> &'static str {
    use RequestErrorKind as Kind;
    match (error.kind(), error.executed()) {
        (Kind::Invalid | Kind::TooLarge, _) => "change the request; nothing was sent",
        (Kind::UnknownTopic, _) => {
            "check the name, or create the topic; `antiphon topics create` does"
        }
        (Kind::NotAuthorized, _) => "ask for the right to write to the topic",
        (Kind::Status, Executed::No) => "nothing ran; what the service says tells whether to retry",
        (_, Executed::No) => "nothing ran: it is safe to try again",
        (Kind::TimedOut, _) => {
            "is a service running? find out whether the work was done before you try again"
        }
        (_, Executed::Maybe) => "find out whether the work was done before you try again",
        (_, Executed::Yes) => "the work ran: try again only if the error says that this helps",
    }
}
