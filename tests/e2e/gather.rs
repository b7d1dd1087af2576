//! Scatter-gather with a minimum, on a real log.

use std::time::{Duration, Instant};

use antiphon::{Executed, RequestErrorKind as Kind, Status};
use bytes::Bytes;
use futures::StreamExt as _;
use libtest_mimic::Failed;

use crate::support::process::{Spawned, Stream, antiphon};
use crate::support::rig::{Hostile, LIMIT, block_on, client, echo, read_all, serve};
use crate::support::suite::{Case, Env, Needs, ensure};
use crate::support::wait::eventually_async;

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "gather::a_scatter_ends_with_its_minimum",
        needs: Needs::Both,
        run: |env| block_on(scatter(env)),
    },
    Case {
        name: "gather::a_scatter_below_its_minimum_carries_what_arrived",
        needs: Needs::Both,
        run: |env| block_on(missed(env)),
    },
    Case {
        name: "gather::a_killed_responder_is_missing_and_the_minimum_still_holds",
        needs: Needs::Both,
        run: |env| block_on(killed(env)),
    },
    Case {
        name: "gather::rules_that_can_not_be_met_are_refused_before_anything_is_sent",
        needs: Needs::Both,
        run: |env| block_on(refused(env)),
    },
    Case {
        name: "gather::groups_on_one_topic_each_have_one_vote",
        needs: Needs::Both,
        run: |env| block_on(groups(env)),
    },
    Case {
        name: "gather::a_responder_that_answers_ten_thousand_times_has_one_vote",
        needs: Needs::Both,
        run: |env| block_on(flood(env)),
    },
    Case {
        name: "gather::replies_can_be_taken_as_they_come",
        needs: Needs::Both,
        run: |env| block_on(stream(env)),
    },
];

async fn scatter(env: &Env) -> Result<(), Failed> {
    let topics = [
        env.create_topic("east", 1)?,
        env.create_topic("west", 1)?,
        env.create_topic("void", 1)?,
    ];
    let _east = echo(env, &topics[0]).await?;
    let _west = echo(env, &topics[1]).await?;
    let client = client(env).await?;
    let begun = Instant::now();
    let scatter = client.scatter(topics.clone()).value("x").timeout(LIMIT);
    let gathered = scatter.min_replies(2).send().await?;
    ensure(begun.elapsed() < LIMIT / 2, "it waited for the deadline")?;
    ensure(gathered.replies.len() == 2, format!("{gathered:?}"))?;
    let missing: Vec<_> = gathered.missing.iter().map(|m| m.target()).collect();
    ensure(missing == [topics[2].as_str()], format!("{missing:?}"))?;
    let executed = gathered.missing[0].error().executed();
    ensure(executed == Executed::Maybe, format!("{executed:?}"))?;
    ensure(client.in_flight() == 0, "calls were left in the table")
}

async fn missed(env: &Env) -> Result<(), Failed> {
    let answered = env.create_topic("answered", 1)?;
    let typo = env.topic("typo");
    let _service = echo(env, &answered).await?;
    let client = client(env).await?;
    let scatter = client.scatter([&*answered, &*typo]).value("x");
    let error = scatter.timeout(LIMIT).send().await;
    let error = error.err().ok_or("two replies from one service")?;
    ensure(
        error.error().kind() == Kind::BelowMinimum,
        format!("{error}"),
    )?;
    ensure(
        error.error().executed() == Executed::Maybe,
        format!("{error}"),
    )?;
    let gathered = error.gathered();
    ensure(gathered.replies.len() == 1, format!("{gathered:?}"))?;
    ensure(
        &gathered.replies[0].reply().value()[..] == b"x",
        format!("{gathered:?}"),
    )?;
    let why = gathered.missing[0].error();
    ensure(
        why.kind() == Kind::UnknownTopic && why.executed() == Executed::No,
        format!("{why}"),
    )
}

/// Two processes answer one request; then one of them is killed.
async fn killed(env: &Env) -> Result<(), Failed> {
    let topics = [env.create_topic("alive", 1)?, env.create_topic("dead", 1)?];
    let start = |topic: &str| {
        let service = Spawned::start(antiphon([
            "-b",
            env.bootstrap_servers(),
            "serve",
            topic,
            "--echo",
        ])?)?;
        service.wait_for_line(Stream::Stderr, "ready", LIMIT)?;
        Ok::<_, String>(service)
    };
    let (_alive, mut dead) = (start(&topics[0])?, start(&topics[1])?);
    let client = client(env).await?;
    let ask = |timeout| client.scatter(topics.clone()).value("x").timeout(timeout);
    let both = ask(LIMIT).send().await?;
    ensure(both.replies.len() == 2, format!("{both:?}"))?;
    dead.signal("KILL")?;
    dead.wait(LIMIT)?;
    let one = ask(LIMIT).min_replies(1).send().await?;
    ensure(one.replies[0].target() == topics[0], format!("{one:?}"))?;
    let error = ask(Duration::from_secs(2)).send().await;
    let error = error.err().ok_or("the dead answered")?;
    ensure(error.gathered().replies.len() == 1, format!("{error:?}"))?;
    let missing = &error.gathered().missing[0];
    ensure(
        missing.target() == topics[1] && missing.error().kind() == Kind::TimedOut,
        format!("{missing:?}"),
    )
}

