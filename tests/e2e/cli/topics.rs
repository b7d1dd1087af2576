//! Topics: created, described, deleted.

use libtest_mimic::Failed;
use serde_json::Value;

use super::{Said, ended, run, run_with, say};
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
fn objects(said: &Said) -> Attempt<Vec<Value>> {
    let lines = said.out.lines();
    let parsed = lines.map(|line| serde_json::from_str(line).map_err(|e| format!("{e}: {said:?}")));
    parsed.collect()
}

fn describe(env: &Env, topic: &str) -> Result<Value, Failed> {
    let said = run(env, &["topics", "describe", topic, "-o", "json"])?;
    ended(&said, 0)?;
    Ok(said.json()?)
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
    let said = run(
        env,
        &[&create[..], &["-c", "max.message.bytes=4321"]].concat(),
    )?;
    ended(&said, 0)?;
    ensure(
        topics
            .iter()
            .all(|topic| said.out.contains(&format!("created {topic}: 3 partitions"))),
        format!("{said:?}"),
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
        table.out.contains("leader") && table.out.contains("retention.ms"),
        format!("{table:?}"),
    )?;
    let few = described["configs"].as_array().map_or(0, Vec::len);
    let all = run(env, &["topics", "describe", first, "-v", "-o", "json"])?.json()?;
    let all = all["configs"].as_array().map_or(0, Vec::len);
    ensure(
        all > few,
        format!("-v shows {all} settings instead of {few}"),
    )?;

    let said = run(
        env,
        &["topics", "delete", first, second, "--yes", "-o", "json"],
    )?;
    ended(&said, 0)?;
    let outcomes = objects(&said)?;
    ensure(
        outcomes.len() == 2 && outcomes.iter().all(|one| one["outcome"] == "deleted"),
        format!("{said:?}"),
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
    let said = run(env, &line)?;
    ended(&said, 0)?;
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
    ended(&run(env, &["topics", "delete", &topic, "-y"])?, 0)
}

fn again(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic_for("there", 2, &[("retention.ms", "5000")])?;
    let create = ["topics", "create", &topic];
    let said = run(env, &create)?;
    ended(&said, 0)?;
    ensure(
        said.out.contains("already exists") && said.err.contains("partitions is 2"),
        format!("{said:?}"),
    )?;
    let said = run(env, &[&create[..], &["-p", "2", "-o", "json"]].concat())?;
    ended(&said, 0)?;
    let outcome = said.json()?;
    let noted = &outcome["differences"][0];
    ensure(
        outcome["outcome"] == "exists"
            && noted["name"] == "retention.ms"
            && noted["found"] == "5000",
        format!("{outcome}"),
    )?;
    let asked = ["-p", "3", "-c", "retention.ms=7000"];
    let said = run(env, &[&create[..], &asked].concat())?;
    ended(&said, 4)?;
    ensure(
        said.err.contains("partitions is 2, not 3") && said.err.contains("retention.ms is 5000"),
        format!("{said:?}"),
    )?;
    let said = run(env, &[&create[..], &asked, &["-o", "json"]].concat())?;
    ensure(said.json()?["kind"] == "topic_differs", format!("{said:?}"))?;
    let described = describe(env, &topic)?;
    ensure(
        setting(&described, "retention.ms") == Some(("5000", "topic")),
        format!("it was changed: {described}"),
    )
}

fn refused(env: &Env) -> Result<(), Failed> {
    let topic = env.topic("refused");
    for wrong in [
        &["-c", "retention.ms=soon"][..],
        &["-c", "no.such.setting=1"],
        &["-r", "9"],
    ] {
        let said = run(env, &[&["topics", "create", &topic][..], wrong].concat())?;
        ended(&said, 2)?;
        ensure(said.err.contains(&topic), format!("{said:?}"))?;
    }
    ended(&run(env, &["topics", "create", "not a name"])?, 2)?;
    ensure(
        !topic_exists(env.bootstrap_servers(), &topic)?,
        "it was created all the same",
    )
}

fn unknown(env: &Env) -> Result<(), Failed> {
    let typo = env.topic("typo");
    let there = env.create_topic("there", 1)?;
    let said = run(env, &["topics", "describe", &typo])?;
    ended(&said, 4)?;
    ensure(
        said.err.contains(&typo) && said.err.contains("does not exist"),
        format!("{said:?}"),
    )?;
    let said = run(
        env,
        &["topics", "delete", &there, &typo, "--yes", "-o", "json"],
    )?;
    ended(&said, 4)?;
    ensure(said.json()?["kind"] == "unknown_topic", format!("{said:?}"))?;
    ensure(
        topic_exists(env.bootstrap_servers(), &there)?,
        "a typo has deleted another topic",
    )
}

fn unconfirmed(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("kept", 1)?;
    let said = run_with(env, &["topics", "delete", &topic], "y\n")?;
    ended(&said, 2)?;
    ensure(said.err.contains("--yes"), format!("{said:?}"))?;
    let said = run(env, &["topics", "delete", "__consumer_offsets", "--yes"])?;
    ended(&said, 2)?;
    ensure(
        topic_exists(env.bootstrap_servers(), &topic)?,
        "it was deleted without a word",
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
    let said = run(env, &["topics", "create", &new])?;
    ended(&said, 4)?;
    ensure(
        said.err.contains("antiphon dev --topic"),
        format!("{said:?}"),
    )?;
    let said = run(env, &["topics", "delete", &topic, "--yes"])?;
    ended(&said, 4)
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
        let said = say(command, "")?;
        ended(&said, 4)?;
        ensure(said.err.contains("127.0.0.1:1"), format!("{said:?}"))?;
    }
    Ok(())
}
