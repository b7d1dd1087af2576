//! How many requests failed, and how many of these were executed.

use std::collections::BTreeMap;

use antiphon::Executed;
use antiphon_load::Tally;
use serde::Serialize;

use crate::exit::Exit;

/// What failed requests are counted by: the kind of the error, and whether the request was
/// executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kind {
    name: &'static str,
    executed: Known,
}

/// [`Executed`] in an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Known {
    No,
    Maybe,
    Yes,
}

impl Kind {
    pub(super) fn of(name: &'static str, executed: Executed) -> Self {
        let executed = match executed {
            Executed::No => Known::No,
            Executed::Maybe => Known::Maybe,
            Executed::Yes => Known::Yes,
        };
        Self { name, executed }
    }
}

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

    fn add(&mut self, executed: Known, count: u64) {
        match executed {
            Known::No => self.no += count,
            Known::Maybe => self.maybe += count,
            Known::Yes => self.yes += count,
        }
    }
}

/// By the kind of the error.
pub(super) fn errors(tally: &Tally<Kind>) -> BTreeMap<&'static str, Certainty> {
    let mut errors = BTreeMap::<_, Certainty>::new();
    for (kind, count) in &tally.failures {
        let certainty = errors.entry(kind.name).or_default();
        certainty.add(kind.executed, *count);
    }
    errors
}

/// How the command ends: by the worst that is known of a request.
pub(super) fn exit(tally: &Tally<Kind>) -> Exit {
    let mut all = Certainty::default();
    for (kind, count) in &tally.failures {
        all.add(kind.executed, *count);
    }
    match all {
        _ if tally.requests() == 0 => Exit::Failed,
        _ if all.maybe > 0 || tally.unfinished > 0 => Exit::Unknown,
        _ if all.yes > 0 => Exit::HandlerError,
        _ if all.no > 0 => Exit::NotExecuted,
        _ => Exit::Success,
    }
}

#[cfg(test)]
mod tests {
    use hdrhistogram::Histogram;

    use super::*;

    fn with(errors: &[(&'static str, Executed)]) -> Tally<Kind> {
        let mut tally = Tally::new(&Histogram::new(3).unwrap());
        for (kind, executed) in errors {
            tally.fail(Kind::of(kind, *executed));
        }
        tally
    }

    #[test]
    fn errors_are_counted_by_kind_and_by_what_was_executed() {
        use Executed::{Maybe, No, Yes};
        let tally = with(&[
            ("timed_out", Maybe),
            ("status", Yes),
            ("timed_out", Maybe),
            ("timed_out", No),
        ]);
        let errors = errors(&tally);
        assert_eq!((errors["timed_out"].maybe, errors["timed_out"].no), (2, 1));
        assert_eq!(errors["status"].total(), 1);
        assert_eq!(errors.len(), 2);
    }

    #[test]
    fn it_ends_by_what_is_known_of_the_worst() {
        use Executed::{Maybe, No, Yes};
        assert_eq!(exit(&with(&[])), Exit::Failed);
        assert_eq!(exit(&with(&[("a", No)])), Exit::NotExecuted);
        assert_eq!(exit(&with(&[("a", No), ("b", Yes)])), Exit::HandlerError);
        assert_eq!(exit(&with(&[("a", Yes), ("a", Maybe)])), Exit::Unknown);
        let mut tally = with(&[]);
        tally.succeeded(1);
        assert_eq!(exit(&tally), Exit::Success);
        tally.unfinished = 1;
        assert_eq!(exit(&tally), Exit::Unknown);
    }
}
