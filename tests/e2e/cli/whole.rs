//! `antiphon dev` and `antiphon demo`.

use libtest_mimic::Failed;

use super::{DEMO, expect_exit, run_command};
use crate::support::process::{Spawned, Stream, antiphon};
use crate::support::rig::{LIMIT, properties};
use crate::support::suite::{Env, ensure};

/// Broker, service and request run in three processes.
pub(super) fn dev(_: &Env) -> Result<(), Failed> {
    let mut broker = Spawned::start(antiphon(["dev", "--topic", "greetings:3"])?)?;
    let line = broker.wait_for_line(Stream::Stdout, "bootstrap servers:", LIMIT)?;
    let servers = line.rsplit(' ').next().ok_or("no address")?;
    let service = antiphon(["-b", servers, "serve", "greetings", "--upper"])?;
    let service = Spawned::start(service)?;
    service.wait_for_line(Stream::Stderr, "ready", LIMIT)?;
    let mut request = antiphon(["request", "greetings", "world", "-t", "20s"])?;
    request.env("ANTIPHON_BOOTSTRAP_SERVERS", servers);
    let output = run_command(request, "")?;
    expect_exit(&output, 0)?;
    ensure(output.stdout.trim_end() == "WORLD", format!("{output:?}"))?;
    broker.signal("INT")?;
    let status = broker.wait(LIMIT)?;
    ensure(status.success(), format!("dev ended with {status}"))
}

pub(super) fn demo(_: &Env) -> Result<(), Failed> {
    let mut demo = Spawned::start(antiphon(["demo"])?)?;
    let status = demo.wait(DEMO)?;
    let lines = demo.lines(Stream::Stdout).join("\n");
    ensure(
        status.success(),
        format!("{status}: {lines}\n{:?}", demo.lines(Stream::Stderr)),
    )?;
    for part in ["correlation-id", "reply-topic", "p99", "executed"] {
        ensure(lines.contains(part), format!("no {part} in: {lines}"))?;
    }
    Ok(())
}

pub(super) fn demo_on_kafka(env: &Env) -> Result<(), Failed> {
    let topics = || -> Result<Vec<String>, Failed> {
        let admin = antiphon_kafka::Admin::new(&properties(env.bootstrap_servers()))?;
        let topics = admin.topics(LIMIT)?;
        Ok(topics.into_iter().map(|topic| topic.name).collect())
    };
    let mut demo = Spawned::start(antiphon(["-b", env.bootstrap_servers(), "demo"])?)?;
    let status = demo.wait(DEMO)?;
    ensure(
        status.success(),
        format!("{status}: {:?}", demo.lines(Stream::Stderr)),
    )?;
    let left: Vec<_> = topics()?
        .into_iter()
        .filter(|name| name.contains("demo"))
        .collect();
    ensure(left.is_empty(), format!("left behind: {left:?}"))
}
