//! `config show` and `config check`, secrets in files, completions and manual pages.

use std::fs;
use std::path::Path;

use libtest_mimic::Failed;
use serde_json::Value;

use super::{expect_exit, run_command};
use crate::support::process::antiphon;
use crate::support::suite::{Case, Env, Needs, ensure};

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "cli::settings::are_shown_with_where_they_come_from",
        needs: Needs::Nothing,
        run: show,
    },
    Case {
        name: "cli::settings::a_check_finds_all_that_is_wrong_in_a_file",
        needs: Needs::Nothing,
        run: check,
    },
    Case {
        name: "cli::settings::shipped_files_are_checked_without_their_secrets",
        needs: Needs::Nothing,
        run: shipped,
    },
    Case {
        name: "cli::settings::a_secret_is_never_printed",
        needs: Needs::Nothing,
        run: secrets,
    },
    Case {
        name: "cli::settings::tls_that_was_not_built_in_is_told_with_the_way_to_have_it",
        needs: Needs::Nothing,
        run: tls,
    },
    Case {
        name: "cli::settings::completions_and_manual_pages_need_no_settings",
        needs: Needs::Nothing,
        run: generated,
    },
];

const SECRET: &str = "hunter2";

fn show(_: &Env) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("antiphon.toml");
    fs::write(
        &file,
        "[client]\ntimeout = \"5s\"\n[cli]\ndrain_timeout = \"1s\"\n",
    )?;
    let mut command = antiphon(["config", "show", "-o", "json", "-X", "linger.ms=3"])?;
    command.env("ANTIPHON_CONFIG", &file);
    command.env("ANTIPHON__CLI__DRAIN_TIMEOUT", "2s");
    command.env("ANTIPHON_BOOTSTRAP_SERVERS", "h:1");
    let output = run_command(command, "")?;
    expect_exit(&output, 0)?;
    let rows: Result<Vec<Value>, _> = output.stdout.lines().map(serde_json::from_str).collect();
    let rows = rows?;
    let path = file.to_str();
    for (key, value, layer, name) in [
        ("client.timeout", "5s", "file", path),
        (
            "cli.drain_timeout",
            "2s",
            "environment",
            Some("ANTIPHON__CLI__DRAIN_TIMEOUT"),
        ),
        (
            "kafka.bootstrap_servers",
            "h:1",
            "environment",
            Some("ANTIPHON_BOOTSTRAP_SERVERS"),
        ),
        ("kafka.properties.linger.ms", "3", "flag", Some("-X")),
        ("client.group", "antiphon-cli", "default", None),
    ] {
        let row = rows.iter().find(|row| row["key"] == key);
        let row = row.ok_or_else(|| format!("no {key}: {output:?}"))?;
        ensure(
            row["value"] == value && row["layer"] == layer && row["name"].as_str() == name,
            format!("{key}: {row}"),
        )?;
    }
    let output = run_command(
        antiphon(["config", "show", "--set", "-o", "raw", "-b", "h:2"])?,
        "",
    )?;
    ensure(
        output.stdout == "cli.output=raw\nkafka.bootstrap_servers=h:2\n",
        format!("{output:?}"),
    )
}

fn check(_: &Env) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let write = |name: &str, text: &str| -> Result<String, Failed> {
        let path = folder.path().join(name);
        fs::write(&path, text)?;
        Ok(path.to_str().ok_or("a path that is no text")?.to_owned())
    };
    let good = write("good.toml", "[client]\ntimeout = \"5s\"\n")?;
    let bad = write(
        "bad.toml",
        "[client]\ntimout = \"5s\"\n[kafka]\nserver = 1\n",
    )?;
    let wrong = write("wrong.toml", "[kafka.properties]\nlinger.mss = 1\n")?;
    expect_exit(&run_command(antiphon(["config", "check", &good])?, "")?, 0)?;
    let output = run_command(antiphon(["config", "check", &good, &bad, &wrong])?, "")?;
    expect_exit(&output, 2)?;
    for part in [
        format!("{good}: valid"),
        format!("{bad}: not valid"),
        "`client.timout`".to_owned(),
        "is `client.timeout`".to_owned(),
        "`kafka.server`".to_owned(),
        "linger.mss".to_owned(),
    ] {
        ensure(
            output.stdout.contains(&part),
            format!("no {part} in {output:?}"),
        )?;
    }
    ensure(output.stderr.contains("2 of 3"), format!("{output:?}"))?;
    let output = run_command(antiphon(["config", "check", "--config", &bad])?, "")?;
    expect_exit(&output, 2)?;
    let nowhere = run_command(antiphon(["config", "check", "/nowhere/a.toml"])?, "")?;
    expect_exit(&nowhere, 2)
}

