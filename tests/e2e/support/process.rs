//! Programs that a test starts: the binaries of the workspace, signals, and guards that leave no program running.

mod cli;
mod spawned;

pub(crate) use antiphon_testbed::process::{run, signal};
pub(crate) use cli::{antiphon, antiphon_bench, build_binaries};
pub(crate) use spawned::{Spawned, Stream};
