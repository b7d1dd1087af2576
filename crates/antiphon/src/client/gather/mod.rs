//! Scatter-gather: several replies to one question, with a minimum.

mod collector;
mod stream;

use std::{fmt, sync::Arc};

use antiphon_proto::{Executed, mutant};

pub(crate) use self::collector::{Afterwards, Arrived, accept};
pub use self::stream::GatherStream;
use super::reply::Reply;
use crate::error::{RequestError, RequestErrorKind};

/// A reply, or a responder's error.
pub(crate) type Item = Result<GatherReply, Missing>;

/// One reply of a gather.
#[derive(Clone, Debug)]
pub struct GatherReply {
    target: Arc<str>,
    reply: Reply,
}

impl GatherReply {
    /// The request topic that was asked.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Who answered, as `<service>/<version>/<instance>`; `None` for a reply without our header.
    pub fn responder(&self) -> Option<&str> {
        self.reply.responder()
    }

    /// What it answered.
    pub fn reply(&self) -> &Reply {
        &self.reply
    }
}

/// A target, or a responder, that gave no usable reply.
#[derive(Debug)]
pub struct Missing {
    target: Arc<str>,
    error: RequestError,
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

/// What a gather brought in.
#[derive(Debug, Default)]
pub struct Gathered {
    /// The replies, in order of arrival.
    pub replies: Vec<GatherReply>,
    /// What is missing. After a gather that ended with its minimum: the targets of a scatter that
    /// had not answered by then (cancelled, maybe executed), and responders that answered with an
    /// error.
    pub missing: Vec<Missing>,
    /// Replies beyond what was asked for, or beyond the limits, until the end.
    pub surplus: u64,
    /// Second votes of a responder, until the end.
    pub duplicates: u64,
}

/// A gather that did not reach its minimum. It carries what arrived.
#[derive(Debug)]
pub struct GatherError {
    error: RequestError,
    gathered: Gathered,
}

impl GatherError {
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
    pub fn gathered(&self) -> &Gathered {
        &self.gathered
    }

    /// What arrived, to keep.
    pub fn into_gathered(self) -> Gathered {
        self.gathered
    }
}

impl fmt::Display for GatherError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.error, f)
    }
}

impl std::error::Error for GatherError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&self.error)
    }
}

/// The weakest certainty among what is missing: `No` only if nothing that is missing ran.
fn below_minimum(min: u32, gathered: &Gathered) -> RequestError {
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
