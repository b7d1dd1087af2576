//! Why a client or a service does not start.

use std::{error::Error as StdError, fmt};

use crate::transport::{TransportError, TransportErrorKind};

/// Why a client or a service did not start.
#[derive(Debug)]
pub struct StartError {
    detail: String,
    kind: StartErrorKind,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What kept a client or a service from starting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StartErrorKind {
    /// A setting or a name is not valid.
    Config,
    /// The brokers could not be reached in time, or refused the credentials.
    Unreachable,
    /// A topic that is needed does not exist and may not be created.
    UnknownTopic,
    /// The principal lacks a right.
    NotAuthorized,
    /// Anything else.
    Other,
}

impl StartError {
    pub(crate) fn config(detail: impl Into<String>) -> Self {
        Self::of(StartErrorKind::Config, detail)
    }

    pub(crate) fn of(kind: StartErrorKind, detail: impl Into<String>) -> Self {
        Self {
            detail: detail.into(),
            kind,
            source: None,
        }
    }

    pub(crate) fn transport(detail: impl Into<String>, source: TransportError) -> Self {
        Self {
            detail: detail.into(),
            kind: kind(&source),
            source: Some(Box::new(source)),
        }
    }

    /// What kept it from starting.
    pub fn kind(&self) -> StartErrorKind {
        self.kind
    }
}

/// For a connection that does not come up; the error says all there is.
impl From<TransportError> for StartError {
    fn from(error: TransportError) -> Self {
        Self::of(kind(&error), error.to_string())
    }
}

fn kind(error: &TransportError) -> StartErrorKind {
    use TransportErrorKind as T;
    match error.kind() {
        T::InvalidConfig => StartErrorKind::Config,
        T::TimedOut | T::Unreachable | T::Authentication => StartErrorKind::Unreachable,
        T::UnknownTopic | T::UnknownPartition => StartErrorKind::UnknownTopic,
        T::NotAuthorized => StartErrorKind::NotAuthorized,
        _ => StartErrorKind::Other,
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl StdError for StartError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| &**source as _)
    }
}
