//! What happened in a run: one file of events per process, one line per event.

mod event;
mod file;
mod id;
mod payload;
mod recorder;
mod run;

pub use self::{
    event::{
        At, CallKind, Certainty, Entry, Event, Facts, MissingFacts, Outcome, ProcessId, RecordKind,
        ReplyFacts, Role, StrayKind,
    },
    file::{HistoryError, HistoryFile, files, read_directory, read_file, read_run},
    id::{CallId, ExecutionId},
    payload::{Key, Misbehaviour, ReplyPayload, RequestPayload},
    recorder::{Memory, Recorder},
    run::{Delivery, Run},
};

/// As histories count time. What does not fit is as long as can be.
pub(crate) fn micros(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
