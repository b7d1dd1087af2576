//! `antiphon topics`: create, describe, delete.

use libtest_mimic::Failed;
use serde_json::Value;

use super::{Output, expect_exit, run, run_command, run_with};
use crate::support::process::antiphon;
use crate::support::reason::Attempt;
use crate::support::rig::topic_exists;
use crate::support::suite::{Case, Env, Needs, ensure};

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "cli::topics::are_created_described_and_deleted",
        needs: Needs::Kafka,
        run: life,
    },
    Case {
        name: "cli::topics::a_reply_topic_is_created_as_a_client_would",
        needs: Needs::Kafka,
        run: reply,
    },
    Case {
        name: "cli::topics::creating_again_changes_nothing_and_says_what_differs",
        needs: Needs::Kafka,
        run: again,
    },
    Case {
        name: "cli::topics::what_the_brokers_do_not_take_exits_with_2",
        needs: Needs::Kafka,
        run: refused,
    },
    Case {
        name: "cli::topics::what_does_not_exist_exits_with_4",
        needs: Needs::Both,
        run: unknown,
    },
    Case {
        name: "cli::topics::nothing_is_deleted_without_a_word",
        needs: Needs::Both,
        run: unconfirmed,
    },
    Case {
        name: "cli::topics::the_embedded_broker_describes_and_leaves_the_rest",
        needs: Needs::Embedded,
        run: embedded,
    },
    Case {
        name: "cli::topics::no_broker_exits_with_4",
        needs: Needs::Nothing,
        run: no_broker,
    },
];

/// One object per line.
fn objects(output: &Output) -> Attempt<Vec<Value>> {
    let lines = output.stdout.lines();
    let parsed =
        lines.map(|line| serde_json::from_str(line).map_err(|e| format!("{e}: {output:?}")));
    parsed.collect()
}

fn describe(env: &Env, topic: &str) -> Result<Value, Failed> {
    let output = run(env, &["topics", "describe", topic, "-o", "json"])?;
    expect_exit(&output, 0)?;
    Ok(output.json()?)
}

/// Value and source of a setting.
fn setting<'a>(described: &'a Value, name: &str) -> Option<(&'a str, &'a str)> {
    let mut all = described["configs"].as_array()?.iter();
    let entry = all.find(|entry| entry["name"] == name)?;
    Some((entry["value"].as_str()?, entry["source"].as_str()?))
}

fn life(env: &Env) -> Result<(), Failed> {
    let topics = [env.topic("made"), env.topic("made")];
    let [first, second] = &topics;
    let create = ["topics", "create", first, second, "-p", "3", "-r", "1"];
    let output = run(
        env,
        &[&create[..], &["-c", "max.message.bytes=4321"]].concat(),
    )?;
    expect_exit(&output, 0)?;
    ensure(
        topics.iter().all(|topic| {
            output
                .stdout
                .contains(&format!("created {topic}: 3 partitions"))
        }),
        format!("{output:?}"),
    )?;

    let described = describe(env, first)?;
    let partitions = described["partitions"].as_array().map_or(0, Vec::len);
    ensure(partitions == 3, format!("{described}"))?;
    let partition = &described["partitions"][0];
    ensure(
        partition["leader"].is_i64() && partition["in_sync"] == partition["replicas"],
        format!("{described}"),
    )?;
    for (name, expected) in [
        ("max.message.bytes", ("4321", "topic")),
        ("cleanup.policy", ("delete", "topic")),
        ("retention.ms", ("86400000", "topic")),
        ("segment.ms", ("604800000", "default")),
    ] {
        let found = setting(&described, name);
        ensure(found == Some(expected), format!("{name}: {described}"))?;
    }
    let table = run(env, &["topics", "describe", first])?;
    ensure(
        table.stdout.contains("leader") && table.stdout.contains("retention.ms"),
        format!("{table:?}"),
    )?;
    let few = described["configs"].as_array().map_or(0, Vec::len);
    let all = run(env, &["topics", "describe", first, "-v", "-o", "json"])?.json()?;
    let all = all["configs"].as_array().map_or(0, Vec::len);
    ensure(
        all > few,
        format!("-v shows {all} settings instead of {few}"),
    )?;

    let output = run(
        env,
        &["topics", "delete", first, second, "--yes", "-o", "json"],
    )?;
    expect_exit(&output, 0)?;
    let outcomes = objects(&output)?;
    ensure(
        outcomes.len() == 2 && outcomes.iter().all(|one| one["outcome"] == "deleted"),
        format!("{output:?}"),
    )?;
    for topic in &topics {
        ensure(
            !topic_exists(env.bootstrap_servers(), topic)?,
            format!("{topic} is still there"),
        )?;
    }
    Ok(())
}

