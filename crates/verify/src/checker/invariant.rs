//! What has to hold of every run.

use serde::{Serialize, Serializer};

/// One thing that has to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Invariant {
    /// A call ends once.
    I1,
    /// A reply is that of its call.
    I2,
    /// A reply was made by a handler that ran.
    I3,
    /// Errors are right about execution.
    I4,
    /// A call ends in time.
    I5,
    /// Handlers run as often as was promised.
    I7,
    /// Offsets are committed for what is done.
    I10,
    /// A gather keeps its rule.
    I11,
    /// A stream is without gaps.
    I12,
    /// Nothing stays behind, and memory is bounded.
    I13,
    /// Nothing is written where it must not be.
    I14,
    /// After the last fault everything recovers.
    I16,
    /// The run put something to the test.
    I17,
    /// The log keeps what it has acknowledged.
    I19,
}

impl Invariant {
    /// All of them, in order.
    pub const ALL: [Self; 14] = [
        Self::I1,
        Self::I2,
        Self::I3,
        Self::I4,
        Self::I5,
        Self::I7,
        Self::I10,
        Self::I11,
        Self::I12,
        Self::I13,
        Self::I14,
        Self::I16,
        Self::I17,
        Self::I19,
    ];

    /// Its name.
    pub fn id(self) -> &'static str {
        match self {
            Self::I1 => "I1",
            Self::I2 => "I2",
            Self::I3 => "I3",
            Self::I4 => "I4",
            Self::I5 => "I5",
            Self::I7 => "I7",
            Self::I10 => "I10",
            Self::I11 => "I11",
            Self::I12 => "I12",
            Self::I13 => "I13",
            Self::I14 => "I14",
            Self::I16 => "I16",
            Self::I17 => "I17",
            Self::I19 => "I19",
        }
    }

    /// What it says.
    pub fn statement(self) -> &'static str {
        match self {
            Self::I1 => "every call ends exactly once",
            Self::I2 => "a reply reaches only the call that caused it",
            Self::I3 => "every reply was made by a handler that ran for its call",
            Self::I4 => "what is said of execution is true",
            Self::I5 => "no call ends late, and none times out early",
            Self::I7 => "handlers take effect as often as was promised",
            Self::I10 => "offsets are committed in order, and only for what is done",
            Self::I11 => "gathers keep minimum, maximum and one vote per responder",
            Self::I12 => "streams are in order and without gaps",
            Self::I13 => "nothing stays behind at an orderly end, and memory is bounded",
            Self::I14 => "nothing is written outside the allowed topics",
            Self::I16 => "after the last fault everything recovers",
            Self::I17 => "the run put something to the test",
            Self::I19 => "the log keeps what it has acknowledged",
        }
    }
}

impl Serialize for Invariant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}
