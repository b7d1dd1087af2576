//! What the nemesis can do.

use std::fmt;

use crate::history::Role;
use antiphon_testbed::proxy::Way;

/// One fault.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Act {
    /// SIGKILL to the broker that leads this partition of the first request topic.
    KillLeader { partition: usize },
    /// SIGKILL to the active controller.
    KillController,
    /// SIGKILL to all brokers but this one.
    KillAllBut { node: usize },
    /// SIGSTOP to a broker.
    FreezeBroker { node: usize },
    /// What clients of a role, or all, say to a broker, what it says to them, or both does not pass.
    Partition {
        node: usize,
        way: Way,
        whom: Option<Role>,
    },
    /// This share of the brokers' answers to stored records is lost, with their connections.
    LoseAcks { share: f64 },
    /// The brokers' answers to stored records come so many milliseconds later.
    HoldAcks { milliseconds: u64 },
    /// The brokers' answers with records come so many milliseconds later.
    HoldReads { milliseconds: u64 },
    /// Clients and each broker have so many bytes a second for each other.
    Narrow { bytes_per_second: u64 },
    /// SIGKILL to a process.
    Kill { role: Role, at: usize },
    /// A responder aborts when it has written down the `nth` event of a kind.
    Abort {
        at: usize,
        event: &'static str,
        nth: u32,
    },
    /// SIGSTOP to a process, and SIGCONT at the end.
    Freeze { role: Role, at: usize },
    /// A further responder comes and goes, every few seconds.
    Churn,
    /// Request topics get more partitions.
    Grow { partitions: u32 },
    /// The wall clocks of all processes of a role are wrong.
    Clock { role: Role, milliseconds: i64 },
    /// Handlers take so many times what a handler takes.
    Slow { factor: u32 },
    /// So many times the calls.
    Overload { factor: u32 },
    /// This share of calls has its handler fail or panic, another is too large to be sent, and records that are no
    /// requests come besides.
    Poison { share: f64 },
    /// Somebody who may write everywhere forges, replays, and asks for replies to topics of others.
    Hostile,
    /// SIGTERM to every process and every broker, one after the other, each started again.
    RollingRestart,
}

impl Act {
    /// Its kind, as the history names it.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::KillLeader { .. } => "kill_leader",
            Self::KillController => "kill_controller",
            Self::KillAllBut { .. } => "kill_all_but_one",
            Self::FreezeBroker { .. } => "freeze_broker",
            Self::Partition { .. } => "partition",
            Self::LoseAcks { .. } => "lose_acks",
            Self::HoldAcks { .. } => "hold_acks",
            Self::HoldReads { .. } => "hold_reads",
            Self::Narrow { .. } => "narrow",
            Self::Kill { role, .. } if *role == Role::Requester => "kill_requester",
            Self::Kill { .. } => "kill_responder",
            Self::Abort { .. } => "abort_responder",
            Self::Freeze { role, .. } if *role == Role::Requester => "freeze_requester",
            Self::Freeze { .. } => "freeze_responder",
            Self::Churn => "churn",
            Self::Grow { .. } => "grow",
            Self::Clock { .. } => "clock",
            Self::Slow { .. } => "slow",
            Self::Overload { .. } => "overload",
            Self::Poison { .. } => "poison",
            Self::Hostile => "hostile",
            Self::RollingRestart => "rolling_restart",
        }
    }
}

/// To whom, and how much.
impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KillLeader { partition } => write!(f, "leader of partition {partition}"),
            Self::KillController => f.write_str("active controller"),
            Self::KillAllBut { node } => write!(f, "all brokers but {node}"),
            Self::FreezeBroker { node } => write!(f, "broker {node}"),
            Self::Partition { node, way, whom } => {
                let whom = whom.map_or("all", |role| role.word());
                write!(f, "broker {node} and {whom}, {way:?}")
            }
            Self::LoseAcks { share } => write!(f, "{} % of acknowledgements", share * 100.0),
            Self::HoldAcks { milliseconds } => write!(f, "acknowledgements by {milliseconds} ms"),
            Self::HoldReads { milliseconds } => write!(f, "reads by {milliseconds} ms"),
            Self::Narrow { bytes_per_second } => write!(f, "{bytes_per_second} B/s"),
            Self::Kill { role, at } | Self::Freeze { role, at } => {
                write!(f, "{} {}", role.word(), at + 1)
            }
            Self::Abort { at, event, nth } => write!(f, "responder {} at {event} {nth}", at + 1),
            Self::Churn => f.write_str("one more responder, again and again"),
            Self::Grow { partitions } => write!(f, "to {partitions} partitions"),
            Self::Clock { role, milliseconds } => {
                write!(f, "every {} by {milliseconds} ms", role.word())
            }
            Self::Slow { factor } | Self::Overload { factor } => write!(f, "{factor} times"),
            Self::Poison { share } => write!(f, "{} % of each kind", share * 100.0),
            Self::Hostile => f.write_str("forged and replayed replies, foreign addresses, garbage"),
            Self::RollingRestart => f.write_str("every process and every broker"),
        }
    }
}
