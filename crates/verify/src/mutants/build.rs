//! One build with all seeded bugs, in a target directory of its own.

use std::{
    env,
    path::PathBuf,
    process::{Command, Stdio},
};

use serde::Deserialize;

use super::{Job, MutantsError};

/// What is run.
#[derive(Debug)]
pub struct Build {
    /// This program.
    pub verify: PathBuf,
    /// The fast tests, a job per binary.
    pub tests: Vec<Job>,
}

const CFG: &str = "--cfg antiphon_mutants";

/// Tests that need nothing but a processor, and end within seconds.
const TESTS: &[&str] = &[
    "-p",
    "antiphon-proto",
    "-p",
    "antiphon",
    "--lib",
    "--test",
    "properties",
    "--test",
    "memory",
];

impl Build {
    /// Builds, in the workspace of the current directory.
    ///
    /// # Errors
    ///
    /// There is no cargo, no workspace, or it does not compile; cargo's words go to standard error.
    pub fn new(with_tests: bool) -> Result<Self, MutantsError> {
        let target = Metadata::read()?.target_directory.join("mutants");
        let program = ["build", "-p", "antiphon-verify", "--bin", "antiphon-verify"];
        let artifacts = artifacts(&target, &program)?;
        let verify = artifacts
            .into_iter()
            .find_map(|artifact| artifact.executable);
        let tests = if with_tests {
            let arguments = [&["test", "--no-run"], TESTS].concat();
            let built = self::artifacts(&target, &arguments)?;
            built.into_iter().filter_map(Artifact::into_tests).collect()
        } else {
            Vec::new()
        };
        Ok(Self {
            verify: verify.ok_or_else(|| MutantsError::new("cargo built no antiphon-verify"))?,
            tests,
        })
    }
}

#[derive(Deserialize)]
struct Metadata {
    target_directory: PathBuf,
}

impl Metadata {
    fn read() -> Result<Self, MutantsError> {
        let mut command = cargo();
        command.args(["metadata", "--no-deps", "--format-version", "1"]);
        let text = run(command)?;
        serde_json::from_slice(&text)
            .map_err(|error| MutantsError::new(format!("cargo metadata: {error}")))
    }
}

/// A line that cargo writes for each thing that it has built.
#[derive(Deserialize)]
struct Artifact {
    manifest_path: PathBuf,
    target: Target,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

impl Artifact {
    fn into_tests(self) -> Option<Job> {
        let directory = self.manifest_path.parent()?.to_owned();
        let name = if self.target.kind.iter().any(|kind| kind == "test") {
            self.target.name
        } else {
            format!("{} unit", self.target.name)
        };
        Some(Job::tests(name, self.executable?, directory))
    }
}

fn artifacts(target: &PathBuf, arguments: &[&str]) -> Result<Vec<Artifact>, MutantsError> {
    let mut command = cargo();
    let flags = env::var("RUSTFLAGS").unwrap_or_default();
    command
        .args(arguments)
        .args([
            "--profile",
            "mutants",
            "--message-format",
            "json-render-diagnostics",
        ])
        .env("CARGO_TARGET_DIR", target)
        .env("RUSTFLAGS", format!("{flags} {CFG}").trim())
        // It would win over the other.
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    let text = run(command)?;
    let lines = text.split(|byte| *byte == b'\n');
    // Lines about other things have other fields.
    let artifacts = lines.filter_map(|line| serde_json::from_slice::<Artifact>(line).ok());
    Ok(artifacts
        .filter(|artifact| artifact.executable.is_some())
        .collect())
}

fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.stdin(Stdio::null()).stderr(Stdio::inherit());
    command
}

fn run(mut command: Command) -> Result<Vec<u8>, MutantsError> {
    let output = command
        .output()
        .map_err(|error| MutantsError::io("cargo can not be started", &error))?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(MutantsError::new(format!(
            "cargo failed: {}",
            output.status
        )))
    }
}
