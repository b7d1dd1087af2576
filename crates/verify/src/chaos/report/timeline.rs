//! A run second by second.

use crate::{
    chaos::child::certainty,
    history::{Certainty, Entry, Event},
};

/// More seconds than a run has; what lies beyond is not shown.
const LONGEST: usize = 24 * 3_600;

const MICROS: f64 = 1e6;

/// What happened in one second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Second {
    /// Calls that began.
    pub begun: u64,
    /// Calls that ended with what they wanted.
    pub ok: u64,
    /// Calls that ended with an error: nothing ran.
    pub no: u64,
    /// Calls that ended with an error: nobody knows.
    pub maybe: u64,
    /// Calls that ended with an error: it ran.
    pub yes: u64,
    /// Calls in flight at its end.
    pub in_flight: u64,
}

/// A fault and its time, in seconds since the run began.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// `kill_leader`.
    pub kind: String,
    /// To whom, and how much.
    pub detail: String,
    /// When it began.
    pub from: f64,
    /// When it was over; none: never.
    pub to: Option<f64>,
    /// By what it was seen; none: it had no effect.
    pub evidence: Option<String>,
}

/// Takes a history in, in any order.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    seconds: Vec<Second>,
    faults: Vec<(u64, Span)>,
    others: Vec<(u64, Event)>,
    healed: Option<f64>,
}

impl Timeline {
    pub(crate) fn take(&mut self, entry: &Entry) {
        match &entry.event {
            Event::Invoke { .. } => {
                if let Some(second) = self.second(entry.at) {
                    second.begun += 1;
                }
            }
            Event::Complete { outcome, .. } => {
                let certainty = certainty(outcome);
                let Some(second) = self.second(entry.at) else {
                    return;
                };
                match certainty {
                    None => second.ok += 1,
                    Some(Certainty::No) => second.no += 1,
                    Some(Certainty::Maybe) => second.maybe += 1,
                    Some(Certainty::Yes) => second.yes += 1,
                }
            }
            Event::FaultStart {
                fault,
                kind,
                detail,
            } => self.faults.push((
                *fault,
                Span {
                    kind: kind.to_string(),
                    detail: detail.clone(),
                    from: seconds(entry.at),
                    to: None,
                    evidence: None,
                },
            )),
            Event::FaultEffect { .. } | Event::FaultEnd { .. } => {
                self.others.push((entry.at, entry.event.clone()));
            }
            Event::Healed => self.healed = Some(seconds(entry.at)),
            _ => {}
        }
    }

    /// The seconds, the faults, and when all was healed.
    pub(crate) fn finish(mut self) -> (Vec<Second>, Vec<Span>, Option<f64>) {
        for (at, event) in std::mem::take(&mut self.others) {
            match event {
                Event::FaultEffect { fault, evidence } => {
                    if let Some(span) = self.fault(fault) {
                        span.evidence = Some(evidence);
                    }
                }
                Event::FaultEnd { fault } => {
                    if let Some(span) = self.fault(fault) {
                        span.to = Some(seconds(at));
                    }
                }
                _ => {}
            }
        }
        let mut in_flight = 0_u64;
        for second in &mut self.seconds {
            let ended = second.ok + second.no + second.maybe + second.yes;
            in_flight = (in_flight + second.begun).saturating_sub(ended);
            second.in_flight = in_flight;
        }
        self.faults.sort_by_key(|(number, _)| *number);
        let faults = self.faults.into_iter().map(|(_, span)| span).collect();
        (self.seconds, faults, self.healed)
    }

    fn second(&mut self, at: u64) -> Option<&mut Second> {
        let second = usize::try_from(at / 1_000_000).ok()?;
        if second >= LONGEST {
            return None;
        }
        if self.seconds.len() <= second {
            self.seconds.resize(second + 1, Second::default());
        }
        self.seconds.get_mut(second)
    }

    fn fault(&mut self, number: u64) -> Option<&mut Span> {
        let found = self.faults.iter_mut().find(|(fault, _)| *fault == number);
        found.map(|(_, span)| span)
    }
}

#[expect(clippy::cast_precision_loss, reason = "microseconds of one run")]
fn seconds(at: u64) -> f64 {
    at as f64 / MICROS
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::history::{CallId, CallKind, Outcome, ProcessId, Role};

    fn entry(at: u64, event: Event) -> Entry {
        let process = Arc::new(ProcessId {
            name: "requester-1".into(),
            number: 1,
            incarnation: 1,
            role: Role::Requester,
        });
        Entry { at, process, event }
    }

    fn call(number: u64) -> CallId {
        CallId::new(1, 1, number)
    }

    fn begun(at: u64, number: u64) -> Entry {
        let event = Event::Invoke {
            call: call(number),
            nonce: 0,
            kind: CallKind::Request,
            topics: Vec::new(),
            timeout: 1,
        };
        entry(at, event)
    }

    fn ended(at: u64, number: u64) -> Entry {
        let outcome = Outcome::Error {
            kind: "timed_out".into(),
            executed: Certainty::Maybe,
            code: None,
        };
        let call = call(number);
        entry(at, Event::Complete { call, outcome })
    }

    #[test]
    fn calls_are_counted_where_they_begin_and_end() {
        let mut timeline = Timeline::default();
        for one in [ended(2_100_000, 1), begun(100, 1), begun(900_000, 2)] {
            timeline.take(&one);
        }
        let (seconds, faults, healed) = timeline.finish();
        let in_flight: Vec<_> = seconds.iter().map(|one| one.in_flight).collect();
        assert_eq!(in_flight, [2, 2, 1]);
        assert_eq!((seconds[0].begun, seconds[2].maybe), (2, 1));
        assert!(faults.is_empty() && healed.is_none());
    }

    #[test]
    fn a_fault_has_its_evidence_and_its_end() {
        let mut timeline = Timeline::default();
        let fault = 4;
        timeline.take(&entry(9_000_000, Event::FaultEnd { fault }));
        let evidence = "seen".to_owned();
        timeline.take(&entry(6_000_000, Event::FaultEffect { fault, evidence }));
        timeline.take(&entry(
            5_000_000,
            Event::FaultStart {
                fault,
                kind: "churn".into(),
                detail: "much".into(),
            },
        ));
        let (_, faults, _) = timeline.finish();
        assert_eq!((faults[0].from, faults[0].to), (5.0, Some(9.0)));
        assert_eq!(faults[0].evidence.as_deref(), Some("seen"));
    }
}
