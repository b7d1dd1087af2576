//! Programs started by a test: our binaries, signals, and guards that leave nothing running.

mod cli;
mod spawned;

pub(crate) use antiphon_testbed::process::{run, signal};
pub(crate) use cli::{antiphon, antiphon_bench, build_binaries};
pub(crate) use spawned::{Spawned, Stream};
