use std::fmt;
use std::time::Duration;

use crate::{Code, Executed};

/// Longest status message on the wire, in bytes of UTF-8.
pub const MAX_STATUS_MESSAGE: usize = 1024;

/// The error that ends a request: a code, a message for people, and what a retry needs to know.
///
/// ```
/// # use std::time::Duration;
/// use antiphon_proto::{Code, Executed, Status};
///
/// let status = Status::unavailable("the database restarts")
///     .with_executed(Executed::No)
///     .with_retry_after(Duration::from_millis(250));
/// assert_eq!(status.code(), Code::Unavailable);
/// assert_eq!(status.to_string(), "UNAVAILABLE: the database restarts");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    code: Code,
    message: String,
    details: Option<String>,
    executed: Executed,
    retry_after: Option<Duration>,
}

impl Status {
    /// A status that a handler made, so [`Executed::Yes`] unless [`with_executed`](Self::with_executed) changes it.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            details: None,
            executed: Executed::Yes,
            retry_after: None,
        }
    }

    /// Adds details: the text of one JSON object, sent unchanged.
    #[must_use]
    pub fn with_details(mut self, json: impl Into<String>) -> Self {
        self.details = Some(json.into());
        self
    }

    /// Sets whether the handler ran.
    #[must_use]
    pub fn with_executed(mut self, executed: Executed) -> Self {
        self.executed = executed;
        self
    }

    /// Asks the requester to wait this long before a retry. The header carries whole milliseconds.
    #[must_use]
    pub fn with_retry_after(mut self, delay: Duration) -> Self {
        self.retry_after = Some(delay);
        self
    }

    /// The code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// The message as given; the header carries [`wire_message`](Self::wire_message).
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The details: the text of a JSON object.
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

    /// The message as the header carries it: with spaces for control characters, and cut between two characters to at
    /// most [`MAX_STATUS_MESSAGE`] bytes.
    pub fn wire_message(&self) -> String {
        sanitise(&self.message)
    }
}

/// Turns any text into a legal value of the `status-message` header.
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
        /// One constructor for each code that is an error.
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
