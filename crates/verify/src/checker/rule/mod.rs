//! The invariants, one file each. What can be judged as it happens has a function that is called
//! then; the rest is judged at the end, when all that happened is known.

mod certainty;
mod effects;
mod expired;
pub(super) mod gathers;
mod growth;
pub(super) mod leftovers;
pub(super) mod offsets;
pub(super) mod once;
pub(super) mod own_reply;
mod passed;
pub(super) mod punctual;
mod recovery;
mod stored;
mod substance;
pub(super) mod topics;

use super::{invariant::Invariant, state::State};

/// Judges all that could not be judged before.
pub(super) fn judge(state: &mut State) {
    let streams = state.docket.of(Invariant::I12);
    streams.idle("the product has no streams");
    once::judge(state);
    own_reply::judge(state);
    certainty::judge(state);
    punctual::judge(state);
    expired::judge(state);
    effects::judge(state);
    offsets::judge(state);
    passed::judge(state);
    leftovers::judge(state);
    recovery::judge(state);
    substance::judge(state);
    stored::judge(state);
}
