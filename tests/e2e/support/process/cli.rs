//! Finds the `antiphon` binary, building it first if need be.
//!
//! Cargo hands a test only the binaries of its own package, and ours belongs to `antiphon-cli`; so it is built here,
//! into the target directory and with the profile of the running tests.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::run;
use crate::support::reason::{Attempt, Because as _};

/// Names a binary to take instead of building one.
const GIVEN: &str = "CARGO_BIN_EXE_antiphon";

/// A command that runs `antiphon` with `args`.
pub(crate) fn antiphon<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Attempt<Command> {
    let mut command = Command::new(binary()?);
    command.args(args);
    Ok(command)
}

/// Builds the binary ahead of time. What goes wrong is told by the tests that want it.
pub(crate) fn build_antiphon() {
    let _ = binary();
}

/// The binary, found or built once per process.
fn binary() -> Attempt<PathBuf> {
    static BINARY: OnceLock<Attempt<PathBuf>> = OnceLock::new();
    BINARY.get_or_init(find).clone()
}

/// The binary that was given, else one built now.
fn find() -> Attempt<PathBuf> {
    match env::var_os(GIVEN) {
        Some(given) => Ok(PathBuf::from(given)),
        None => build(&profile_directory()?),
    }
}

/// `<target>/<profile>`, read off the path of this test binary, `<target>/<profile>/deps/e2e-<hash>`.
fn profile_directory() -> Attempt<PathBuf> {
    let this = env::current_exe().because("the path of the test binary")?;
    let directory = this.parent().and_then(Path::parent);
    directory
        .map(Path::to_path_buf)
        .ok_or_else(|| format!("{} is in no target directory", this.display()))
}

/// Builds the binary into `profile_directory`.
fn build(profile_directory: &Path) -> Attempt<PathBuf> {
    let profile = match profile_directory.file_name().and_then(OsStr::to_str) {
        Some("debug") | None => "dev",
        Some(name) => name,
    };
    let target = profile_directory.parent().unwrap_or(profile_directory);
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args([
        "build",
        "--quiet",
        "-p",
        "antiphon-cli",
        "--bin",
        "antiphon",
        "--profile",
        profile,
    ]);
    if cfg!(feature = "ssl") {
        command.args(["--features", "ssl"]);
    }
    run(command
        .arg("--target-dir")
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR")))?;
    Ok(profile_directory
        .join("antiphon")
        .with_extension(env::consts::EXE_EXTENSION))
}
