//! A program in the background whose output a test reads while it runs.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::signal;
use crate::support::reason::{Attempt, Because as _};
use crate::support::wait::eventually;

/// One of the two outputs of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Results.
    Stdout,
    /// Messages.
    Stderr,
}

/// The lines printed so far; a reader thread appends, the test reads.
type Lines = Arc<Mutex<Vec<String>>>;

/// A running program; killed by its process id when dropped.
#[derive(Debug)]
pub(crate) struct Spawned {
    child: Child,
    stdout: Lines,
    stderr: Lines,
}

impl Spawned {
    /// Starts `command` with an empty stdin and both outputs read in the background.
    pub(crate) fn start(mut command: Command) -> Attempt<Self> {
        let program = command.get_program().to_string_lossy().into_owned();
        let outputs = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = outputs.stdin(Stdio::null()).spawn().because(program)?;
        Ok(Self {
            stdout: collect(child.stdout.take()),
            stderr: collect(child.stderr.take()),
            child,
        })
    }

    /// The process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by name, such as `"TERM"`.
    pub(crate) fn signal(&self, name: &str) -> Attempt<()> {
        signal(self.pid(), name)
    }

    /// The lines printed so far.
    pub(crate) fn lines(&self, stream: Stream) -> Vec<String> {
        let lines = match stream {
            Stream::Stdout => &self.stdout,
            Stream::Stderr => &self.stderr,
        };
        lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for the first line that contains `text`; an error carries the whole output.
    pub(crate) fn wait_for_line(
        &self,
        stream: Stream,
        text: &str,
        limit: Duration,
    ) -> Attempt<String> {
        let what = format!("{stream:?} has a line with {text:?}");
        let found = || {
            self.lines(stream)
                .into_iter()
                .find(|line| line.contains(text))
        };
        eventually(&what, limit, found).map_err(|reason| self.with_output(&reason))
    }

    /// Waits until the program has ended by itself.
    pub(crate) fn wait(&mut self, limit: Duration) -> Attempt<ExitStatus> {
        let child = &mut self.child;
        let ended = eventually("the program has ended", limit, || {
            child.try_wait().transpose()
        });
        ended
            .map_err(|reason| self.with_output(&reason))?
            .because("waiting for the program")
    }

    /// `reason`, followed by the whole output.
    fn with_output(&self, reason: &str) -> String {
        let [stdout, stderr] =
            [Stream::Stdout, Stream::Stderr].map(|stream| self.lines(stream).join("\n"));
        format!("{reason}\n--- its stdout:\n{stdout}\n--- its stderr:\n{stderr}")
    }
}

impl Drop for Spawned {
    fn drop(&mut self) {
        // Both fail only when the program has already been waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads `output` line by line on its own thread, which ends with the program.
fn collect(output: Option<impl Read + Send + 'static>) -> Lines {
    let lines = Lines::default();
    let sink = Arc::clone(&lines);
    if let Some(output) = output {
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                sink.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(line);
            }
        });
    }
    lines
}
