//! What the processes of a run do: requesters call, responders answer, and both record it.

mod caller;
mod harm;
mod load;
mod mix;
mod responder;

pub(crate) use self::harm::Harm;
pub use self::{
    caller::{Call, Caller},
    load::{Pace, offer},
    mix::Mix,
    responder::{answering, answering_at_once},
};
