//! Programs started by a test: the `antiphon` binary, signals, and guards that leave nothing running.

mod cli;
mod spawned;

use std::process::{Command, Stdio};

use super::reason::{Attempt, Because as _};

pub(crate) use cli::{antiphon, build_antiphon};
pub(crate) use spawned::{Spawned, Stream};

/// Sends the signal `name` (`"TERM"`, `"KILL"`, `"STOP"`, `"CONT"`) to the process `pid`.
pub(crate) fn signal(pid: u32, name: &str) -> Attempt<()> {
    run(Command::new("kill")
        .arg(format!("-{name}"))
        .arg(pid.to_string()))
    .map(drop)
}

/// Runs a command to its end and returns what it printed on stdout; an error carries what it printed on stderr.
pub(crate) fn run(command: &mut Command) -> Attempt<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().because(&program)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = if output.stderr.is_empty() {
        &output.stdout
    } else {
        &output.stderr
    };
    Err(format!(
        "{program} ended with {}: {}",
        output.status,
        String::from_utf8_lossy(said).trim()
    ))
}
