//! The harness itself: what other cases rely on without checking it.

use std::process::Command;
use std::time::Duration;

use libtest_mimic::Failed;

use crate::support::broker::api_versions;
use crate::support::process::{Spawned, Stream, antiphon, signal};
use crate::support::suite::{Case, Env, Needs, ensure};
use crate::support::wait::eventually;

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "harness::the_shared_kafka_answers",
        needs: Needs::Kafka,
        run: shared_kafka_answers,
    },
    Case {
        name: "harness::topics_are_never_named_twice",
        needs: Needs::Nothing,
        run: topics_differ,
    },
    Case {
        name: "harness::a_wait_in_vain_says_what_for",
        needs: Needs::Nothing,
        run: vain_wait_explains,
    },
    Case {
        name: "harness::lines_are_read_while_a_program_runs",
        needs: Needs::Nothing,
        run: lines_while_running,
    },
    Case {
        name: "harness::a_dropped_program_is_gone",
        needs: Needs::Nothing,
        run: dropped_program_is_gone,
    },
    Case {
        name: "harness::the_binary_is_built_and_runs",
        needs: Needs::Nothing,
        run: binary_runs,
    },
];

/// Long enough for a shell on a busy machine.
const LIMIT: Duration = Duration::from_secs(20);

fn shared_kafka_answers(env: &Env) -> Result<(), Failed> {
    let servers = env.bootstrap_servers().split(',').map(str::trim);
    let answers: Vec<_> = servers.map(api_versions).collect();
    ensure(
        answers.iter().any(Result::is_ok),
        format!("no server answers: {answers:?}"),
    )
}

fn topics_differ(env: &Env) -> Result<(), Failed> {
    let [first, second] = [env.topic("same"), env.topic("same")];
    ensure(
        first.starts_with("same-"),
        format!("{first} does not start with its prefix"),
    )?;
    ensure(first != second, format!("{first} was given out twice"))
}

fn vain_wait_explains(_: &Env) -> Result<(), Failed> {
    let vain = eventually("pigs fly", Duration::from_millis(30), || None::<()>);
    ensure(
        vain == Err("waited 30ms in vain until pigs fly".to_owned()),
        format!("{vain:?}"),
    )
}

fn lines_while_running(_: &Env) -> Result<(), Failed> {
    let mut program = shell("echo ready; echo warned >&2; sleep 600")?;
    program.wait_for_line(Stream::Stdout, "ready", LIMIT)?;
    program.wait_for_line(Stream::Stderr, "warned", LIMIT)?;
    program.signal("KILL")?;
    let status = program.wait(LIMIT)?;
    ensure(
        status.code().is_none(),
        format!("killed, yet it ended with {status}"),
    )
}

fn dropped_program_is_gone(_: &Env) -> Result<(), Failed> {
    let program = shell("sleep 600")?;
    let pid = program.pid();
    signal(pid, "0")?;
    drop(program);
    ensure(signal(pid, "0").is_err(), "it still runs")
}

/// The program runs, and ends by itself with an exit code.
fn binary_runs(_: &Env) -> Result<(), Failed> {
    let mut program = Spawned::start(antiphon(["--version"])?)?;
    let status = program.wait(LIMIT)?;
    ensure(
        status.success(),
        format!("antiphon --version ended with {status}"),
    )
}

/// A shell that runs `script`.
fn shell(script: &str) -> Result<Spawned, String> {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    Spawned::start(command)
}
