//! What goes wrong in a run, and when.

mod fault;
mod hostile;
mod plan;
mod profile;

pub use self::profile::Profile;
pub(crate) use self::{
    fault::{Nemesis, heal},
    plan::draw,
};
