//! Exit codes, a stable interface for scripts.

use std::process::ExitCode;

use antiphon::{Executed, GatherError, RequestError, RequestErrorKind, StartError, StartErrorKind};

/// The exit code of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// A reply was received, or the minimum number of replies.
    Success = 0,
    /// Any other failure.
    Failed = 1,
    /// The command line, a setting or the request is not valid.
    Invalid = 2,
    /// The handler ran and returned an error.
    HandlerError = 3,
    /// The work did not run.
    NotExecuted = 4,
    /// It is unknown whether the work ran.
    Unknown = 5,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl Exit {
    /// The code of a call that failed.
    pub(crate) fn of_call(error: &RequestError) -> Self {
        Self::of(error.kind(), error.executed())
    }

    /// The code of a scatter or gather below its minimum.
    pub(crate) fn of_gather(error: &GatherError) -> Self {
        let gathered = error.gathered();
        let mut missing = gathered.missing.iter();
        let nothing_valid = !gathered.missing.is_empty()
            && missing.all(|one| one.error().kind() == RequestErrorKind::Invalid);
        match Self::of_call(error.error()) {
            Self::NotExecuted if nothing_valid => Self::Invalid,
            Self::HandlerError => Self::Unknown,
            exit => exit,
        }
    }

    /// The code of a client or service that did not start.
    pub(crate) fn of_start(error: &StartError) -> Self {
        match error.kind() {
            StartErrorKind::Config => Self::Invalid,
            _ => Self::NotExecuted,
        }
    }

    fn of(kind: RequestErrorKind, executed: Executed) -> Self {
        match (kind, executed) {
            (RequestErrorKind::Invalid, _) => Self::Invalid,
            (_, Executed::No) => Self::NotExecuted,
            (_, Executed::Maybe) => Self::Unknown,
            (_, Executed::Yes) => Self::HandlerError,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_exits_by_whether_the_work_ran() {
        use RequestErrorKind as Kind;
        for (kind, executed, exit) in [
            (Kind::Status, Executed::Yes, 3),
            (Kind::Status, Executed::No, 4),
            (Kind::Status, Executed::Maybe, 5),
            (Kind::Undecodable, Executed::Yes, 3),
            (Kind::UnknownTopic, Executed::No, 4),
            (Kind::TooLarge, Executed::No, 4),
            (Kind::Invalid, Executed::No, 2),
            (Kind::TimedOut, Executed::Maybe, 5),
            (Kind::SendUnknown, Executed::Maybe, 5),
        ] {
            assert_eq!(Exit::of(kind, executed) as u8, exit, "{kind:?} {executed}");
        }
    }
}
