//! Violations as they are found: how many, and the earliest.

use super::{
    invariant::Invariant,
    subject::Subject,
    verdict::{CounterExample, Ruling, Verdict},
};

/// What has been found about each invariant.
#[derive(Debug, Default)]
pub(super) struct Docket([Findings; Invariant::ALL.len()]);

/// What has been found about one invariant.
#[derive(Debug, Default)]
pub(super) struct Findings {
    checked: u64,
    unknown: u64,
    violations: u64,
    first: Option<(u64, String, Subject)>,
    idle: Option<&'static str>,
}

impl Docket {
    pub(super) fn of(&mut self, invariant: Invariant) -> &mut Findings {
        &mut self.0[invariant as usize]
    }

    pub(super) fn into_verdicts(self) -> Vec<Verdict> {
        let verdicts = Invariant::ALL.into_iter().zip(self.0);
        verdicts
            .map(|(invariant, findings)| Verdict {
                invariant,
                ruling: findings.into_ruling(),
            })
            .collect()
    }
}

impl Findings {
    /// Something was looked at.
    pub(super) fn looked(&mut self) {
        self.checked += 1;
    }

    /// Something was looked at of which the history does not say enough.
    pub(super) fn unknown(&mut self) {
        self.checked += 1;
        self.unknown += 1;
    }

    /// Why there may be nothing to look at.
    pub(super) fn idle(&mut self, why: &'static str) {
        self.idle = Some(why);
    }

    /// A violation. It is put into words only if none before it was earlier.
    pub(super) fn found(&mut self, at: u64, tell: impl FnOnce() -> (String, Subject)) {
        self.violations += 1;
        if self.first.as_ref().is_none_or(|first| at < first.0) {
            let (wrong, subject) = tell();
            self.first = Some((at, wrong, subject));
        }
    }

    fn into_ruling(self) -> Ruling {
        match self.first {
            Some((at, wrong, subject)) => Ruling::Violated {
                violations: self.violations,
                first: Box::new(CounterExample::new(at, wrong, subject)),
            },
            None if self.checked == 0 => Ruling::NotApplicable {
                why: self.idle.unwrap_or("nothing of it happened").to_owned(),
            },
            None => Ruling::Held {
                checked: self.checked,
                unknown: self.unknown,
            },
        }
    }
}
