//! One Kafka node, broker and controller in one (KRaft), run from jars on ports and data of its own.

mod door;
mod settings;

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tempfile::TempDir;

pub use door::Door;

use super::guard::{Guarded, LOG};
use super::jars::Jars;
use super::plan::Plan;
use super::probe::api_versions;
use crate::reason::{Attempt, Because as _};
use crate::wait::eventually;

/// How long a node may take to start; two to three seconds are usual, on a busy machine ten.
const START_LIMIT: Duration = Duration::from_secs(90);

/// The line that a node prints when it is registered and unfenced. It answers `ApiVersions` a little earlier, when
/// creating a topic would still be refused.
const STARTED: &str = "Kafka Server started";

/// How much of the log an error quotes.
const QUOTED_LINES: usize = 25;

/// A node, running or stopped.
#[derive(Debug)]
pub struct Node {
    /// `None` while stopped. Before `directory`, so that the process is gone before its data is.
    process: Mutex<Option<Guarded>>,
    directory: TempDir,
    log: PathBuf,
    jars: Jars,
    plan: Plan,
    /// For clients with TLS and a password, where there is one.
    door: Option<Door>,
}

impl Node {
    /// Makes a node with fresh data and starts it.
    pub(super) fn launch(jars: Jars, plan: Plan) -> Attempt<Self> {
        Self::launch_with(jars, plan, |_, _| Ok(None))
    }

    /// The same, with a door for clients that come with TLS and a password.
    pub(super) fn launch_secured(jars: Jars, plan: Plan) -> Attempt<Self> {
        Self::launch_with(jars, plan, |jars, directory| {
            Door::make(jars, directory).map(Some)
        })
    }

    fn launch_with(
        jars: Jars,
        plan: Plan,
        door: impl FnOnce(&Jars, &Path) -> Attempt<Option<Door>>,
    ) -> Attempt<Self> {
        let directory = tempfile::Builder::new().prefix("antiphon-kafka-").tempdir();
        let directory = directory.because("a directory for a Kafka node")?;
        let node = Self {
            door: door(&jars, directory.path())?,
            process: Mutex::new(None),
            log: directory.path().join(LOG),
            directory,
            jars,
            plan,
        };
        node.format()?;
        node.start()?;
        Ok(node)
    }

    /// Where clients connect, past any proxy.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.plan.ports.broker)
    }

    /// The door for clients with TLS, if there is one.
    pub(super) fn door(&self) -> Option<&Door> {
        self.door.as_ref()
    }

    /// What the node printed, over all its starts; gone with the node.
    pub fn log_path(&self) -> &Path {
        &self.log
    }

    /// Its `server.properties`; gone with the node.
    pub fn settings_path(&self) -> PathBuf {
        self.settings_file()
    }

    /// Where it waits for what comes through its proxy.
    pub fn port_behind_proxy(&self) -> Option<u16> {
        self.plan.proxied.map(|proxied| proxied.listen)
    }

    /// Its process; none while it is stopped.
    pub fn pid(&self) -> Option<u32> {
        self.process().as_ref().map(Guarded::pid)
    }

    /// Starts the node and returns once it answers; a running node is left as it is.
    ///
    /// # Errors
    ///
    /// It ended, or does not answer in time.
    pub fn start(&self) -> Attempt<()> {
        let mut process = self.process();
        if process.is_some() {
            return Ok(());
        }
        let log_before = fs::metadata(&self.log).map_or(0, |log| log.len());
        let mut started = Guarded::start(self.directory.path(), &self.server())?;
        self.wait_until_serving(&mut started, log_before)?;
        *process = Some(started);
        Ok(())
    }

    /// SIGTERM, and SIGKILL after a grace.
    ///
    /// # Errors
    ///
    /// It does not end.
    pub fn stop(&self) -> Attempt<()> {
        self.process().take().map_or(Ok(()), Guarded::stop)
    }

    /// SIGKILL.
    ///
    /// # Errors
    ///
    /// It does not end.
    pub fn kill(&self) -> Attempt<()> {
        self.process().take().map_or(Ok(()), Guarded::kill)
    }

    /// Any signal, by name: `"STOP"` freezes it, `"CONT"` lets it run on.
    ///
    /// # Errors
    ///
    /// The node is stopped.
    pub fn signal(&self, name: &str) -> Attempt<()> {
        let process = self.process();
        process
            .as_ref()
            .ok_or("the broker is stopped")?
            .signal(name)
    }

    /// The process, for one thread at a time.
    fn process(&self) -> MutexGuard<'_, Option<Guarded>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the settings and prepares the data directory, once in a node's life.
    fn format(&self) -> Attempt<()> {
        let data = self.directory.path().join("data");
        fs::create_dir(&data).because(data.display())?;
        let file = self.settings_file();
        let mut text = settings::combined_node(&self.plan, &data);
        let cluster_id = &self.plan.cluster_id;
        let Some(door) = &self.door else {
            fs::write(&file, text).because(file.display())?;
            return self.jars.format(&file, cluster_id);
        };
        text.push_str(&door.settings(self.plan.ports));
        fs::write(&file, text).because(file.display())?;
        self.jars.format_with_user(&file, cluster_id, &door::user())
    }

    /// The command that is the node.
    fn server(&self) -> Command {
        let mut command = self.jars.java("kafka.Kafka", self.plan.heap);
        command.arg(self.settings_file());
        command
    }

    /// Where its settings are.
    fn settings_file(&self) -> PathBuf {
        self.directory.path().join("server.properties")
    }

    /// Waits until a node that was just started serves clients, or has ended.
    fn wait_until_serving(&self, process: &mut Guarded, log_before: u64) -> Attempt<()> {
        let progress = || match process.ended() {
            Some(status) => Some(Err(format!("Kafka ended with {status}"))),
            None => self.is_serving(log_before).then_some(Ok(())),
        };
        let outcome = eventually("Kafka serves clients", START_LIMIT, progress);
        outcome
            .flatten()
            .map_err(|reason| format!("{reason}; its log ends so:\n{}", self.log_end()))
    }

    /// Whether it has said so, and answers.
    fn is_serving(&self, log_before: u64) -> bool {
        self.log_since(log_before).contains(STARTED) && api_versions(&self.address()).is_ok()
    }

    /// The log from a byte on; nothing before the first start.
    fn log_since(&self, byte: u64) -> String {
        let mut log = Vec::new();
        // A log that can not be read says nothing yet.
        let _ = File::open(&self.log).and_then(|mut file| {
            file.seek(SeekFrom::Start(byte))?;
            file.read_to_end(&mut log)
        });
        String::from_utf8_lossy(&log).into_owned()
    }

    /// The last lines of the log.
    fn log_end(&self) -> String {
        let log = self.log_since(0);
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(QUOTED_LINES)..].join("\n")
    }
}
