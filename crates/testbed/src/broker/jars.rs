//! Apache Kafka as a set of jars, fetched once with Maven and kept in a cache.

mod cache;
mod fetch;
mod java;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::process::run;
use crate::reason::Attempt;

/// The Kafka that is tested against; `docker-compose.yml` names the same.
pub const VERSION: &str = "4.1.1";

/// Options of every Java process: the log goes to stderr, dated.
const OPTIONS: [&str; 2] = [
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
];

/// What memory a Java process gets, and who collects it.
pub(super) type Heap = &'static [&'static str];

/// For tests: the serial collector starts faster and is as good for a heap this small.
pub(super) const SMALL: Heap = &["-Xmx512m", "-XX:+UseSerialGC"];

/// For measurements: what Kafka's own start script sets.
pub(super) const AS_SHIPPED: Heap = &[
    "-Xms1g",
    "-Xmx1g",
    "-XX:+UseG1GC",
    "-XX:MaxGCPauseMillis=20",
    "-XX:InitiatingHeapOccupancyPercent=35",
    "-XX:+ExplicitGCInvokesConcurrent",
];

/// A Kafka that can be run: a Java to run it with, and the folder of its jars.
#[derive(Clone, Debug)]
pub struct Jars {
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
    pub(super) fn format(&self, settings: &Path, cluster_id: &str) -> Attempt<()> {
        run(&mut self.formatter(settings, cluster_id)).map(drop)
    }

    /// The same with a user for SASL/SCRAM, as `--add-scram` takes it.
    pub(super) fn format_with_user(
        &self,
        settings: &Path,
        cluster_id: &str,
        user: &str,
    ) -> Attempt<()> {
        let mut tool = self.formatter(settings, cluster_id);
        run(tool.args(["--add-scram", user])).map(drop)
    }

    fn formatter(&self, settings: &Path, cluster_id: &str) -> Command {
        let mut tool = self.java("kafka.tools.StorageTool", SMALL);
        tool.args(["format", "-t", cluster_id, "-c"]).arg(settings);
        tool
    }

    /// The tool for keys and certificates, which comes with every Java.
    pub(super) fn keytool(&self) -> Command {
        Command::new(self.java.with_file_name("keytool"))
    }

    /// A command that runs `main_class` with all jars.
    pub(super) fn java(&self, main_class: &str, heap: Heap) -> Command {
        let mut command = Command::new(&self.java);
        command
            .args(OPTIONS)
            .args(heap)
            .arg("-cp")
            .arg(self.folder.join("*"))
            .arg(main_class);
        command
    }
}
