//! `antiphon bench`: numbers for scripts.

use libtest_mimic::Failed;
use serde_json::Value;

use super::{Output, expect_exit, run, serve};
use crate::support::process::{Spawned, Stream, antiphon};
use crate::support::reason::Because as _;
use crate::support::rig::LIMIT;
use crate::support::suite::{Env, ensure};

/// Short runs: these cases check that the numbers are consistent, not their values.
const SHORT: [&str; 6] = ["--duration", "1s", "--warmup", "300ms", "-o", "json"];

fn bench(env: &Env, topic: &str, arguments: &[&str]) -> Result<(Output, Value), Failed> {
    let output = run(env, &[&["bench", topic], &SHORT[..], arguments].concat())?;
    let found = output.json()?;
    Ok((output, found))
}

fn number(found: &Value, name: &str) -> Result<f64, Failed> {
    let number = found[name].as_f64();
    Ok(number.ok_or_else(|| format!("no number {name} in {found}"))?)
}

/// Checks for every run whose requests all received a reply.
fn makes_sense(found: &Value) -> Result<(), Failed> {
    let (requests, replies) = (number(found, "requests")?, number(found, "replies")?);
    ensure(replies > 0.0 && requests == replies, format!("{found}"))?;
    ensure(found["errors"] == serde_json::json!({}), format!("{found}"))?;
    ensure(number(found, "unfinished")? == 0.0, format!("{found}"))?;
    let expected = replies / number(found, "measured_s")?;
    ensure(
        (number(found, "rate")? - expected).abs() < 0.2,
        format!("{found}"),
    )?;
    let names = ["p50_us", "p90_us", "p99_us", "p999_us", "max_us"];
    let latencies = names.iter().map(|name| number(found, name));
    let latencies: Vec<_> = latencies.collect::<Result<_, _>>()?;
    ensure(
        latencies[0] > 0.0 && latencies.is_sorted() && latencies[4] < 30e6,
        format!("{found}"),
    )?;
    ensure(
        number(found, "cpu_us_per_request")? > 0.0,
        format!("{found}"),
    )
}

pub(super) fn closed(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("bench", 2)?;
    let _service = serve(env, &topic, &["--echo"])?;
    let asked = [
        "--in-flight",
        "7",
        "--payload",
        "300",
        "--keys",
        "5",
        "-t",
        "20s",
    ];
    let (output, found) = bench(env, &topic, &asked)?;
    expect_exit(&output, 0)?;
    makes_sense(&found)?;
    for (name, value) in [
        ("topic", Value::from(topic.as_str())),
        ("mode", "closed".into()),
        ("in_flight", 7.into()),
        ("asked_rate", Value::Null),
        ("payload", 300.into()),
        ("keys", 5.into()),
        ("timeout_s", 20.0.into()),
        ("warmup_s", 0.3.into()),
        ("duration_s", 1.0.into()),
        ("measured_s", 1.0.into()),
        ("interrupted", false.into()),
        ("behind_schedule", 0.into()),
    ] {
        ensure(found[name] == value, format!("{name}: {found}"))?;
    }
    let output = run(
        env,
        &[
            "bench",
            &topic,
            "x",
            "--duration",
            "300ms",
            "--warmup",
            "0s",
        ],
    )?;
    expect_exit(&output, 0)?;
    for part in ["p99.9", "replies per second", "100 in flight, 1 bytes"] {
        ensure(
            output.stdout.contains(part),
            format!("no {part}: {output:?}"),
        )?;
    }
    Ok(())
}

pub(super) fn open(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("paced", 2)?;
    let _service = serve(env, &topic, &["--echo"])?;
    let (output, found) = bench(env, &topic, &["--rate", "200", "-t", "20s"])?;
    expect_exit(&output, 0)?;
    makes_sense(&found)?;
    ensure(
        found["mode"] == "open" && found["asked_rate"] == 200.0,
        format!("{found}"),
    )?;
    // Every request due in the measured second was sent, or is counted as not started.
    let planned = number(&found, "requests")? + number(&found, "not_started")?;
    ensure((planned - 200.0).abs() <= 1.0, format!("{found}"))?;
    let behind = number(&found, "behind_schedule")?;
    ensure(number(&found, "not_started")? <= behind, format!("{found}"))
}

/// Each reply takes 100 ms and one request may be in flight, so the service handles ten requests per
/// second, and the rate is fifty. A latency counted from sending would be 100 ms for each. Requests
/// left over from the warm-up do not count.
pub(super) fn overloaded(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("slow", 1)?;
    let _service = serve(env, &topic, &["--exec", "sleep 0.1; cat"])?;
    let asked = [
        "--rate",
        "50",
        "--in-flight",
        "1",
        "--warmup",
        "500ms",
        "-t",
        "20s",
    ];
    let output = run(
        env,
        &[
            &["bench", &topic, "--duration", "2s", "-o", "json"],
            &asked[..],
        ]
        .concat(),
    )?;
    expect_exit(&output, 0)?;
    let found = output.json()?;
    makes_sense(&found)?;
    let requests = number(&found, "requests")?;
    let missed = number(&found, "not_started")?;
    ensure(
        requests <= 21.0 && (requests + missed - 100.0).abs() <= 1.0,
        format!("{found}"),
    )?;
    ensure(
        number(&found, "behind_schedule")? >= missed + requests - 1.0,
        format!("{found}"),
    )?;
    ensure(number(&found, "max_us")? > 1e6, format!("{found}"))
}

pub(super) fn nobody(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("unserved", 1)?;
    let (output, found) = bench(env, &topic, &["--in-flight", "4", "-t", "400ms"])?;
    expect_exit(&output, 5)?;
    let requests = number(&found, "requests")?;
    ensure(
        requests >= 4.0 && found["replies"] == 0 && found["p99_us"] == Value::Null,
        format!("{found}"),
    )?;
    let timed_out = &found["errors"]["timed_out"];
    ensure(
        timed_out["maybe"].as_f64() == Some(requests) && timed_out["no"] == 0,
        format!("{found}"),
    )?;
    let absent = env.topic("absent");
    let output = run(env, &["bench", &absent, "-o", "json", "-t", "20s"])?;
    expect_exit(&output, 4)?;
    ensure(
        output.json()?["kind"] == "unknown_topic",
        format!("{output:?}"),
    )
}

/// SIGINT ends the run, and the command reports what it measured until then.
pub(super) fn interrupted(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("cut-short", 1)?;
    let _service = serve(env, &topic, &["--echo"])?;
    let servers = env.bootstrap_servers();
    let asked = [
        "bench",
        &topic,
        "--duration",
        "10m",
        "--warmup",
        "0s",
        "-o",
        "json",
    ];
    let mut command = antiphon(["-b", servers])?;
    command
        .args(asked)
        .env("RUST_LOG", "antiphon::command=debug");
    let mut long = Spawned::start(command)?;
    long.wait_for_line(Stream::Stderr, "replies come", LIMIT)?;
    long.signal("INT")?;
    let status = long.wait(LIMIT)?;
    let out = long.lines(Stream::Stdout).join("\n");
    let found: Value = serde_json::from_str(&out).because(format!("not JSON: {out}"))?;
    ensure(status.code() == Some(0), format!("{status}: {found}"))?;
    ensure(found["interrupted"] == true, format!("{found}"))?;
    ensure(number(&found, "measured_s")? < 600.0, format!("{found}"))?;
    makes_sense(&found)
}