fn shipped(_: &Env) -> Result<(), Failed> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
    for name in ["antiphon.toml", "development.toml"] {
        let mut command = antiphon(["config", "check"])?;
        command.arg(folder.join(name));
        expect_exit(&run_command(command, "")?, 0)?;
    }
    let mut command = antiphon(["config", "check", "--without-secrets"])?;
    command.arg(folder.join("production.toml"));
    let output = run_command(command, "")?;
    let code = if cfg!(feature = "ssl") { 0 } else { 2 };
    expect_exit(&output, code)?;
    ensure(
        output.stdout.contains("--features ssl") != cfg!(feature = "ssl"),
        format!("{output:?}"),
    )
}

/// No command prints the secret, however it is set and whichever error occurs.
fn secrets(_: &Env) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("antiphon.toml");
    let secret = folder.path().join("password");
    fs::write(&secret, format!("{SECRET}\n"))?;
    let given = format!(
        "[kafka.property_files]\nsasl.password = '{}'\n",
        secret.display()
    );
    let texts = [
        given.as_str(),
        "[kafka.properties]\nsasl.password = 'hunter2'\nssl.key.password = 'hunter2'\n",
        "[kafka.properties]\nsasl.password = 'hunter2\n",
        "[kafka.properties]\nsasl.password = 'hunter2'\nlinger.ms = 'x'\n",
        "[kafka.properties]\nsasl.oauthbearer.config = 'hunter2'\nmy.secret = 'hunter2'\n",
        "[kafka]\nbootstrap_servers = 'ssl://me:hunter2@127.0.0.1:1'\n",
    ];
    for text in texts {
        fs::write(&file, text)?;
        for line in [
            &["config", "show"][..],
            &["config", "show", "-o", "json"],
            &["config", "show", "-o", "raw"],
            &["config", "check"],
            &["request", "t", "x", "-t", "300ms", "-vv"],
            &["topics", "describe", "t", "-vv"],
            &["serve", "t", "--echo", "-vv"],
        ] {
            let mut command = antiphon(line)?;
            command.env("ANTIPHON_CONFIG", &file);
            command.env("ANTIPHON__KAFKA__CONNECT_TIMEOUT", "300ms");
            command.env("RUST_LOG", "trace");
            if !text.contains("bootstrap_servers") && line[0] != "config" {
                command.args(["-b", "127.0.0.1:1"]);
            }
            let output = run_command(command, "")?;
            ensure(
                !output.stdout.contains(SECRET) && !output.stderr.contains(SECRET),
                format!("{line:?} with {text:?} shows it: {output:?}"),
            )?;
        }
    }
    let mut by_variable = antiphon(["config", "show"])?;
    by_variable.env("ANTIPHON__KAFKA__PROPERTIES__SASL_PASSWORD", SECRET);
    let output = run_command(by_variable, "")?;
    expect_exit(&output, 0)?;
    ensure(
        output
            .stdout
            .contains("ANTIPHON__KAFKA__PROPERTIES__SASL_PASSWORD")
            && !output.stdout.contains(SECRET),
        format!("{output:?}"),
    )
}

/// A build with TLS only reports that no broker answers.
fn tls(_: &Env) -> Result<(), Failed> {
    let line = ["request", "t", "x", "-b", "127.0.0.1:1", "-t", "300ms"];
    let mut command = antiphon(line)?;
    command.args(["-X", "security.protocol=ssl"]);
    command.env("ANTIPHON__KAFKA__CONNECT_TIMEOUT", "300ms");
    let output = run_command(command, "")?;
    if cfg!(feature = "ssl") {
        return expect_exit(&output, 4);
    }
    expect_exit(&output, 2)?;
    ensure(
        output.stderr.contains("security.protocol=ssl") && output.stderr.contains("--features ssl"),
        format!("{output:?}"),
    )
}

fn generated(_: &Env) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let pages = folder.path().to_str().ok_or("a path that is no text")?;
    for line in [
        &["completions", "bash"][..],
        &["completions", "zsh"],
        &["completions", "fish"],
        &["man"],
    ] {
        let mut command = antiphon(line)?;
        command.env("ANTIPHON_CONFIG", "/nowhere/antiphon.toml");
        let output = run_command(command, "")?;
        expect_exit(&output, 0)?;
        ensure(
            output.stdout.contains("topics"),
            format!("{line:?}: {output:?}"),
        )?;
    }
    expect_exit(&run_command(antiphon(["man", "--dir", pages])?, "")?, 0)?;
    ensure(
        folder.path().join("antiphon-topics-describe.1").is_file(),
        "no page of a nested command",
    )?;
    let output = run_command(antiphon(["man", "--dir", "/nowhere/at-all"])?, "")?;
    expect_exit(&output, 1)
}
