//! The interface of the command line for scripts: standard output, exit codes, signals.

mod bench;
mod config;
mod doctor;
pub(crate) mod settings;
#[cfg(feature = "ssl")]
pub(crate) mod tls;
pub(crate) mod topics;
mod whole;

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use libtest_mimic::Failed;
use serde_json::Value;

use crate::support::process::{Spawned, Stream, antiphon};
use crate::support::reason::{Attempt, Because as _};
use crate::support::rig::LIMIT;
use crate::support::suite::{Case, Env, Needs, ensure};
use crate::support::wait::eventually;

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "cli::request_prints_the_reply_and_exits_with_0",
        needs: Needs::Both,
        run: replies,
    },
    Case {
        name: "cli::exec_answers_with_what_a_program_prints_and_its_failure_exits_with_3",
        needs: Needs::Both,
        run: exec,
    },
    Case {
        name: "cli::what_was_not_executed_exits_with_4",
        needs: Needs::Both,
        run: not_executed,
    },
    Case {
        name: "cli::what_nobody_knows_exits_with_5",
        needs: Needs::Both,
        run: unknown,
    },
    Case {
        name: "cli::scatter_prints_a_line_per_reply_and_what_is_missing",
        needs: Needs::Both,
        run: scatter,
    },
    Case {
        name: "cli::gather_counts_one_vote_per_service",
        needs: Needs::Both,
        run: gather,
    },
    Case {
        name: "cli::serve_drains_on_sigterm_and_exits_with_0",
        needs: Needs::Both,
        run: drains,
    },
    Case {
        name: "cli::serve_without_its_topic_says_what_to_do",
        needs: Needs::Both,
        run: no_topic,
    },
    Case {
        name: "cli::wrong_usage_and_settings_exit_with_2",
        needs: Needs::Nothing,
        run: config::usage,
    },
    Case {
        name: "cli::flags_win_over_the_environment_and_that_over_the_file",
        needs: Needs::Nothing,
        run: config::layers,
    },
    Case {
        name: "cli::dev_serves_other_processes",
        needs: Needs::Nothing,
        run: whole::dev,
    },
    Case {
        name: "cli::demo_shows_everything_and_exits_with_0",
        needs: Needs::Nothing,
        run: whole::demo,
    },
    Case {
        name: "cli::demo_runs_on_kafka_and_leaves_no_topic_behind",
        needs: Needs::Kafka,
        run: whole::demo_on_kafka,
    },
    Case {
        name: "cli::bench_keeps_requests_in_flight_and_its_numbers_fit_together",
        needs: Needs::Both,
        run: bench::closed,
    },
    Case {
        name: "cli::bench_keeps_a_rate",
        needs: Needs::Both,
        run: bench::open,
    },
    Case {
        name: "cli::bench_counts_latency_from_when_a_request_was_due",
        needs: Needs::Both,
        run: bench::overloaded,
    },
    Case {
        name: "cli::bench_counts_errors_by_kind_and_by_what_was_executed",
        needs: Needs::Both,
        run: bench::nobody,
    },
    Case {
        name: "cli::bench_reports_what_it_measured_when_it_is_interrupted",
        needs: Needs::Both,
        run: bench::interrupted,
    },
    Case {
        name: "cli::doctor_finds_a_healthy_system_healthy",
        needs: Needs::Both,
        run: doctor::healthy,
    },
    Case {
        name: "cli::doctor_fails_on_a_warning_only_if_it_is_strict",
        needs: Needs::Both,
        run: doctor::strict,
    },
    Case {
        name: "cli::doctor_finds_a_missing_topic_and_a_missing_service",
        needs: Needs::Both,
        run: doctor::missing,
    },
    Case {
        name: "cli::doctor_finds_topics_that_can_not_work",
        needs: Needs::Kafka,
        run: doctor::bad_replies,
    },
    Case {
        name: "cli::doctor_names_the_server_that_is_dead",
        needs: Needs::Both,
        run: doctor::dead_server,
    },
    Case {
        name: "cli::doctor_ends_where_a_server_is_frozen",
        needs: Needs::Nothing,
        run: doctor::frozen,
    },
    Case {
        name: "cli::doctor_ends_where_there_is_no_broker",
        needs: Needs::Nothing,
        run: doctor::nowhere,
    },
];