fn reply(env: &Env) -> Result<(), Failed> {
    let topic = format!("{}.replies", env.topic("web"));
    let line = ["topics", "create", &topic, "--reply", "-o", "json"];
    let output = run(env, &line)?;
    expect_exit(&output, 0)?;
    let described = describe(env, &topic)?;
    let partitions = described["partitions"].as_array().map_or(0, Vec::len);
    ensure(partitions == 8, format!("{described}"))?;
    for (name, expected) in [
        ("cleanup.policy", ("delete", "topic")),
        ("retention.ms", ("3600000", "topic")),
    ] {
        let found = setting(&described, name);
        ensure(found == Some(expected), format!("{name}: {described}"))?;
    }
    expect_exit(&run(env, &["topics", "delete", &topic, "-y"])?, 0)
}

fn again(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic_for("there", 2, &[("retention.ms", "5000")])?;
    let create = ["topics", "create", &topic];
    let output = run(env, &create)?;
    expect_exit(&output, 0)?;
    ensure(
        output.stdout.contains("already exists") && output.stderr.contains("partitions is 2"),
        format!("{output:?}"),
    )?;
    let output = run(env, &[&create[..], &["-p", "2", "-o", "json"]].concat())?;
    expect_exit(&output, 0)?;
    let outcome = output.json()?;
    let noted = &outcome["differences"][0];
    ensure(
        outcome["outcome"] == "exists"
            && noted["name"] == "retention.ms"
            && noted["found"] == "5000",
        format!("{outcome}"),
    )?;
    let asked = ["-p", "3", "-c", "retention.ms=7000"];
    let output = run(env, &[&create[..], &asked].concat())?;
    expect_exit(&output, 4)?;
    ensure(
        output.stderr.contains("partitions is 2, not 3")
            && output.stderr.contains("retention.ms is 5000"),
        format!("{output:?}"),
    )?;
    let output = run(env, &[&create[..], &asked, &["-o", "json"]].concat())?;
    ensure(
        output.json()?["kind"] == "topic_differs",
        format!("{output:?}"),
    )?;
    let described = describe(env, &topic)?;
    ensure(
        setting(&described, "retention.ms") == Some(("5000", "topic")),
        format!("the topic was changed: {described}"),
    )
}

fn refused(env: &Env) -> Result<(), Failed> {
    let topic = env.topic("refused");
    for wrong in [
        &["-c", "retention.ms=soon"][..],
        &["-c", "no.such.setting=1"],
        &["-r", "9"],
    ] {
        let output = run(env, &[&["topics", "create", &topic][..], wrong].concat())?;
        expect_exit(&output, 2)?;
        ensure(output.stderr.contains(&topic), format!("{output:?}"))?;
    }
    expect_exit(&run(env, &["topics", "create", "not a name"])?, 2)?;
    ensure(
        !topic_exists(env.bootstrap_servers(), &topic)?,
        "the topic was created",
    )
}

fn unknown(env: &Env) -> Result<(), Failed> {
    let typo = env.topic("typo");
    let there = env.create_topic("there", 1)?;
    let output = run(env, &["topics", "describe", &typo])?;
    expect_exit(&output, 4)?;
    ensure(
        output.stderr.contains(&typo) && output.stderr.contains("does not exist"),
        format!("{output:?}"),
    )?;
    let output = run(
        env,
        &["topics", "delete", &there, &typo, "--yes", "-o", "json"],
    )?;
    expect_exit(&output, 4)?;
    ensure(
        output.json()?["kind"] == "unknown_topic",
        format!("{output:?}"),
    )?;
    ensure(
        topic_exists(env.bootstrap_servers(), &there)?,
        "the existing topic was deleted",
    )
}

fn unconfirmed(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("kept", 1)?;
    let output = run_with(env, &["topics", "delete", &topic], "y\n")?;
    expect_exit(&output, 2)?;
    ensure(output.stderr.contains("--yes"), format!("{output:?}"))?;
    let output = run(env, &["topics", "delete", "__consumer_offsets", "--yes"])?;
    expect_exit(&output, 2)?;
    ensure(
        topic_exists(env.bootstrap_servers(), &topic)?,
        "the topic was deleted without confirmation",
    )
}

fn embedded(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("inside", 3)?;
    let described = describe(env, &topic)?;
    let partitions = described["partitions"].as_array().map_or(0, Vec::len);
    ensure(
        partitions == 3 && described.get("configs").is_none(),
        format!("{described}"),
    )?;
    let new = env.topic("new");
    let output = run(env, &["topics", "create", &new])?;
    expect_exit(&output, 4)?;
    ensure(
        output.stderr.contains("antiphon dev --topic"),
        format!("{output:?}"),
    )?;
    let output = run(env, &["topics", "delete", &topic, "--yes"])?;
    expect_exit(&output, 4)
}

fn no_broker(_: &Env) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("antiphon.toml");
    std::fs::write(&file, "[kafka]\nconnect_timeout = \"300ms\"\n")?;
    let path = file.to_str().ok_or("a path that is no text")?;
    for line in [
        &["topics", "create", "t"][..],
        &["topics", "describe", "t"],
        &["topics", "delete", "t", "--yes"],
    ] {
        let mut command = antiphon(["-b", "127.0.0.1:1", "--config", path])?;
        command.args(line);
        let output = run_command(command, "")?;
        expect_exit(&output, 4)?;
        ensure(output.stderr.contains("127.0.0.1:1"), format!("{output:?}"))?;
    }
    Ok(())
}
