//! Apache Kafka as a set of jars, fetched once with Maven and kept in a cache.

mod cache;
mod fetch;
mod java;

use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::sync::OnceLock;
use std::time::SystemTime;

use crate::support::process::run;
use crate::support::reason::Attempt;

/// The Kafka that is tested against; `docker-compose.yml` names the same.
pub(crate) const VERSION: &str = "4.1.1";

/// Options of every Java process. The serial collector starts faster and is as good for a heap this small; the log goes
/// to stderr, dated.
const OPTIONS: [&str; 4] = [
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
];

/// A Kafka that can be run: a Java to run it with, and the folder of its jars.
#[derive(Clone, Debug)]
pub(crate) struct Jars {
    java: PathBuf,
    folder: PathBuf,
}

impl Jars {
    /// Looks for Java and for the jars, and fetches these if they are not in the cache; asks only once per process.
    pub(super) fn find() -> Attempt<Self> {
        static FOUND: OnceLock<Attempt<Jars>> = OnceLock::new();
        FOUND.get_or_init(Self::look).clone()
    }

    /// The look behind [`find`](Self::find).
    fn look() -> Attempt<Self> {
        Ok(Self {
            java: java::find()?,
            folder: cache::jars()?,
        })
    }

    /// Prepares the data directory that `settings` names; fails if Kafka does not take the settings.
    pub(super) fn format(&self, settings: &Path) -> Attempt<()> {
        run(&mut self.formatter(settings)).map(drop)
    }

    /// The same with a user for SASL/SCRAM, as `--add-scram` takes it.
    pub(super) fn format_with_user(&self, settings: &Path, user: &str) -> Attempt<()> {
        run(self.formatter(settings).args(["--add-scram", user])).map(drop)
    }

    fn formatter(&self, settings: &Path) -> Command {
        let mut tool = self.java("kafka.tools.StorageTool");
        tool.args(["format", "-t", &cluster_id(), "-c"])
            .arg(settings);
        tool
    }

    /// The tool for keys and certificates, which comes with every Java.
    pub(super) fn keytool(&self) -> Command {
        Command::new(self.java.with_file_name("keytool"))
    }

    /// A command that runs `main_class` with all jars.
    pub(super) fn java(&self, main_class: &str) -> Command {
        let mut command = Command::new(&self.java);
        command
            .args(OPTIONS)
            .arg("-cp")
            .arg(self.folder.join("*"))
            .arg(main_class);
        command
    }
}

/// A cluster id no other node has: 22 characters that decode, as base64, to the 16 bytes Kafka wants.
fn cluster_id() -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let micros = now.unwrap_or_default().as_micros();
    format!("{:A>21}A", format!("{}{micros}", process::id() % 10_000))
}
