//! Logging to standard error.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

/// Logs warnings by default, `info` with `-v`, `debug` with `-vv`, and errors only with `-q`.
/// `RUST_LOG` overrides all of these. Log lines of librdkafka appear only for commands that run
/// until they are stopped: the error of any other command already contains the cause.
pub(crate) fn start(verbose: u8, quiet: bool, runs_until_stopped: bool) {
    let level = match (verbose, quiet) {
        (0, _) if !runs_until_stopped && quiet => "error,librdkafka=off",
        (0, _) if !runs_until_stopped => "warn,librdkafka=off",
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
    // This is the only subscriber of the program, so setting it cannot fail.
    let _ = tracing::subscriber::set_global_default(subscriber);
}
