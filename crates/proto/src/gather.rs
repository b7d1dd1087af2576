use std::collections::HashSet;

use crate::mutant;

/// When a scatter-gather call has what it asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GatherRule {
    /// Fewest replies for a success, at least 1.
    pub min: u32,
    /// Most replies taken; set it to the number of targets when that is known, so that the last one ends the call.
    pub max: Option<u32>,
    /// When to stop waiting between the two.
    pub until: Until,
}

/// When a gather stops waiting for more replies than it must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// As soon as the minimum is there.
    Minimum,
    /// At the deadline, or when the maximum is there.
    Deadline,
}

/// Why a rule can never be met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRule {
    /// A gather of nothing.
    #[error("the minimum of a gather must be at least 1")]
    ZeroMinimum,
    /// More replies required than are asked for.
    #[error("the minimum of {min} is above the {targets} targets")]
    MinimumAboveTargets {
        /// Replies required.
        min: u32,
        /// Responders asked.
        targets: u32,
    },
    /// More replies required than taken.
    #[error("the maximum of {max} is below the minimum of {min}")]
    MaximumBelowMinimum {
        /// Replies required.
        min: u32,
        /// Replies taken.
        max: u32,
    },
}

impl GatherRule {
    /// Checks the rule against the number of targets, where that is known.
    pub fn validate(&self, targets: Option<u32>) -> Result<(), BadRule> {
        let min = self.min;
        if min == 0 {
            return Err(BadRule::ZeroMinimum);
        }
        if let Some(targets) = targets.filter(|targets| *targets < min) {
            return Err(BadRule::MinimumAboveTargets { min, targets });
        }
        if let Some(max) = self.max.filter(|max| *max < min) {
            return Err(BadRule::MaximumBelowMinimum { min, max });
        }
        Ok(())
    }
}

impl GatherRule {
    /// Whether more replies are awaited when so many have been counted.
    pub fn verdict(&self, counted: u32) -> Verdict {
        let enough = self.until == Until::Minimum && self.is_satisfied(counted);
        let full = self.max.is_some_and(|max| counted >= max);
        if enough || full {
            Verdict::Complete
        } else {
            Verdict::Open
        }
    }

    /// Whether so many replies make a success: what decides at the deadline.
    pub fn is_satisfied(&self, counted: u32) -> bool {
        counted + u32::from(mutant!("minimum_off_by_one")) >= self.min
    }
}

/// Bounds on what one gather holds in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VoteLimits {
    /// Most distinct responders.
    pub max_distinct: u32,
    /// Most bytes of replies and responder names together.
    pub max_bytes: usize,
}

impl Default for VoteLimits {
    /// 1,024 responders, 16 MiB.
    fn default() -> Self {
        Self {
            max_distinct: 1024,
            max_bytes: 16 * 1024 * 1024,
        }
    }
}

/// What became of one reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vote {
    /// The first reply of this responder; keep it.
    Counted,
    /// This responder has replied before; drop it.
    Duplicate,
    /// The gather is complete or full; drop it.
    Surplus,
}

/// Whether the call goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// More replies are awaited.
    Open,
    /// Nothing more is awaited.
    Complete,
}

/// The replies of one gather: one vote per responder, in any order.
#[derive(Clone, Debug)]
pub struct Votes {
    rule: GatherRule,
    limits: VoteLimits,
    responders: HashSet<Box<str>>,
    counted: u32,
    duplicates: u64,
    surplus: u64,
    bytes: usize,
}

impl Votes {
    /// No votes yet.
    pub fn new(rule: GatherRule, limits: VoteLimits) -> Self {
        Self {
            rule,
            limits,
            responders: HashSet::new(),
            counted: 0,
            duplicates: 0,
            surplus: 0,
            bytes: 0,
        }
    }

    /// Takes a reply of `bytes` from the service named `responder`.
    pub fn vote(&mut self, responder: &str, bytes: usize) -> Vote {
        if self.responders.contains(responder) && !mutant!("one_service_votes_twice") {
            self.duplicates = self.duplicates.saturating_add(1);
            return Vote::Duplicate;
        }
        let total = self
            .bytes
            .saturating_add(bytes)
            .saturating_add(responder.len());
        let full = self.counted >= self.limits.max_distinct || total > self.limits.max_bytes;
        if full || self.verdict() == Verdict::Complete {
            self.surplus = self.surplus.saturating_add(1);
            return Vote::Surplus;
        }
        self.responders.insert(responder.into());
        self.counted += 1;
        self.bytes = total;
        Vote::Counted
    }

    /// Whether more replies are awaited.
    pub fn verdict(&self) -> Verdict {
        self.rule.verdict(self.counted)
    }

    /// Whether the minimum is there: what decides between success and failure at the deadline.
    pub fn is_satisfied(&self) -> bool {
        self.rule.is_satisfied(self.counted)
    }

    /// Whether this responder's reply was counted.
    pub fn has_voted(&self, responder: &str) -> bool {
        self.responders.contains(responder)
    }

    /// Replies counted.
    pub fn counted(&self) -> u32 {
        self.counted
    }

    /// Replies dropped because their responder had replied before.
    pub fn duplicates(&self) -> u64 {
        self.duplicates
    }

    /// Replies dropped because the gather was complete or full.
    pub fn surplus(&self) -> u64 {
        self.surplus
    }
}
