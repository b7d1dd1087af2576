//! Settings: layers and errors.

use std::fs;

use libtest_mimic::Failed;

use super::{expect_exit, run_command};
use crate::support::process::antiphon;
use crate::support::reason::Because as _;
use crate::support::suite::{Env, ensure};

pub(super) fn usage(_: &Env) -> Result<(), Failed> {
    for wrong in [
        &["levitate"][..],
        &["request"],
        &["request", "t", "--no-such-flag"],
        &["serve", "t"],
        &["request", "t", "-t", "soon"],
        &["scatter", "t"],
    ] {
        expect_exit(&run_command(antiphon(wrong)?, "")?, 2)?;
    }
    let nowhere = run_command(antiphon(["request", "t", "x"])?, "")?;
    expect_exit(&nowhere, 2)?;
    ensure(nowhere.stderr.contains("-b"), format!("{nowhere:?}"))?;
    let wrong = antiphon([
        "-b",
        "127.0.0.1:1",
        "-X",
        "linger.mss=1",
        "request",
        "t",
        "x",
    ])?;
    let wrong = run_command(wrong, "")?;
    expect_exit(&wrong, 2)?;
    ensure(wrong.stderr.contains("linger.mss"), format!("{wrong:?}"))
}

pub(super) fn layers(_: &Env) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("antiphon.toml");
    let path = file.to_str().ok_or("a path that is no text")?;
    fs::write(&file, "[client]\ntimout = \"5s\"\n")?;
    let output = run_command(antiphon(["--config", path, "request", "t", "x"])?, "")?;
    expect_exit(&output, 2)?;
    ensure(
        output.stderr.contains("timout")
            && output.stderr.contains("timeout")
            && output.stderr.contains(path),
        format!("no suggestion: {output:?}"),
    )?;
    // Each layer names another unreachable broker. The error names the one in effect.
    fs::write(
        &file,
        "[kafka]\nbootstrap_servers = \"127.0.0.1:1\"\nconnect_timeout = \"300ms\"\n",
    )?;
    let tried = |environment: Option<&str>, flag: Option<&str>| {
        let mut command = antiphon(["--config", path])?;
        command.args(flag.into_iter().flat_map(|flag| ["-b", flag]));
        command.args(["request", "t", "x"]);
        if let Some(servers) = environment {
            command.env("ANTIPHON__KAFKA__BOOTSTRAP_SERVERS", servers);
        }
        let output = run_command(command, "")?;
        Ok::<_, String>((output.code, output.stderr))
    };
    for (environment, flag, port) in [
        (None, None, "127.0.0.1:1 "),
        (Some("127.0.0.1:2"), None, "127.0.0.1:2 "),
        (Some("127.0.0.1:2"), Some("127.0.0.1:3"), "127.0.0.1:3 "),
    ] {
        let (code, err) = tried(environment, flag).because("running antiphon")?;
        ensure(
            code == Some(4) && err.contains(port),
            format!("wanted {port}: {err}"),
        )?;
    }
    Ok(())
}
