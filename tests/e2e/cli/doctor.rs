//! `antiphon doctor`: findings and exit codes.

use std::net::TcpListener;

use antiphon_kafka::Admin;
use libtest_mimic::Failed;
use serde_json::Value;

use super::{Output, expect_exit, run, run_command, serve};
use crate::support::process::{Spawned, Stream, antiphon};
use crate::support::rig::{LIMIT, properties};
use crate::support::suite::{Env, ensure};
use crate::support::wait::eventually;

/// Generous time limits, and JSON output.
const ASK: [&str; 6] = ["-o", "json", "--timeout", "20s", "--limit", "2m"];

fn doctor(env: &Env, arguments: &[&str]) -> Result<(Output, Vec<Value>), Failed> {
    let output = run(env, &[&["doctor"], &ASK[..], arguments].concat())?;
    let found = findings(&output)?;
    Ok((output, found))
}

fn findings(output: &Output) -> Result<Vec<Value>, Failed> {
    let found = output.json()?;
    let found = found
        .as_array()
        .ok_or_else(|| format!("no array: {output:?}"))?;
    for one in found {
        let status = one["status"].as_str().unwrap_or_default();
        let known = ["ok", "warn", "fail", "skip"].contains(&status);
        let advised = one["remedy"].is_string() == ["warn", "fail"].contains(&status);
        ensure(
            known && advised && one["check"].is_string() && one["detail"].is_string(),
            format!("{one}"),
        )?;
    }
    Ok(found.clone())
}

/// Requires a finding with this status whose detail contains `part`.
fn finds(found: &[Value], check: &str, status: &str, part: &str) -> Result<(), Failed> {
    let there = found.iter().any(|one| {
        let text = |name| one[name].as_str().unwrap_or_default();
        text("check").contains(check) && text("status") == status && text("detail").contains(part)
    });
    ensure(
        there,
        format!("no {status} of {check} with {part:?} in {found:#?}"),
    )
}

fn failures(found: &[Value]) -> usize {
    found.iter().filter(|one| one["status"] == "fail").count()
}

pub(super) fn healthy(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("well", 2)?;
    let _service = serve(env, &topic, &["--echo"])?;
    let (output, found) = doctor(env, &[&topic, "--probe", &topic, "--probe-value", "x"])?;
    expect_exit(&output, 0)?;
    ensure(failures(&found) == 0, format!("{found:#?}"))?;
    for (check, part) in [
        ("client build", "librdkafka 2."),
        ("connection to", "answers"),
        ("cluster", "1 broker, controller"),
        (topic.as_str(), "2 partitions, 1 replica"),
        ("probe", "replied in"),
    ] {
        finds(&found, check, "ok", part)?;
    }
    if env.is_embedded() {
        finds(&found, "broker version", "skip", "embedded")?;
        return finds(&found, "service group", "skip", "embedded");
    }
    finds(&found, "broker version", "ok", "at least Kafka ")?;
    finds(&found, "service group", "ok", "running, 1 instance; ")?;
    finds(&found, "clocks", "ok", "agree")?;
    finds(&found, "message size", "ok", "1048588")?;
    // The brokers of the harness create topics automatically.
    finds(
        &found,
        "broker settings",
        "warn",
        "auto.create.topics.enable",
    )?;
    no_topic_left(env)
}

/// Requires that the topic for the comparison of clocks is deleted.
fn no_topic_left(env: &Env) -> Result<(), Failed> {
    let admin = Admin::new(&properties(env.bootstrap_servers()))?;
    eventually("the doctor's topic is gone", LIMIT, || {
        let topics = admin.topics(LIMIT).ok()?;
        let mut names = topics.iter().map(|topic| topic.name.as_str());
        (!names.any(|name| name.starts_with("antiphon-doctor"))).then_some(())
    })?;
    Ok(())
}

pub(super) fn strict(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("strictly", 1)?;
    let (output, found) = doctor(env, &[&topic, "--group", &env.topic("none"), "--read-only"])?;
    expect_exit(&output, 0)?;
    finds(&found, "clocks", "skip", "")?;
    if !env.is_embedded() {
        finds(&found, "service group", "warn", "no service is running")?;
        let (output, _) = doctor(env, &[&topic, "--read-only", "--strict"])?;
        expect_exit(&output, 1)?;
    }
    let text = run(env, &["doctor", &topic, "--read-only"])?;
    expect_exit(&text, 0)?;
    ensure(
        text.stdout.contains("ok    cluster: ") && text.stdout.contains(" not checked"),
        format!("{text:?}"),
    )
}

pub(super) fn missing(env: &Env) -> Result<(), Failed> {
    let absent = env.topic("absent");
    let (output, found) = doctor(env, &[&absent, "--read-only"])?;
    expect_exit(&output, 1)?;
    finds(&found, &absent, "fail", "does not exist")?;
    ensure(failures(&found) == 1, format!("{found:#?}"))?;
    let topic = env.create_topic("silent", 1)?;
    let probe = [
        "--probe",
        &topic,
        "--timeout",
        "1s",
        "--limit",
        "1m",
        "-o",
        "json",
    ];
    let output = run(env, &[&["doctor"], &probe[..]].concat())?;
    expect_exit(&output, 1)?;
    finds(&findings(&output)?, "probe", "fail", "executed: maybe")
}

