//! Programs started by a test: the `antiphon` binary, signals, and guards that leave nothing running.

mod cli;
mod spawned;

pub(crate) use antiphon_testbed::process::{run, signal};
pub(crate) use cli::{antiphon, build_antiphon};
pub(crate) use spawned::{Spawned, Stream};
