//! A process of this program that asks or answers.

use std::{
    env,
    fs::File,
    io::{BufReader, Read as _, Seek as _, SeekFrom},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, sync_channel},
    thread,
    time::Duration,
};

use crate::{
    account::Account,
    parent::{hear, tell},
};

/// How much of what a worker complained about an error quotes.
const QUOTED_LINES: usize = 5;

/// Killed when it is no longer needed. It ends by itself when this process does.
pub(super) struct Worker {
    child: Child,
    lines: Receiver<Result<String, String>>,
    stdin: ChildStdin,
    complaints: File,
}

impl Worker {
    pub(super) fn start<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let complaints = tempfile::tempfile().map_err(|error| error.to_string())?;
        let stderr = complaints.try_clone().map_err(|error| error.to_string())?;
        let this = env::current_exe().map_err(|error| error.to_string())?;
        let mut child = Command::new(this)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .map_err(|error| format!("starting a worker: {error}"))?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let (sender, lines) = sync_channel(8);
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

    pub(super) fn tell(&mut self, line: &str) -> Result<(), String> {
        tell(&mut self.stdin, line)
    }

    /// The next line that it prints, which has to come within the limit.
    pub(super) fn line(&mut self, limit: Duration) -> Result<String, String> {
        let line = self.lines.recv_timeout(limit);
        let line = line.unwrap_or_else(|_| Err(format!("a worker said nothing for {limit:?}")));
        line.map_err(|reason| self.with_complaints(reason))
    }

    pub(super) fn expect(&mut self, wanted: &str, limit: Duration) -> Result<(), String> {
        let line = self.line(limit)?;
        if line == wanted {
            return Ok(());
        }
        let reason = format!("a worker said {line:?} instead of {wanted:?}");
        Err(self.with_complaints(reason))
    }

    pub(super) fn account(&self) -> Account {
        Account::of(&self.child.id().to_string())
    }

    fn with_complaints(&mut self, reason: String) -> String {
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