async fn refused(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("unasked", 1)?;
    let client = client(env).await?;
    let one = || client.scatter([topic.as_str()]);
    let gather = || client.gather(&topic);
    let results = [
        one().min_replies(0).send().await,
        one().min_replies(2).send().await,
        gather().min_replies(0).send().await,
        gather().min_replies(3).max_replies(2).send().await,
    ];
    for result in results {
        let error = result.err().ok_or("it was sent")?;
        ensure(error.error().kind() == Kind::Invalid, format!("{error}"))?;
        ensure(error.error().executed() == Executed::No, format!("{error}"))?;
    }
    let servers = env.bootstrap_servers().to_owned();
    let sent = tokio::task::spawn_blocking(move || read_all(&servers, &topic)).await??;
    ensure(sent.is_empty(), format!("{sent:?}"))
}

async fn groups(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("quorum", 2)?;
    let named = |name: &str| env.topic(name);
    let name = |text: &'static str| move |_, _| async move { Ok(Bytes::from(text)) };
    let _a = serve(env, &topic, &named("a"), name("a")).await?;
    let _b = serve(env, &topic, &named("b"), name("b")).await?;
    let unwilling = |_, _| async { Err(Status::unavailable("resting")) };
    let _c = serve(env, &topic, &named("c"), unwilling).await?;
    let client = client(env).await?;
    let gather = client.gather(&topic).value("x").timeout(LIMIT);
    let gathered = gather.clone().min_replies(2).send().await?;
    let mut values: Vec<_> = gathered
        .replies
        .iter()
        .map(|r| r.reply().value().clone())
        .collect();
    values.sort();
    ensure(values == ["a", "b"], format!("{values:?}"))?;
    let responders = gathered.replies.iter().filter(|r| r.responder().is_some());
    ensure(responders.count() == 2, format!("{gathered:?}"))?;
    // The third service answers with an error, which is no vote.
    let short = gather.timeout(Duration::from_secs(2)).min_replies(3);
    let error = short.send().await.err().ok_or("three replies")?;
    ensure(error.gathered().replies.len() == 2, format!("{error:?}"))?;
    let statuses = error.gathered().missing.iter();
    let statuses = statuses
        .filter(|m| m.error().kind() == Kind::Status)
        .count();
    ensure(statuses == 1, format!("{error:?}"))?;
    ensure(client.in_flight() == 0, "calls were left in the table")
}

async fn flood(env: &Env) -> Result<(), Failed> {
    const REPLIES: u64 = 10_000;
    let topic = env.create_topic("flooded", 1)?;
    let client = client(env).await?;
    let flood = async {
        let pending = eventually_async("the call is in flight", LIMIT, || async {
            client.pending(1).pop()
        });
        let id = pending.await?.correlation_id.to_string();
        let hostile = Hostile::new(env.bootstrap_servers())?;
        let by = b"v=1;r=loud/1/1";
        let headers = [
            ("correlation-id", Some(id.as_bytes())),
            ("antiphon", Some(&by[..])),
        ];
        for _ in 0..REPLIES {
            let partition = client.reply_partition();
            hostile.send(client.reply_topic(), partition, None, Some(b"me"), &headers)?;
        }
        hostile.flush()?;
        Ok::<_, Failed>(())
    };
    let gather = client
        .gather(&topic)
        .min_replies(2)
        .timeout(Duration::from_secs(10));
    let (gathered, flooded) = tokio::join!(gather.send(), flood);
    flooded?;
    let error = gathered.err().ok_or("one responder made two votes")?;
    ensure(error.gathered().replies.len() == 1, format!("{error:?}"))?;
    let counted = error.gathered().duplicates + client.stray_counts().late;
    ensure(
        counted >= REPLIES - 1,
        format!("{counted} of {REPLIES} counted"),
    )
}

async fn stream(env: &Env) -> Result<(), Failed> {
    let quick = env.create_topic("quick", 1)?;
    let slow = env.create_topic("slow", 1)?;
    let _quick = echo(env, &quick).await?;
    let wait = |_, value: Bytes| async move {
        tokio::time::sleep(Duration::from_millis(700)).await;
        Ok(value)
    };
    let _slow = serve(env, &slow, &env.topic("slow"), wait).await?;
    let client = client(env).await?;
    let scatter = client.scatter([&*slow, &*quick]).value("x").timeout(LIMIT);
    let mut replies = scatter.stream().await?;
    let first = replies.next().await.ok_or("no reply")?;
    let first = first.map_err(|missing| format!("{missing:?}"))?;
    ensure(first.target() == quick, format!("{first:?}"))?;
    ensure(client.in_flight() == 1, "the slow call is not in flight")?;
    drop(replies);
    ensure(client.in_flight() == 0, "a dropped stream kept its slot")
}
