//! How each fault is done, how it is seen that it was, and how it ends.

mod brokers;
mod churn;
mod controller;
mod evidence;
mod frozen;
mod grow;
mod hostile;
mod killed;
mod network;
mod rolling;
mod told;
mod vandal;

use antiphon_testbed::proxy::{FETCH, Impairment, PRODUCE};
use antiphon_testbed::reason::Attempt;

use super::{act::Act, child::Order, stage::Stage};
use crate::history::Role;

/// A fault that goes on.
pub(super) trait Fault {
    /// Has it happen.
    fn begin(&mut self, stage: &mut Stage<'_>) -> Attempt<()>;

    /// By what it is seen that it has taken effect; none as long as it has not. Asked again and again while it lasts.
    fn evidence(&mut self, stage: &mut Stage<'_>) -> Attempt<Option<String>>;

    /// Ends it, and returns when what it stopped works again.
    fn end(&mut self, stage: &mut Stage<'_>) -> Attempt<()>;
}

/// The fault that an act asks for.
pub(super) fn fault(act: &Act, seed: u64) -> Box<dyn Fault> {
    match act {
        Act::KillLeader { partition } => Box::new(brokers::KilledLeader::new(*partition)),
        Act::KillController => Box::new(controller::KilledController::default()),
        Act::KillAllBut { node } => Box::new(brokers::AllBut::new(*node)),
        Act::FreezeBroker { node } => Box::new(frozen::FrozenBroker::new(*node)),
        Act::Partition { node, way, whom } => Box::new(network::Impaired::hole(*node, *way, *whom)),
        Act::LoseAcks { share } => Box::new(network::Impaired::lose_acks(*share)),
        Act::HoldAcks { milliseconds } => Box::new(network::Impaired::hold(PRODUCE, *milliseconds)),
        Act::HoldReads { milliseconds } => Box::new(network::Impaired::hold(FETCH, *milliseconds)),
        Act::Narrow { bytes_per_second } => Box::new(network::Impaired::everywhere(Impairment {
            bytes_per_second: Some(*bytes_per_second),
            ..Impairment::default()
        })),
        Act::Kill { role, at } => Box::new(killed::Killed::new(*role, *at, None)),
        Act::Abort { at, event, nth } => {
            let order = Order::Abort((*event).to_owned(), *nth);
            Box::new(killed::Killed::new(Role::Responder, *at, Some(order)))
        }
        Act::Freeze { role, at } => Box::new(frozen::FrozenMember::new(*role, *at)),
        Act::Churn => Box::new(churn::Churn::default()),
        Act::Grow { partitions } => Box::new(grow::Grow::new(*partitions)),
        Act::Clock { role, milliseconds } => Box::new(told::Told::clock(*role, *milliseconds)),
        Act::Slow { factor } => Box::new(told::Told::slow(*factor)),
        Act::Overload { factor } => Box::new(told::Told::overload(*factor)),
        Act::Poison { share } => Box::new(told::Poison::new(*share, seed)),
        Act::Hostile => Box::new(hostile::Hostile::new(seed)),
        Act::RollingRestart => Box::new(rolling::Rolling::default()),
    }
}
