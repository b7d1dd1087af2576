//! Finds a Java that Kafka runs on.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use crate::reason::{Attempt, Because as _};

/// Brokers of Kafka 4 need at least this.
const LEAST: u32 = 17;

/// The Java of `JAVA_HOME`, else the one on the path, if it is new enough.
pub(super) fn find() -> Attempt<PathBuf> {
    let java = match env::var_os("JAVA_HOME") {
        Some(home) => PathBuf::from(home).join("bin").join("java"),
        None => PathBuf::from("java"),
    };
    let version = major_version(&java)?;
    if version < LEAST {
        return Err(format!(
            "Java {version} is too old for Kafka, which needs {LEAST}"
        ));
    }
    Ok(java)
}

/// Reads the version from `java -version`, which prints `openjdk version "17.0.15" 2025-04-15` on stderr.
fn major_version(java: &PathBuf) -> Attempt<u32> {
    let output = Command::new(java)
        .arg("-version")
        .output()
        .because("no Java")?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let version = said.split('"').nth(1).unwrap_or_default();
    let digits = version.split(['.', '-', '+']).next().unwrap_or_default();
    digits
        .parse()
        .because(format_args!("java -version said {said:?}"))
}
