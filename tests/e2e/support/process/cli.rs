//! Finds the programs of the workspace, and builds them first if necessary.
//!
//! Cargo gives a test only the binaries of its own package, and these belong to other packages. So they are built here,
//! into the target directory and with the profile of the running tests. One command builds both, so that shared crates
//! are built once.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::run;
use crate::support::reason::{Attempt, Because as _};

/// Prefix of the variables, one for each program, that name a binary to use instead of building one.
const GIVEN: &str = "CARGO_BIN_EXE_";

/// A command that runs `antiphon` with `args`.
pub(crate) fn antiphon<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Attempt<Command> {
    command("antiphon", args)
}

/// A command that runs `antiphon-bench` with `args`.
pub(crate) fn antiphon_bench<A: AsRef<OsStr>>(
    args: impl IntoIterator<Item = A>,
) -> Attempt<Command> {
    command("antiphon-bench", args)
}

/// Builds the binaries ahead of time. The tests that need them report an error.
pub(crate) fn build_binaries() {
    let _ = built();
}

fn command<A: AsRef<OsStr>>(name: &str, args: impl IntoIterator<Item = A>) -> Attempt<Command> {
    let binary = match env::var_os(format!("{GIVEN}{name}")) {
        Some(given) => PathBuf::from(given),
        None => built()?
            .join(name)
            .with_extension(env::consts::EXE_EXTENSION),
    };
    let mut command = Command::new(binary);
    command.args(args);
    Ok(command)
}

/// The folder of the binaries, which are built once per process.
fn built() -> Attempt<PathBuf> {
    static BUILT: OnceLock<Attempt<PathBuf>> = OnceLock::new();
    BUILT
        .get_or_init(|| {
            let directory = profile_directory()?;
            build(&directory)?;
            Ok(directory)
        })
        .clone()
}

/// `<target>/<profile>`, from the path of this test binary, `<target>/<profile>/deps/e2e-<hash>`.
fn profile_directory() -> Attempt<PathBuf> {
    let this = env::current_exe().because("the path of the test binary")?;
    let directory = this.parent().and_then(Path::parent);
    directory
        .map(Path::to_path_buf)
        .ok_or_else(|| format!("{} is in no target directory", this.display()))
}

/// Builds the binaries into `profile_directory`.
fn build(profile_directory: &Path) -> Attempt<()> {
    let profile = match profile_directory.file_name().and_then(OsStr::to_str) {
        Some("debug") | None => "dev",
        Some(name) => name,
    };
    let target = profile_directory.parent().unwrap_or(profile_directory);
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--profile", profile]);
    command.args(["-p", "antiphon-cli", "-p", "antiphon-bench", "--bins"]);
    if cfg!(feature = "ssl") {
        command.args(["--features", "antiphon-cli/ssl"]);
    }
    run(command
        .arg("--target-dir")
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR")))
    .map(drop)
}
