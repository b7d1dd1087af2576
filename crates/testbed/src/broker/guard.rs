//! A long-lived child process that cannot outlive the tests, however they end.
//!
//! Between us and the child stands a small shell script. Its stdin is a pipe that only this process holds: when we die,
//! even by SIGKILL, the pipe closes, and the script stops the child and removes its directory.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::process::signal;
use crate::reason::{Attempt, Because as _};
use crate::wait::eventually;

/// How long a child may take to end after SIGTERM before it is killed.
const GRACE: Duration = Duration::from_secs(15);

/// How long a killed child may take to vanish.
const KILL_LIMIT: Duration = Duration::from_secs(10);

/// `$1` is the directory, the rest the command. Prints the process id of the command, waits for it, and takes over its
/// exit code. A line on stdin calls the watcher off.
const SCRIPT: &str = r#"
directory=$1; shift
"$@" </dev/null >>"$directory/broker.log" 2>&1 &
child=$!
exec 3<&0
(
  read -r word <&3 && exit
  kill -TERM "$child" 2>/dev/null
  kill -CONT "$child" 2>/dev/null
  left=15
  while kill -0 "$child" 2>/dev/null && [ "$left" -gt 0 ]; do sleep 1; left=$((left - 1)); done
  kill -KILL "$child" 2>/dev/null
  rm -rf "$directory"
) >/dev/null 2>&1 &
exec 3<&-
echo "$child"
wait "$child"
"#;

/// The log of the command within its directory.
pub(super) const LOG: &str = "broker.log";

/// A running command and the script that watches over it.
#[derive(Debug)]
pub(super) struct Guarded {
    script: Child,
    pid: u32,
}

impl Guarded {
    /// Starts `command` with its output appended to the [`LOG`] of `directory`.
    pub(super) fn start(directory: &Path, command: &Command) -> Attempt<Self> {
        // Made here, so that the log can be read from the first moment on.
        let log = directory.join(LOG);
        File::options()
            .create(true)
            .append(true)
            .open(&log)
            .because(log.display())?;
        let mut script = Command::new("sh");
        script.args(["-c", SCRIPT, "sh"]).arg(directory);
        script.arg(command.get_program()).args(command.get_args());
        script
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut script = script.spawn().because("sh")?;
        let pid = read_pid(&mut script)?;
        Ok(Self { script, pid })
    }

    /// How the command ended, if it has.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        self.script.try_wait().ok().flatten()
    }

    /// The command's own process.
    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    /// Sends a signal to the command itself, which still runs or has not been reaped: its id is its own.
    pub(super) fn signal(&self, name: &str) -> Attempt<()> {
        signal(self.pid, name)
    }

    /// SIGTERM, and SIGKILL after a grace; the directory stays.
    pub(super) fn stop(mut self) -> Attempt<()> {
        self.end_with("TERM", GRACE)
            .or_else(|_| self.end_with("KILL", KILL_LIMIT))
    }

    /// SIGKILL; the directory stays.
    pub(super) fn kill(mut self) -> Attempt<()> {
        self.end_with("KILL", KILL_LIMIT)
    }

    /// Sends a signal, waits for the end, and calls the watcher off.
    fn end_with(&mut self, signal: &str, limit: Duration) -> Attempt<()> {
        if self.ended().is_none() {
            self.signal(signal)?;
            // A process that a test has frozen acts on SIGTERM only when it runs again; a killed one is past caring.
            let _ = self.signal("CONT");
            eventually("the broker's process has ended", limit, || self.ended())?;
        }
        self.call_off();
        Ok(())
    }

    /// Tells the watcher that there is nothing left to watch; if it is gone already, so much the better.
    fn call_off(&mut self) {
        if let Some(mut pipe) = self.script.stdin.take() {
            let _ = pipe.write_all(b"done\n");
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        if self.end_with("TERM", GRACE).is_err() {
            let _ = self.end_with("KILL", KILL_LIMIT);
        }
    }
}

/// The first line of the script: the process id of the command.
fn read_pid(script: &mut Child) -> Attempt<u32> {
    let stdout = script
        .stdout
        .take()
        .ok_or("the watching script has no stdout")?;
    let mut line = String::new();
    BufReader::new(stdout)
        .read_line(&mut line)
        .because("the watching script")?;
    line.trim()
        .parse()
        .because("the watching script printed no process id")
}
