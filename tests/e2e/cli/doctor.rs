//! Checks of brokers and topics: what they say, and how they end.

use std::net::TcpListener;

use antiphon_kafka::Admin;
use libtest_mimic::Failed;
use serde_json::Value;

use super::{Said, ended, run, say, serve};
use crate::support::process::{Spawned, Stream, antiphon};
use crate::support::rig::{LIMIT, properties};
use crate::support::suite::{Env, ensure};
use crate::support::wait::eventually;

/// Generous limits, and an array.
const ASK: [&str; 6] = ["-o", "json", "--timeout", "20s", "--limit", "2m"];

fn doctor(env: &Env, arguments: &[&str]) -> Result<(Said, Vec<Value>), Failed> {
    let said = run(env, &[&["doctor"], &ASK[..], arguments].concat())?;
    let found = findings(&said)?;
    Ok((said, found))
}

fn findings(said: &Said) -> Result<Vec<Value>, Failed> {
    let found = said.json()?;
    let found = found
        .as_array()
        .ok_or_else(|| format!("no array: {said:?}"))?;
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

/// The status of a check, and that it says `part`.
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
    let (said, found) = doctor(env, &[&topic, "--probe", &topic, "--probe-value", "x"])?;
    ended(&said, 0)?;
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
    // The harness lets topics appear by themselves, deliberately.
    finds(
        &found,
        "broker settings",
        "warn",
        "auto.create.topics.enable",
    )?;
    no_topic_left(env)
}

/// The topic that the clocks take is gone.
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
    let (said, found) = doctor(env, &[&topic, "--group", &env.topic("none"), "--read-only"])?;
    ended(&said, 0)?;
    finds(&found, "clocks", "skip", "")?;
    if !env.is_embedded() {
        finds(&found, "service group", "warn", "no service is running")?;
        let (said, _) = doctor(env, &[&topic, "--read-only", "--strict"])?;
        ended(&said, 1)?;
    }
    let text = run(env, &["doctor", &topic, "--read-only"])?;
    ended(&text, 0)?;
    ensure(
        text.out.contains("ok    cluster: ") && text.out.contains(" not checked"),
        format!("{text:?}"),
    )
}

pub(super) fn missing(env: &Env) -> Result<(), Failed> {
    let absent = env.topic("absent");
    let (said, found) = doctor(env, &[&absent, "--read-only"])?;
    ended(&said, 1)?;
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
    let said = run(env, &[&["doctor"], &probe[..]].concat())?;
    ended(&said, 1)?;
    finds(&findings(&said)?, "probe", "fail", "executed: maybe")
}

pub(super) fn bad_replies(env: &Env) -> Result<(), Failed> {
    let settings = [
        ("retention.ms", "1000"),
        ("cleanup.policy", "compact,delete"),
        ("segment.ms", "1000"),
        ("max.message.bytes", "5000"),
    ];
    let topic = env.create_topic_for("answers", 1, &settings)?;
    let (said, found) = doctor(env, &["--reply-topic", &topic, "--read-only"])?;
    ended(&said, 1)?;
    finds(&found, &topic, "fail", "retention.ms is 1s")?;
    finds(&found, &topic, "warn", "cleanup.policy=compact,delete")?;
    finds(&found, &topic, "warn", "many small files")?;
    finds(&found, &topic, "warn", "services refuse to reply to it")?;
    finds(&found, "message size", "warn", "max.message.bytes=5000")?;
    // Nothing can be written where more replicas have to be in sync than there are.
    let stuck = env.create_topic_for("stuck", 1, &[("min.insync.replicas", "2")])?;
    let (said, found) = doctor(env, &[&stuck, "--read-only"])?;
    ended(&said, 1)?;
    finds(
        &found,
        &stuck,
        "fail",
        "min.insync.replicas=2 of 1 replicas",
    )
}

pub(super) fn dead_server(env: &Env) -> Result<(), Failed> {
    let servers = format!("127.0.0.1:1,{}", env.bootstrap_servers());
    let said = say(
        antiphon(["-b", &servers, "doctor", "-o", "json", "--read-only"])?,
        "",
    )?;
    ended(&said, 1)?;
    let found = findings(&said)?;
    finds(&found, "connection to 127.0.0.1:1", "fail", "refused")?;
    finds(&found, "connection to", "ok", "answers")?;
    ensure(failures(&found) == 1, format!("{found:#?}"))
}

/// A server that takes connections and never says a word, as a frozen one does.
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

/// Without brokers, or with such as nobody can reach, it ends all the same.
pub(super) fn nowhere(_: &Env) -> Result<(), Failed> {
    let said = say(
        antiphon(["-b", "127.0.0.1:1", "doctor", "t", "-o", "json"])?,
        "",
    )?;
    ended(&said, 1)?;
    let found = findings(&said)?;
    finds(&found, "connection to 127.0.0.1:1", "fail", "refused")?;
    let said = say(antiphon(["doctor", "-o", "json"])?, "")?;
    ended(&said, 1)?;
    finds(
        &findings(&said)?,
        "connection",
        "fail",
        "no brokers are configured",
    )?;
    let wanting = [
        "-b",
        "127.0.0.1:1",
        "-X",
        "linger.mss=1",
        "doctor",
        "-o",
        "json",
    ];
    let said = say(antiphon(wanting)?, "")?;
    ended(&said, 1)?;
    finds(&findings(&said)?, "settings", "fail", "linger.mss")?;
    keeps_secrets()?;
    for usage in ["bench", "doctor"] {
        let help = say(antiphon([usage, "--help"])?, "")?;
        ended(&help, 0)?;
        ensure(
            help.out.contains("Examples:") && help.out.contains("Exit codes:"),
            format!("{help:?}"),
        )?;
    }
    ended(&say(antiphon(["bench", "t", "--rate", "0"])?, "")?, 2)?;
    ended(
        &say(antiphon(["bench", "t", "x", "--payload", "5"])?, "")?,
        2,
    )
}

/// Neither of an address nor of a property: not even from what librdkafka says.
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
            let said = say(antiphon([&secret[..], command].concat())?, "")?;
            ended(&said, 1)?;
            let all = format!("{}{}", said.out, said.err);
            ensure(
                all.contains("[hidden]@127.0.0.1:1") && !all.contains("hunter2"),
                all,
            )?;
        }
    }
    Ok(())
}
