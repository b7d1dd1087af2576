//! Log lines, on standard error.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

/// Warnings by default; `-v` adds information, `-vv` details, `-q` leaves errors only. `RUST_LOG`
/// overrides all of them. What librdkafka says of its own accord is for commands that run on;
/// others end with an error that has its words.
pub(crate) fn start(verbose: u8, quiet: bool, runs_on: bool) {
    let level = match (verbose, quiet) {
        (0, _) if !runs_on && quiet => "error,librdkafka=off",
        (0, _) if !runs_on => "warn,librdkafka=off",
        (_, true) => "error",
        (0, _) => "warn",
        (1, _) => "info",
        _ => "debug",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal() && !plain)
        .finish();
    // Set once, here; a second one could only come from a library that does not belong here.
    let _ = tracing::subscriber::set_global_default(subscriber);
}
