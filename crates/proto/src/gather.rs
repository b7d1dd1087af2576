use std::collections::HashSet;

use crate::mutant;

/// How many replies a scatter-gather call needs, and when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GatherRule {
    /// Fewest replies that make a success, at least 1.
    pub min: u32,
    /// Most replies that are counted. Set it to the number of targets if that is known, so that the last reply ends the
    /// call.
    pub max: Option<u32>,
    /// When the call ends once the minimum is reached.
    pub until: Until,
}

/// When a gather ends that has its minimum of replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// At once.
    Minimum,
    /// At the deadline, or with the last reply of the maximum.
    Deadline,
}

/// Why no number of replies can meet a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRule {
    /// The rule requires no reply.
    #[error("the minimum of a gather must be at least 1")]
    ZeroMinimum,
    /// The rule requires more replies than there are targets.
    #[error("the minimum of {min} is above the {targets} targets")]
    MinimumAboveTargets {
        /// Replies required.
        min: u32,
        /// Responders asked.
        targets: u32,
    },
    /// The rule requires more replies than it counts.
    #[error("the maximum of {max} is below the minimum of {min}")]
    MaximumBelowMinimum {
        /// Replies required.
        min: u32,
        /// Replies counted.
        max: u32,
    },
}

impl GatherRule {
    /// Checks the rule, and compares it with the number of targets if that is known.
    ///
    /// # Errors
    /// The reason why the rule cannot be met.
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

    /// Whether the gather waits for more replies after this number of counted replies.
    pub fn verdict(&self, counted: u32) -> Verdict {
        let enough = self.until == Until::Minimum && self.is_satisfied(counted);
        let full = self.max.is_some_and(|max| counted >= max);
        if enough || full {
            Verdict::Complete
        } else {
            Verdict::Open
        }
    }

    /// Whether this number of replies makes a success. Decides the outcome at the deadline.
    pub fn is_satisfied(&self, counted: u32) -> bool {
        counted + u32::from(mutant!("minimum_off_by_one")) >= self.min
    }
}

/// Limits on the memory of one gather.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VoteLimits {
    /// Most distinct responders.
    pub max_distinct: u32,
    /// Most bytes of replies and names of responders together.
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

/// What a gather makes of one reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vote {
    /// The first reply of this responder. Keep it.
    Counted,
    /// This responder has replied before. Drop the reply.
    Duplicate,
    /// The gather is complete or full. Drop the reply.
    Surplus,
}

/// Whether a gather waits for more replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The gather waits for more replies.
    Open,
    /// The gather has ended.
    Complete,
}

/// Counts the replies of one gather: one vote per responder, in any order.
///
/// ```
/// use antiphon_proto::{GatherRule, Until, Verdict, Vote, VoteLimits, Votes};
///
/// let rule = GatherRule { min: 2, max: None, until: Until::Minimum };
/// let mut votes = Votes::new(rule, VoteLimits::default());
/// assert_eq!(votes.vote("north", 10), Vote::Counted);
/// assert_eq!(votes.vote("north", 10), Vote::Duplicate);
/// assert_eq!(votes.verdict(), Verdict::Open);
/// assert_eq!(votes.vote("south", 10), Vote::Counted);
/// assert_eq!(votes.verdict(), Verdict::Complete);
/// ```
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
    /// Starts without votes.
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

    /// Takes a reply of this size from the service named `responder`.
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

    /// Whether the gather waits for more replies.
    pub fn verdict(&self) -> Verdict {
        self.rule.verdict(self.counted)
    }

    /// Whether the minimum is reached. Decides between success and failure at the deadline.
    pub fn is_satisfied(&self) -> bool {
        self.rule.is_satisfied(self.counted)
    }

    /// Whether a reply of this responder was counted.
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
