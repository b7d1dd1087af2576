//! `antiphon serve --exec`: runs a command for each request, within limits.

mod pipes;
mod process;

use std::process::{ExitStatus, Stdio};

use antiphon::{Context, Executed, Status, service::Reply};
use bytes::Bytes;
use tokio::process::Child;

use self::{
    pipes::{broken, feed, last_bytes, output, tail},
    process::{Group, shell, variables},
};

/// Bytes of standard error in the message of a status. The wire allows 1,024 bytes.
const TAIL_IN_MESSAGE: usize = 900;

/// A shell command that answers requests.
#[derive(Debug)]
pub(super) struct Exec {
    command: String,
    max_output: usize,
}

impl Exec {
    pub(super) fn new(command: String, max_output: usize) -> Self {
        Self {
            command,
            max_output,
        }
    }

    /// Runs the command. The value is its standard input, its standard output is the reply. The
    /// command and the processes it started are killed when the request is cancelled, when the output
    /// exceeds the limit, and when this future is dropped.
    pub(super) async fn answer(&self, context: &Context, value: Bytes) -> Result<Reply, Status> {
        let mut child = self.spawn(context)?;
        let mut group = Group::of(&child);
        let ended = tokio::select! {
            ended = self.converse(&mut child, &value) => ended?,
            () = context.cancelled() => {
                drop(group);
                return stopped(context).await;
            }
        };
        group.disarm();
        ended.into_reply()
    }

    fn spawn(&self, context: &Context) -> Result<Child, Status> {
        let mut command = shell(&self.command);
        command
            .envs(variables(context))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        command.spawn().map_err(|error| {
            let status = Status::unavailable(format!("the command cannot be started: {error}"));
            status.with_executed(Executed::No)
        })
    }

    async fn converse(&self, child: &mut Child, value: &[u8]) -> Result<Ended, Status> {
        let (stdin, stdout, stderr) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = (stdin, stdout, stderr) else {
            return Err(Status::internal("the command has no pipes"));
        };
        let all = async {
            let fed = async {
                feed(stdin, value).await;
                Ok(())
            };
            tokio::try_join!(fed, output(stdout, self.max_output), tail(stderr))
        };
        let ((), output, tail) = all.await?;
        let status = child.wait().await.map_err(|error| broken(&error))?;
        Ok(Ended {
            status,
            output,
            tail,
        })
    }
}

/// The status of a command that was killed before it ended. If the service is stopping there is
/// none: the request stays unanswered and will be redelivered.
async fn stopped(context: &Context) -> Result<Reply, Status> {
    if context.remaining().is_none_or(|left| !left.is_zero()) {
        return std::future::pending().await;
    }
    let status = Status::deadline_exceeded("the command was killed at the deadline of the request");
    Err(status.with_executed(Executed::Maybe))
}

/// A command that has ended.
struct Ended {
    status: ExitStatus,
    output: Vec<u8>,
    tail: String,
}

impl Ended {
    fn into_reply(self) -> Result<Reply, Status> {
        if self.status.success() {
            return Ok(Reply::new(self.output));
        }
        let end = last_bytes(&self.tail, TAIL_IN_MESSAGE).trim();
        let message = match end {
            "" => format!("the command failed with {}", self.status),
            end => format!("the command failed with {}: {end}", self.status),
        };
        let details = serde_json::json!({ "exit_code": self.status.code(), "stderr": self.tail });
        Err(Status::unknown(message).with_details(details.to_string()))
    }
}
