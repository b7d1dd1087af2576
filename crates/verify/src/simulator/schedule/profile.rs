use std::fmt;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// Which faults a run may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// None.
    Calm,
    /// Produce requests that fail, are lost or late; leaders that move; full queues.
    Broker,
    /// Members that come, go, die, stand still and come back.
    Group,
    /// Topics that are deleted, made anew, extended, or lose old records.
    Topics,
    /// Wall clocks that jump.
    Clocks,
    /// Somebody who writes garbage, forges and replays replies, and has answers sent elsewhere.
    Hostile,
    /// All of these.
    All,
}

impl Profile {
    /// All of them.
    pub const EACH: [Self; 7] = [
        Self::Calm,
        Self::Broker,
        Self::Group,
        Self::Topics,
        Self::Clocks,
        Self::Hostile,
        Self::All,
    ];

    /// As it is written on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Calm => "calm",
            Self::Broker => "broker",
            Self::Group => "group",
            Self::Topics => "topics",
            Self::Clocks => "clocks",
            Self::Hostile => "hostile",
            Self::All => "all",
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