pub(super) fn bad_replies(env: &Env) -> Result<(), Failed> {
    let settings = [
        ("retention.ms", "1000"),
        ("cleanup.policy", "compact,delete"),
        ("segment.ms", "1000"),
        ("max.message.bytes", "5000"),
    ];
    let topic = env.create_topic_for("answers", 1, &settings)?;
    let (output, found) = doctor(env, &["--reply-topic", &topic, "--read-only"])?;
    expect_exit(&output, 1)?;
    finds(&found, &topic, "fail", "retention.ms is 1s")?;
    finds(&found, &topic, "warn", "cleanup.policy=compact,delete")?;
    finds(&found, &topic, "warn", "many small files")?;
    finds(&found, &topic, "warn", "services refuse to reply to it")?;
    finds(&found, "message size", "warn", "max.message.bytes=5000")?;
    // No record is acknowledged if min.insync.replicas exceeds the number of replicas.
    let stuck = env.create_topic_for("stuck", 1, &[("min.insync.replicas", "2")])?;
    let (output, found) = doctor(env, &[&stuck, "--read-only"])?;
    expect_exit(&output, 1)?;
    finds(
        &found,
        &stuck,
        "fail",
        "min.insync.replicas=2 of 1 replicas",
    )
}

pub(super) fn dead_server(env: &Env) -> Result<(), Failed> {
    let servers = format!("127.0.0.1:1,{}", env.bootstrap_servers());
    let output = run_command(
        antiphon(["-b", &servers, "doctor", "-o", "json", "--read-only"])?,
        "",
    )?;
    expect_exit(&output, 1)?;
    let found = findings(&output)?;
    finds(&found, "connection to 127.0.0.1:1", "fail", "refused")?;
    finds(&found, "connection to", "ok", "answers")?;
    ensure(failures(&found) == 1, format!("{found:#?}"))
}

/// A server that accepts connections and never answers, like a frozen broker.
pub(super) fn frozen(_: &Env) -> Result<(), Failed> {
    let silent = TcpListener::bind("127.0.0.1:0")?;
    let server = silent.local_addr()?.to_string();
    let arguments = ["-b", &server, "doctor", "t", "--timeout", "1s"];
    let mut short = Spawned::start(antiphon(arguments)?)?;
    let status = short.wait(LIMIT)?;
    let out = short.lines(Stream::Stdout).join("\n");
    ensure(
        status.code() == Some(1)
            && out.contains("no answer within 1.")
            && out.contains("1 failure"),
        format!("{status}: {out}"),
    )?;
    let arguments = [
        "-b",
        &server,
        "doctor",
        "t",
        "--timeout",
        "1h",
        "--limit",
        "1h",
    ];
    let mut long = Spawned::start(antiphon(arguments)?)?;
    long.wait_for_line(Stream::Stdout, "client build", LIMIT)?;
    long.signal("TERM")?;
    let status = long.wait(LIMIT)?;
    let out = long.lines(Stream::Stdout).join("\n");
    ensure(
        status.code() == Some(1) && out.contains("interrupted"),
        format!("{status}: {out}"),
    )
}

/// The command ends without brokers, and with brokers that cannot be reached.
pub(super) fn nowhere(_: &Env) -> Result<(), Failed> {
    let output = run_command(
        antiphon(["-b", "127.0.0.1:1", "doctor", "t", "-o", "json"])?,
        "",
    )?;
    expect_exit(&output, 1)?;
    let found = findings(&output)?;
    finds(&found, "connection to 127.0.0.1:1", "fail", "refused")?;
    let output = run_command(antiphon(["doctor", "-o", "json"])?, "")?;
    expect_exit(&output, 1)?;
    finds(
        &findings(&output)?,
        "connection",
        "fail",
        "no brokers are configured",
    )?;
    let misspelt = [
        "-b",
        "127.0.0.1:1",
        "-X",
        "linger.mss=1",
        "doctor",
        "-o",
        "json",
    ];
    let output = run_command(antiphon(misspelt)?, "")?;
    expect_exit(&output, 1)?;
    finds(&findings(&output)?, "settings", "fail", "linger.mss")?;
    keeps_secrets()?;
    for usage in ["bench", "doctor"] {
        let help = run_command(antiphon([usage, "--help"])?, "")?;
        expect_exit(&help, 0)?;
        ensure(
            help.stdout.contains("Examples:") && help.stdout.contains("Exit codes:"),
            format!("{help:?}"),
        )?;
    }
    expect_exit(
        &run_command(antiphon(["bench", "t", "--rate", "0"])?, "")?,
        2,
    )?;
    expect_exit(
        &run_command(antiphon(["bench", "t", "x", "--payload", "5"])?, "")?,
        2,
    )
}

/// No output shows a secret of an address or a property, not even errors of librdkafka.
fn keeps_secrets() -> Result<(), Failed> {
    for servers in [
        "PLAINTEXT://me:hunter2@127.0.0.1:1",
        "me:hunter2@127.0.0.1:1",
        "ssl://me:hunter2@127.0.0.1:1",
    ] {
        for command in [
            &["doctor", "t", "--timeout", "2s", "-vv"][..],
            &["doctor", "t", "--timeout", "2s", "-o", "json"],
        ] {
            let secret = ["-b", servers, "-X", "sasl.password=hunter2"];
            let output = run_command(antiphon([&secret[..], command].concat())?, "")?;
            expect_exit(&output, 1)?;
            let all = format!("{}{}", output.stdout, output.stderr);
            ensure(
                all.contains("[hidden]@127.0.0.1:1") && !all.contains("hunter2"),
                all,
            )?;
        }
    }
    Ok(())
}