/// Output and exit code of a command.
#[derive(Debug)]
struct Output {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Output {
    fn json(&self) -> Attempt<Value> {
        serde_json::from_str(&self.stdout).because(format!("not JSON: {self:?}"))
    }
}

fn run(env: &Env, arguments: &[&str]) -> Attempt<Output> {
    run_with(env, arguments, "")
}

/// Runs a command on the broker of the case, with the given standard input.
fn run_with(env: &Env, arguments: &[&str], stdin: &str) -> Attempt<Output> {
    let mut command = antiphon(["-b", env.bootstrap_servers()])?;
    command.args(arguments);
    run_command(command, stdin)
}

fn run_command(mut command: Command, stdin: &str) -> Attempt<Output> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .because("starting antiphon")?;
    let mut input = child.stdin.take().ok_or("no standard input")?;
    input.write_all(stdin.as_bytes()).because("its input")?;
    drop(input);
    let output = child.wait_with_output().because("waiting for antiphon")?;
    Ok(Output {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// Starts a service and waits until it receives new requests.
fn serve(env: &Env, topic: &str, arguments: &[&str]) -> Attempt<Spawned> {
    let mut command = antiphon(["-b", env.bootstrap_servers(), "serve", topic])?;
    command.args(arguments);
    let service = Spawned::start(command)?;
    service.wait_for_line(Stream::Stderr, "ready", LIMIT)?;
    Ok(service)
}

fn expect_exit(output: &Output, code: i32) -> Result<(), Failed> {
    ensure(
        output.code == Some(code),
        format!("wanted exit {code}: {output:?}"),
    )
}

fn replies(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("cli", 2)?;
    let _service = serve(env, &topic, &["--upper"])?;
    let output = run(env, &["request", &topic, "hello"])?;
    expect_exit(&output, 0)?;
    ensure(output.stdout.trim_end() == "HELLO", format!("{output:?}"))?;
    let output = run_with(env, &["-o", "raw", "request", &topic, "-"], "from stdin")?;
    expect_exit(&output, 0)?;
    ensure(output.stdout == "FROM STDIN", format!("{output:?}"))?;
    let output = run(
        env,
        &[
            "request", &topic, "x", "-k", "key", "-H", "a=b", "-t", "20s", "-o", "json",
        ],
    )?;
    expect_exit(&output, 0)?;
    let reply = output.json()?;
    ensure(reply["value"] == "X", format!("{reply}"))?;
    let responder = reply["responder"].as_str().unwrap_or_default();
    ensure(responder.starts_with(&topic), format!("{reply}"))
}

fn exec(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("exec", 1)?;
    let script =
        "read line; test \"$line\" != bad || { echo 'it is bad' >&2; exit 7; }; echo \"got $line\"";
    let _service = serve(env, &topic, &["--exec", script])?;
    let output = run(env, &["request", &topic, "good"])?;
    expect_exit(&output, 0)?;
    ensure(
        output.stdout.trim_end() == "got good",
        format!("{output:?}"),
    )?;
    let output = run(env, &["request", &topic, "bad"])?;
    expect_exit(&output, 3)?;
    ensure(
        output.stdout.is_empty() && output.stderr.contains("it is bad"),
        format!("{output:?}"),
    )?;
    let output = run(env, &["request", &topic, "bad", "-o", "json"])?;
    expect_exit(&output, 3)?;
    let error = output.json()?;
    ensure(error["executed"] == "yes", format!("{error}"))
}

fn not_executed(env: &Env) -> Result<(), Failed> {
    let typo = env.topic("typo");
    let output = run(env, &["request", &typo, "x", "-t", "10s"])?;
    expect_exit(&output, 4)?;
    ensure(
        output.stderr.contains(&typo) && output.stderr.contains("executed: no"),
        format!("{output:?}"),
    )?;
    let topic = env.create_topic("plain", 1)?;
    let _service = serve(env, &topic, &["--echo"])?;
    let output = run(env, &["request", &topic, "x", "--operation", "levitate"])?;
    expect_exit(&output, 4)?;
    let output = run(env, &["scatter", &typo, "--value", "x", "-t", "10s"])?;
    expect_exit(&output, 4)?;
    let output = run(
        env,
        &["gather", &typo, "--min", "1", "--value", "x", "-t", "10s"],
    )?;
    expect_exit(&output, 4)?;
    let dead = antiphon(["-b", "127.0.0.1:1", "request", "any", "x", "-t", "1s"])?;
    expect_exit(&run_command(dead, "")?, 4)
}

fn unknown(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("silent", 1)?;
    let output = run(env, &["request", &topic, "x", "-t", "500ms"])?;
    expect_exit(&output, 5)?;
    ensure(
        output.stderr.contains("executed: maybe"),
        format!("{output:?}"),
    )?;
    let output = run(env, &["request", &topic, "x", "-t", "500ms", "-o", "json"])?;
    expect_exit(&output, 5)?;
    let error = output.json()?;
    ensure(
        error["executed"] == "maybe" && error["kind"] == "timed_out",
        format!("{error}"),
    )?;
    let output = run(
        env,
        &[
            "gather", &topic, "--min", "1", "--value", "x", "-t", "500ms",
        ],
    )?;
    expect_exit(&output, 5)
}

fn scatter(env: &Env) -> Result<(), Failed> {
    let answered = [env.create_topic("north", 1)?, env.create_topic("south", 1)?];
    let silent = env.create_topic("west", 1)?;
    let _north = serve(env, &answered[0], &["--echo", "--service", "north"])?;
    let _south = serve(env, &answered[1], &["--echo", "--service", "south"])?;
    let three = [
        "scatter",
        &answered[0],
        &answered[1],
        &silent,
        "--value",
        "apples",
    ];
    let output = run(env, &[&three[..], &["--min", "2", "-t", "20s"]].concat())?;
    expect_exit(&output, 0)?;
    let lines: Vec<_> = output
        .stdout
        .lines()
        .filter(|line| line.contains("apples"))
        .collect();
    ensure(lines.len() == 2, format!("{output:?}"))?;
    ensure(
        output.stdout.contains("north/")
            && output.stdout.contains("south/")
            && output.stdout.contains(&silent),
        format!("names of responders and missing topics: {output:?}"),
    )?;
    let output = run(
        env,
        &[&three[..], &["-o", "raw", "--min", "2", "-t", "20s"]].concat(),
    )?;
    ensure(output.stdout == "apples\napples\n", format!("{output:?}"))?;
    let output = run(env, &[&three[..], &["-t", "1s"]].concat())?;
    expect_exit(&output, 5)?;
    let output = run(env, &[&three[..], &["--min", "4"]].concat())?;
    expect_exit(&output, 2)?;
    let output = run(env, &[&three[..], &["--min", "0"]].concat())?;
    expect_exit(&output, 2)
}

fn gather(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("offers", 2)?;
    let _a = serve(env, &topic, &["--echo", "--service", &env.topic("a")])?;
    let _b = serve(env, &topic, &["--upper", "--service", &env.topic("b")])?;
    let ask = ["gather", &topic, "--value", "-", "-o", "raw", "--min"];
    let output = run_with(env, &[&ask[..], &["2", "-t", "20s"]].concat(), "pears")?;
    expect_exit(&output, 0)?;
    let mut lines: Vec<_> = output.stdout.lines().collect();
    lines.sort_unstable();
    ensure(lines == ["PEARS", "pears"], format!("{output:?}"))?;
    let output = run_with(env, &[&ask[..], &["3", "-t", "1s"]].concat(), "pears")?;
    expect_exit(&output, 5)?;
    ensure(
        output.stdout.lines().count() == 2,
        format!("the replies that arrived are shown: {output:?}"),
    )
}

fn drains(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("draining", 1)?;
    let folder = tempfile::tempdir()?;
    let begun = folder.path().join("begun");
    let script = format!("touch {}; sleep 1; cat", begun.display());
    let mut service = serve(env, &topic, &["--exec", &script])?;
    let servers = env.bootstrap_servers();
    let mut asking = Spawned::start(antiphon([
        "-b", servers, "request", &topic, "slow", "-t", "25s",
    ])?)?;
    eventually("the program runs", LIMIT, || begun.exists().then_some(()))?;
    service.signal("TERM")?;
    let status = service.wait(LIMIT)?;
    ensure(
        status.success(),
        format!("{status}: {:?}", service.lines(Stream::Stderr)),
    )?;
    let status = asking.wait(LIMIT)?;
    ensure(status.success(), format!("the request was lost: {status}"))?;
    ensure(
        asking.lines(Stream::Stdout) == ["slow"],
        format!("{:?}", asking.lines(Stream::Stdout)),
    )
}

fn no_topic(env: &Env) -> Result<(), Failed> {
    let absent = env.topic("absent");
    let output = run(env, &["serve", &absent, "--echo"])?;
    expect_exit(&output, 4)?;
    ensure(
        output.stderr.contains(&absent) && output.stderr.contains("--create-topic"),
        format!("{output:?}"),
    )?;
    let service = serve(env, &absent, &["--echo", "--create-topic", "2"])?;
    let output = run(env, &["request", &absent, "x", "-t", "20s"])?;
    expect_exit(&output, 0)?;
    drop(service);
    Ok(())
}

/// Time limit of a demonstration on a busy machine.
const DEMO: Duration = Duration::from_secs(60);
