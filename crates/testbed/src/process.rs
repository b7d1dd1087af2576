//! Commands that run to their end, and signals.

use std::process::{Command, Stdio};

use crate::reason::{Attempt, Because as _};

/// Sends the signal `name` (`"TERM"`, `"KILL"`, `"STOP"`, `"CONT"`) to the process `pid`.
///
/// # Errors
///
/// There is no such process, or it is somebody else's.
pub fn signal(pid: u32, name: &str) -> Attempt<()> {
    run(Command::new("kill")
        .arg(format!("-{name}"))
        .arg(pid.to_string()))
    .map(drop)
}

/// Runs a command to its end and returns what it printed on stdout.
///
/// # Errors
///
/// It could not be started, or it failed; then with what it printed on stderr.
pub fn run(command: &mut Command) -> Attempt<String> {
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
