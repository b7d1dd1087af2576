//! A process of one's own program, which does as it is told by lines on its stdin, and says what it did on its stdout.

use std::env;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _, Seek as _, SeekFrom, Write};
use std::process::{self, Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::Duration;

use crate::process::signal;
use crate::reason::{Attempt, Because as _};

/// How much of what a worker complained about an error quotes.
const QUOTED_LINES: usize = 5;

/// How many lines a worker is ahead of who listens before it waits.
const AHEAD: usize = 64;

/// Killed when it is no longer needed. A worker that [ends with its parent](end_with_parent) ends by itself when this
/// process does.
#[derive(Debug)]
pub struct Worker {
    child: Child,
    lines: Receiver<Attempt<String>>,
    stdin: ChildStdin,
    complaints: File,
}

impl Worker {
    /// Starts this program once more, with these arguments.
    ///
    /// # Errors
    ///
    /// It could not be started.
    pub fn start<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Attempt<Self> {
        let complaints = tempfile::tempfile().because("a file for a worker's complaints")?;
        Self::start_complaining_to(complaints, arguments)
    }

    /// The same, with its stderr in a file that can be read, too.
    ///
    /// # Errors
    ///
    /// It could not be started.
    pub fn start_complaining_to<'a>(
        complaints: File,
        arguments: impl IntoIterator<Item = &'a str>,
    ) -> Attempt<Self> {
        let stderr = complaints.try_clone().because("a worker's stderr")?;
        let this = env::current_exe().because("this program")?;
        let mut child = Command::new(this)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .because("starting a worker")?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let (sender, lines) = sync_channel(AHEAD);
        let mut stdout = BufReader::new(stdout.ok_or("a worker without stdout")?);
        thread::spawn(move || {
            loop {
                let line = hear(&mut stdout);
                let over = line.is_err();
                if sender.send(line).is_err() || over {
                    return;
                }
            }
        });
        Ok(Self {
            child,
            lines,
            stdin: stdin.ok_or("a worker without stdin")?,
            complaints,
        })
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Hands it one line.
    ///
    /// # Errors
    ///
    /// It has ended.
    pub fn tell(&mut self, line: &str) -> Attempt<()> {
        writeln!(self.stdin, "{line}")
            .and_then(|()| self.stdin.flush())
            .because("a worker does not listen")
    }

    /// The next line that it prints, which has to come within the limit.
    ///
    /// # Errors
    ///
    /// It said nothing, or has ended; then with what it complained about.
    pub fn line(&mut self, limit: Duration) -> Attempt<String> {
        let line = self.lines.recv_timeout(limit);
        let line = line.unwrap_or_else(|_| Err(format!("a worker said nothing for {limit:?}")));
        line.map_err(|reason| self.with_complaints(reason))
    }

    /// The next line that it has printed, if there is one.
    pub fn heard(&mut self) -> Option<String> {
        self.lines.try_recv().ok()?.ok()
    }

    /// The next line has to be this one.
    ///
    /// # Errors
    ///
    /// It is another, or as for [`line`](Self::line).
    pub fn expect(&mut self, wanted: &str, limit: Duration) -> Attempt<()> {
        let line = self.line(limit)?;
        if line == wanted {
            return Ok(());
        }
        let reason = format!("a worker said {line:?} instead of {wanted:?}");
        Err(self.with_complaints(reason))
    }

    /// Sends it a signal by name. Until [`ended`](Self::ended) says how it ended, its id is its own.
    ///
    /// # Errors
    ///
    /// There is no such process any more.
    pub fn signal(&self, name: &str) -> Attempt<()> {
        signal(self.child.id(), name)
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// SIGKILL, and waits for the end.
    ///
    /// # Errors
    ///
    /// The system does not tell of its end.
    pub fn kill(&mut self) -> Attempt<ExitStatus> {
        // It may have ended by itself.
        let _ = self.child.kill();
        self.child.wait().because("the end of a killed worker")
    }

    /// Adds what it complained about to the reason for a failure.
    pub fn with_complaints(&mut self, reason: String) -> String {
        let mut said = String::new();
        // Without what it said there is still the reason.
        let _ = self
            .complaints
            .seek(SeekFrom::Start(0))
            .and_then(|_| self.complaints.read_to_string(&mut said));
        let lines: Vec<_> = said.lines().collect();
        let last = &lines[lines.len().saturating_sub(QUOTED_LINES)..];
        if last.is_empty() {
            reason
        } else {
            format!("{reason}; it said: {}", last.join(" | "))
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The next line of a worker.
fn hear(from: &mut impl BufRead) -> Attempt<String> {
    let mut line = String::new();
    match from.read_line(&mut line) {
        Ok(0) => Err("a worker ended without a result".into()),
        Ok(_) => Ok(line.trim_end().to_owned()),
        Err(error) => Err(format!("a worker's stdout: {error}")),
    }
}

/// In a worker: prints a line for who started it.
///
/// # Errors
///
/// Nobody listens any more.
pub fn say(line: &str) -> Attempt<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .because("stdout")
}

/// In a worker: hands each further line of stdin to `told`, on a thread of its own, and ends the process when there are
/// no more, since then its parent has died.
pub fn end_with_parent(mut told: impl FnMut(&str) + Send + 'static) {
    thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            told(&line);
        }
        process::exit(1)
    });
}
