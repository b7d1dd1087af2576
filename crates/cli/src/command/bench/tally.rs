//! What one lane has counted, or all of them together.

use std::{
    collections::BTreeMap,
    io,
    time::{Duration, Instant},
};

use antiphon::{Executed, RequestError};
use hdrhistogram::Histogram;
use serde::Serialize;

use crate::{exit::Exit, failure::Failure};

/// Counts of the requests that are measured.
#[derive(Debug)]
pub(super) struct Tally {
    /// Microseconds of those that were answered; grows with the largest.
    pub(super) latencies: Histogram<u64>,
    /// Those that were sent.
    pub(super) requests: u64,
    pub(super) errors: BTreeMap<&'static str, Certainty>,
    /// On the way when the run was ended.
    pub(super) unfinished: u64,
    /// Sent more than [`LATE`] after they were due.
    pub(super) late: u64,
    /// Due and never sent.
    pub(super) not_started: u64,
    /// An error that every further request would end with; it has ended the run.
    pub(super) hopeless: Option<RequestError>,
}

/// What counts as behind schedule.
const LATE: Duration = Duration::from_millis(1);

/// How many of the requests that failed alike were executed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Certainty {
    pub(super) no: u64,
    pub(super) maybe: u64,
    pub(super) yes: u64,
}

impl Certainty {
    pub(super) fn total(&self) -> u64 {
        self.no + self.maybe + self.yes
    }

    fn add(&mut self, other: Self) {
        self.no += other.no;
        self.maybe += other.maybe;
        self.yes += other.yes;
    }
}

impl Tally {
    /// Nothing counted yet.
    pub(super) fn new() -> Result<Self, Failure> {
        let latencies = Histogram::new(3).map_err(|error| Failure::System {
            what: "can not make a histogram",
            source: io::Error::other(error),
        })?;
        Ok(Self {
            latencies,
            requests: 0,
            errors: BTreeMap::new(),
            unfinished: 0,
            late: 0,
            not_started: 0,
            hopeless: None,
        })
    }

    /// A request is sent now that was to be sent at `due`.
    pub(super) fn started(&mut self, due: Instant, now: Instant) {
        self.requests += 1;
        self.late += u64::from(now.saturating_duration_since(due) > LATE);
    }

    pub(super) fn replied(&mut self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        // It grows as needed, so there is nothing that could not be recorded.
        let _ = self.latencies.record(micros);
    }

    pub(super) fn failed(&mut self, kind: &'static str, executed: Executed) {
        let certainty = self.errors.entry(kind).or_default();
        match executed {
            Executed::No => certainty.no += 1,
            Executed::Maybe => certainty.maybe += 1,
            Executed::Yes => certainty.yes += 1,
        }
    }

    /// Takes in what another lane has counted.
    pub(super) fn add(&mut self, other: Self) {
        // As above.
        let _ = self.latencies.add(&other.latencies);
        for (kind, certainty) in other.errors {
            self.errors.entry(kind).or_default().add(certainty);
        }
        self.requests += other.requests;
        self.unfinished += other.unfinished;
        self.late += other.late;
        self.not_started += other.not_started;
        self.hopeless = self.hopeless.take().or(other.hopeless);
    }

    /// How the command ends.
    pub(super) fn exit(&self) -> Exit {
        let mut all = Certainty::default();
        self.errors.values().for_each(|one| all.add(*one));
        match all {
            _ if self.requests == 0 => Exit::Failed,
            _ if all.maybe > 0 || self.unfinished > 0 => Exit::Unknown,
            _ if all.yes > 0 => Exit::HandlerError,
            _ if all.no > 0 => Exit::NotExecuted,
            _ => Exit::Success,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(errors: &[(&'static str, Executed)]) -> Tally {
        let mut tally = Tally::new().unwrap();
        let now = Instant::now();
        for (kind, executed) in errors {
            tally.started(now, now);
            tally.failed(kind, *executed);
        }
        tally
    }

    #[test]
    fn lanes_add_up() {
        let mut total = with(&[("timed_out", Executed::Maybe)]);
        let mut other = with(&[("timed_out", Executed::Maybe), ("status", Executed::Yes)]);
        let now = Instant::now();
        other.started(now - 2 * LATE, now);
        other.replied(Duration::from_secs(7200));
        total.replied(Duration::from_micros(5));
        total.add(other);
        assert_eq!((total.requests, total.late), (4, 1));
        assert_eq!((total.latencies.len(), total.latencies.min()), (2, 5));
        assert!(
            total.latencies.max() >= 7_200_000_000,
            "{}",
            total.latencies.max()
        );
        assert_eq!(total.errors["timed_out"].maybe, 2);
        assert_eq!(total.errors["status"].total(), 1);
    }

    #[test]
    fn it_ends_by_what_is_known_of_the_worst() {
        use Executed::{Maybe, No, Yes};
        assert_eq!(Tally::new().unwrap().exit(), Exit::Failed);
        assert_eq!(with(&[("a", No)]).exit(), Exit::NotExecuted);
        assert_eq!(with(&[("a", No), ("b", Yes)]).exit(), Exit::HandlerError);
        assert_eq!(with(&[("a", Yes), ("a", Maybe)]).exit(), Exit::Unknown);
        let mut tally = Tally::new().unwrap();
        tally.requests = 1;
        assert_eq!(tally.exit(), Exit::Success);
        tally.unfinished = 1;
        assert_eq!(tally.exit(), Exit::Unknown);
    }
}
