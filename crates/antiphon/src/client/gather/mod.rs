//! Scatter-gather: several replies to one question, with a minimum.

mod collector;
mod stream;

use std::{fmt, sync::Arc};

use antiphon_proto::{Executed, mutant};

pub(crate) use self::collector::Collector;
pub use self::stream::GatherStream;
use super::{reply::Reply, request::TypedReply};
use crate::error::{RequestError, RequestErrorKind};

/// A reply, or a responder's error.
pub(crate) type Item = Result<GatherReply, Missing>;

/// One reply of a scatter or gather. `R` is [`Reply`], or [`TypedReply`] where replies are decoded.
#[derive(Clone, Debug)]
pub struct GatherReply<R = Reply> {
    pub(crate) target: Arc<str>,
    pub(crate) reply: R,
}

impl<R> GatherReply<R> {
    /// The request topic that was asked.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// What was answered.
    pub fn reply(&self) -> &R {
        &self.reply
    }

    /// What was answered, to keep.
    pub fn into_reply(self) -> R {
        self.reply
    }
}

impl GatherReply {
    /// Who answered, as `<service>/<version>/<instance>`; `None` for a reply without our header.
    pub fn responder(&self) -> Option<&str> {
        self.reply.responder()
    }
}

impl<T> GatherReply<TypedReply<T>> {
    /// Who answered, as `<service>/<version>/<instance>`; `None` for a reply without our header.
    pub fn responder(&self) -> Option<&str> {
        self.reply.responder()
    }
}

/// A target, or a responder, that gave no usable reply.
#[derive(Clone, Debug)]
pub struct Missing {
    pub(crate) target: Arc<str>,
    pub(crate) error: RequestError,
}

impl Missing {
    /// The request topic that was asked.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Why there is no reply, and whether the work ran there.
    pub fn error(&self) -> &RequestError {
        &self.error
    }
}

/// What a scatter or gather brought in.
#[derive(Clone, Debug)]
pub struct Gathered<R = Reply> {
    /// The replies, in order of arrival.
    pub replies: Vec<GatherReply<R>>,
    /// What is missing. After a gather that ended with its minimum: the targets of a scatter that
    /// had not answered by then (cancelled, maybe executed), and responders that answered with an
    /// error.
    pub missing: Vec<Missing>,
    /// Replies beyond what was asked for, or beyond the limits, until the end.
    pub surplus: u64,
    /// Second votes of a responder, until the end.
    pub duplicates: u64,
}

impl<R> Default for Gathered<R> {
    fn default() -> Self {
        Self {
            replies: Vec::new(),
            missing: Vec::new(),
            surplus: 0,
            duplicates: 0,
        }
    }
}

impl<R> Gathered<R> {
    pub(crate) fn push(&mut self, item: Result<GatherReply<R>, Missing>) {
        match item {
            Ok(reply) => self.replies.push(reply),
            Err(missing) => self.missing.push(missing),
        }
    }
}

/// A scatter or gather that did not reach its minimum. It carries what arrived.
#[derive(Clone, Debug)]
pub struct GatherError<R = Reply> {
    error: RequestError,
    gathered: Gathered<R>,
}

impl<R> GatherError<R> {
    pub(crate) fn refused(error: RequestError) -> Self {
        Self {
            error,
            gathered: Gathered::default(),
        }
    }

    /// The error as a request's: kind, certainty, topic. `BelowMinimum` when the deadline passed
    /// with too few replies; its certainty is the weakest of what is missing.
    pub fn error(&self) -> &RequestError {
        &self.error
    }

    /// What arrived all the same, and what is missing.
    pub fn gathered(&self) -> &Gathered<R> {
        &self.gathered
    }

    /// What arrived, to keep.
    pub fn into_gathered(self) -> Gathered<R> {
        self.gathered
    }
}

impl<R> fmt::Display for GatherError<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.error, f)
    }
}

impl<R: fmt::Debug> std::error::Error for GatherError<R> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&self.error)
    }
}

/// The weakest certainty among what is missing: `No` only if nothing that is missing ran.
fn below_minimum<R>(min: u32, gathered: &Gathered<R>) -> RequestError {
    let got = gathered.replies.len();
    let did_not_run = |missing: &Missing| missing.error.executed() == Executed::No;
    let mut missing = gathered.missing.iter();
    let nothing_ran = if mutant!("below_minimum_says_no") {
        missing.any(did_not_run)
    } else {
        got == 0 && !gathered.missing.is_empty() && missing.all(did_not_run)
    };
    let executed = if nothing_ran {
        Executed::No
    } else {
        Executed::Maybe
    };
    let detail = format!("{got} of at least {min} replies arrived");
    RequestError::new(RequestErrorKind::BelowMinimum, executed, detail)
}
