use std::fmt;
use std::time::Duration;

use crate::{Code, Executed};

/// Longest status message on the wire, in bytes of UTF-8.
pub const MAX_STATUS_MESSAGE: usize = 1024;

/// How a request ended when it did not end well: code, words for people, and what a retry needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    code: Code,
    message: String,
    details: Option<String>,
    executed: Executed,
    retry_after: Option<Duration>,
}

impl Status {
    /// A status made by a handler, hence [`Executed::Yes`] until said otherwise.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            details: None,
            executed: Executed::Yes,
            retry_after: None,
        }
    }

    /// Adds details: the text of one JSON object, passed on as it is.
    #[must_use]
    pub fn with_details(mut self, json: impl Into<String>) -> Self {
        self.details = Some(json.into());
        self
    }

    /// Says whether the handler ran.
    #[must_use]
    pub fn with_executed(mut self, executed: Executed) -> Self {
        self.executed = executed;
        self
    }

    /// Asks the requester to wait this long before it retries; travels in milliseconds.
    #[must_use]
    pub fn with_retry_after(mut self, delay: Duration) -> Self {
        self.retry_after = Some(delay);
        self
    }

    /// The code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// The message as given; [`wire_message`](Self::wire_message) is what travels.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The details, JSON text.
    pub fn details(&self) -> Option<&str> {
        self.details.as_deref()
    }

    /// Whether the handler ran.
    pub fn executed(&self) -> Executed {
        self.executed
    }

    /// How long to wait before a retry.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The message fit for a header: control characters replaced by spaces, at most [`MAX_STATUS_MESSAGE`] bytes, cut
    /// between characters.
    pub fn wire_message(&self) -> String {
        sanitise(&self.message)
    }
}

/// Makes any text fit for the `status-message` header.
fn sanitise(text: &str) -> String {
    let mut clean = String::with_capacity(text.len().min(MAX_STATUS_MESSAGE));
    for c in text.chars() {
        let c = if c.is_control() { ' ' } else { c };
        if clean.len() + c.len_utf8() > MAX_STATUS_MESSAGE {
            break;
        }
        clean.push(c);
    }
    clean
}

macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident => $code:ident;)*) => {
        /// One constructor per code that is an error.
        impl Status {
            $($(#[$doc])*
            pub fn $name(message: impl Into<String>) -> Self {
                Self::new(Code::$code, message)
            })*
        }
    };
}

constructors! {
    /// [`Code::Cancelled`].
    cancelled => Cancelled;
    /// [`Code::Unknown`].
    unknown => Unknown;
    /// [`Code::InvalidArgument`].
    invalid_argument => InvalidArgument;
    /// [`Code::DeadlineExceeded`].
    deadline_exceeded => DeadlineExceeded;
    /// [`Code::NotFound`].
    not_found => NotFound;
    /// [`Code::AlreadyExists`].
    already_exists => AlreadyExists;
    /// [`Code::PermissionDenied`].
    permission_denied => PermissionDenied;
    /// [`Code::ResourceExhausted`].
    resource_exhausted => ResourceExhausted;
    /// [`Code::FailedPrecondition`].
    failed_precondition => FailedPrecondition;
    /// [`Code::Aborted`].
    aborted => Aborted;
    /// [`Code::OutOfRange`].
    out_of_range => OutOfRange;
    /// [`Code::Unimplemented`].
    unimplemented => Unimplemented;
    /// [`Code::Internal`].
    internal => Internal;
    /// [`Code::Unavailable`].
    unavailable => Unavailable;
    /// [`Code::DataLoss`].
    data_loss => DataLoss;
    /// [`Code::Unauthenticated`].
    unauthenticated => Unauthenticated;
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.message.as_str() {
            "" => f.write_str(self.code.as_str()),
            message => write!(f, "{}: {message}", self.code),
        }
    }
}

impl std::error::Error for Status {}
