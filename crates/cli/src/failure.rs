//! Every error that ends a command.

use std::{io, path::PathBuf};

use antiphon::{
    Executed, GatherError, RequestError, RequestErrorKind, StartError, StartErrorKind,
    transport::TransportError,
};

use crate::{exit::Exit, settings::SettingsError, topics_error::TopicsError};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A setting is not valid.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The client or the service did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A call failed.
    #[error(transparent)]
    Call(#[from] RequestError),
    /// A scatter or gather received fewer replies than its minimum.
    #[error(transparent)]
    Gather(#[from] GatherError),
    /// An operation on a topic failed.
    #[error(transparent)]
    Topics(#[from] TopicsError),
    /// Some of the files that were checked are not valid. Their problems are printed before.
    #[error("{invalid} of {of} configuration files are not valid")]
    InvalidFiles {
        /// Files that are not valid.
        invalid: usize,
        /// Files that were checked.
        of: usize,
    },
    /// A file or directory cannot be used.
    #[error("cannot {what} {}", path.display())]
    File {
        /// The operation.
        what: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The embedded broker or a plain Kafka client failed.
    #[error("{what}")]
    Kafka {
        /// What failed.
        what: String,
        /// The error of librdkafka.
        source: antiphon_kafka::Error,
    },
    /// Standard output cannot be written.
    #[error("cannot write to standard output")]
    Stdout(#[source] io::Error),
    /// Another operation of the operating system failed.
    #[error("{what}")]
    System {
        /// What failed.
        what: &'static str,
        /// The cause.
        source: io::Error,
    },
    /// A task of this program panicked or was cancelled.
    #[error("a task of this program failed; this is a bug")]
    Task(#[from] tokio::task::JoinError),
    /// The command has printed its result, which shows the failure.
    #[error("see the output")]
    Reported(Exit),
    /// A service stopped before all requests in flight were answered.
    #[error(
        "{abandoned} of {in_hand} requests in flight were not answered before the service stopped"
    )]
    Abandoned {
        /// Requests in flight when the drain began.
        in_hand: usize,
        /// Requests that were not answered.
        abandoned: usize,
    },
    /// A service cannot read requests any more.
    #[error("the service failed and cannot read requests any more")]
    Failed(#[source] TransportError),
    /// A step of the demonstration had an unexpected result.
    #[error("the demonstration had an unexpected result: {0}")]
    Unexpected(String),
}

impl Failure {
    /// The exit code of the program.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Settings(_) | Self::InvalidFiles { .. } => Exit::Invalid,
            Self::Topics(error) => error.exit(),
            Self::Start(error) => Exit::of_start(error),
            Self::Call(error) => Exit::of_call(error),
            Self::Gather(error) => Exit::of_gather(error),
            Self::Abandoned { .. } => Exit::Unknown,
            Self::Reported(exit) => *exit,
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

    /// The error of the call, if a call failed.
    pub(crate) fn call(&self) -> Option<&RequestError> {
        match self {
            Self::Call(error) => Some(error),
            Self::Gather(error) => Some(error.error()),
            _ => None,
        }
    }

    /// Whether the work ran. `None` for commands that send no request.
    pub(crate) fn executed(&self) -> Option<Executed> {
        match self {
            Self::Start(_) | Self::Settings(_) => Some(Executed::No),
            _ => self.call().map(RequestError::executed),
        }
    }

    /// A stable name of the kind of failure.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Settings(_) | Self::InvalidFiles { .. } => "config",
            Self::Topics(error) => error.kind(),
            Self::Start(error) => start_kind(error.kind()),
            Self::Call(error) => error.kind().as_str(),
            Self::Gather(error) => error.error().kind().as_str(),
            Self::Kafka { .. } => "kafka",
            Self::File { .. } | Self::Stdout(_) | Self::System { .. } | Self::Task(_) => "system",
            Self::Reported(_) => "reported",
            Self::Abandoned { .. } => "abandoned",
            Self::Failed(_) => "failed",
            Self::Unexpected(_) => "unexpected",
        }
    }

    /// What to do, in one line.
    pub(crate) fn advice(&self) -> Option<&'static str> {
        match self {
            Self::Start(error) => advice_on_start(error.kind()),
            Self::Topics(error) => error.advice(),
            Self::Abandoned { .. } => {
                Some("these requests will be redelivered to this consumer group")
            }
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
            "check options and settings; set the brokers with -b or ANTIPHON_BOOTSTRAP_SERVERS"
        }
        StartErrorKind::Unreachable => {
            "check -b and the network; `antiphon dev` runs a broker for development"
        }
        StartErrorKind::UnknownTopic => {
            "create the topic with `antiphon topics create`, or run `serve` with --create-topic N"
        }
        StartErrorKind::NotAuthorized => "grant the principal access, or use another principal",
        _ => return None,
    })
}

fn advice_on_call(error: &RequestError) -> &'static str {
    use RequestErrorKind as Kind;
    match (error.kind(), error.executed()) {
        (Kind::Invalid | Kind::TooLarge, _) => "change the request; nothing was sent",
        (Kind::UnknownTopic, _) => {
            "check the name, or create the topic with `antiphon topics create`"
        }
        (Kind::NotAuthorized, _) => "grant the principal write access to the topic",
        (Kind::Status, Executed::No) => {
            "the work did not run; the message of the service tells whether a retry helps"
        }
        (_, Executed::No) => "the work did not run: a retry is safe",
        (Kind::TimedOut, _) => {
            "check that a service is running, and whether the work ran, before you retry"
        }
        (_, Executed::Maybe) => "check whether the work ran before you retry",
        (_, Executed::Yes) => "the work ran: retry only if the error says that this helps",
    }
}
