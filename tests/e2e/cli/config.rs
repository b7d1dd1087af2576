//! Settings: where they come from, and what is wrong with them.

use std::fs;

use libtest_mimic::Failed;

use super::{ended, say};
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
        ended(&say(antiphon(wrong)?, "")?, 2)?;
    }
    let nowhere = say(antiphon(["request", "t", "x"])?, "")?;
    ended(&nowhere, 2)?;
    ensure(nowhere.err.contains("-b"), format!("{nowhere:?}"))?;
    let wrong = antiphon([
        "-b",
        "127.0.0.1:1",
        "-X",
        "linger.mss=1",
        "request",
        "t",
        "x",
    ])?;
    let wrong = say(wrong, "")?;
    ended(&wrong, 2)?;
    ensure(wrong.err.contains("linger.mss"), format!("{wrong:?}"))
}

pub(super) fn layers(_: &Env) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("antiphon.toml");
    let path = file.to_str().ok_or("a path that is no text")?;
    fs::write(&file, "[client]\ntimout = \"5s\"\n")?;
    let said = say(antiphon(["--config", path, "request", "t", "x"])?, "")?;
    ended(&said, 2)?;
    ensure(
        said.err.contains("timout") && said.err.contains("timeout") && said.err.contains(path),
        format!("no suggestion: {said:?}"),
    )?;
    // Brokers that are not there, each layer with its own: the one that is tried is named.
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
        let said = say(command, "")?;
        Ok::<_, String>((said.code, said.err))
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
