//! The `kafka` service of `docker-compose.yml`, for machines with a Docker engine and without Java.

use std::path::Path;
use std::process::Command;

use super::probe::api_versions;
use crate::process::run;
use crate::reason::{Attempt, Because as _};

/// Where the service listens.
pub(super) const ADDRESS: &str = "127.0.0.1:9092";

/// The service file, at the root of the workspace.
pub const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docker-compose.yml");

/// A Docker engine that can run the service.
#[derive(Debug)]
pub struct Compose {
    /// Whether it ran only because of us, so that we stop it.
    started_here: bool,
}

impl Compose {
    /// Looks for an engine and the Compose plugin.
    pub(super) fn find() -> Attempt<Self> {
        run(Command::new("docker").arg("info")).because("no Docker engine")?;
        run(&mut compose("version")).because("no Docker Compose")?;
        Ok(Self {
            started_here: false,
        })
    }

    /// Starts the service unless it runs already, and returns once it is healthy.
    pub(super) fn up(&mut self) -> Attempt<()> {
        if api_versions(ADDRESS).is_ok() {
            return Ok(());
        }
        self.started_here = true;
        run(compose("up").args(["--detach", "--wait", "kafka"])).map(drop)
    }
}

impl Drop for Compose {
    fn drop(&mut self) {
        if self.started_here
            && let Err(reason) = run(compose("stop").arg("kafka"))
        {
            eprintln!("the kafka service of docker-compose.yml may still run: {reason}");
        }
    }
}

/// `docker compose <verb>` on our file.
pub fn compose(verb: &str) -> Command {
    let mut command = Command::new("docker");
    command
        .arg("compose")
        .arg("--file")
        .arg(Path::new(FILE))
        .arg(verb);
    command
}
