//! The process of a command.

use std::ffi::OsString;

use antiphon::Context;
use tokio::process::{Child, Command};

/// The longest key passed on, since the size of an environment is limited.
const LONGEST_KEY: usize = 4096;

/// The variables of a command. A variable cannot contain NUL, so NUL bytes are removed.
pub(super) fn variables(context: &Context) -> Vec<(&'static str, OsString)> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace('\0', "").into();
    let mut all = vec![
        ("ANTIPHON_TOPIC", text(context.topic().as_bytes())),
        ("ANTIPHON_CORRELATION_ID", text(context.correlation_id())),
    ];
    if let Some(key) = context.key().filter(|key| key.len() <= LONGEST_KEY) {
        all.push(("ANTIPHON_KEY", text(key)));
    }
    if let Some(operation) = context.operation() {
        all.push(("ANTIPHON_OPERATION", text(operation.as_bytes())));
    }
    all
}

#[cfg(unix)]
pub(super) fn shell(line: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(line);
    command
}

#[cfg(not(unix))]
pub(super) fn shell(line: &str) -> Command {
    let mut command = Command::new("cmd");
    command.arg("/C").arg(line);
    command
}

/// The process group of a command. Killed when dropped, unless `disarm` was called.
#[cfg(unix)]
pub(super) struct Group(Option<rustix::process::Pid>);

#[cfg(unix)]
impl Group {
    pub(super) fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self(id.and_then(rustix::process::Pid::from_raw))
    }

    /// Call once the command has been waited for: its process id may be reused.
    pub(super) fn disarm(&mut self) {
        self.0 = None;
    }
}

#[cfg(unix)]
impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            let killed = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
            if let Err(error) = killed {
                tracing::debug!(%error, "cannot kill the process group of the command");
            }
        }
    }
}

/// On other systems only the child is killed, by `kill_on_drop`.
#[cfg(not(unix))]
pub(super) struct Group;

#[cfg(not(unix))]
impl Group {
    pub(super) fn of(_: &Child) -> Self {
        Self
    }

    pub(super) fn disarm(&mut self) {}
}
