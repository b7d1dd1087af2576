//! A broker restarts under load; the reply topic is deleted under a client.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use antiphon::config::{ClientConfig, ReplyConfig, ServiceConfig};
use antiphon::{Client, Executed, Reply, RequestError, RequestErrorKind as Kind};
use antiphon_kafka::Admin;
use bytes::Bytes;
use libtest_mimic::Failed;
use tokio::task::JoinHandle;

use crate::support::broker::KafkaHandle;
use crate::support::rig::{
    LIMIT, block_on, client_of, create_topic, echo, properties, serve_on, topic_exists,
};
use crate::support::suite::{Case, Env, Needs, ensure};
use crate::support::wait::{eventually, eventually_async};

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "restart::a_broker_stopped_and_started_under_load_loses_nothing_unsaid",
        needs: Needs::PrivateKafka,
        run: |env| block_on(broker_restart(env)),
    },
    Case {
        name: "restart::a_deleted_reply_topic_is_told_to_every_call_and_made_anew",
        needs: Needs::PrivateKafka,
        run: |env| block_on(reply_topic_deleted(env)),
    },
    Case {
        name: "restart::a_client_moves_when_its_reply_topic_is_made_anew_with_fewer_partitions",
        needs: Needs::Kafka,
        run: |env| block_on(reply_topic_smaller(env)),
    },
];

/// How many tasks send requests, and how many each.
const TASKS: u64 = 16;
const EACH: u64 = 300;

async fn broker_restart(_: &Env) -> Result<(), Failed> {
    let kafka = Arc::new(tokio::task::spawn_blocking(KafkaHandle::private).await??);
    let servers = kafka.bootstrap_servers().to_owned();
    let at = servers.clone();
    tokio::task::spawn_blocking(move || create_topic(&at, "work", 3, &[])).await??;
    let ran = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&ran);
    let handler = move |_, value: Bytes| {
        count.fetch_add(1, Ordering::SeqCst);
        async move { Ok(value) }
    };
    let service = serve_on(
        &servers,
        "work",
        "worker",
        ServiceConfig::default(),
        handler,
    )
    .await?;
    let client = client_of(&servers, "web", ClientConfig::default()).await?;
    let calls: Vec<_> = (0..TASKS)
        .map(|task| tokio::spawn(ask(client.clone(), task)))
        .collect();
    eventually_async("the load is on", LIMIT, || async {
        (ran.load(Ordering::SeqCst) > 200).then_some(())
    })
    .await?;
    let restarted = Arc::clone(&kafka);
    tokio::task::spawn_blocking(move || restarted.stop().and_then(|()| restarted.start()))
        .await??;
    let (answered, errors) = tally(calls).await?;
    ensure(
        answered >= TASKS * EACH * 5 / 6,
        format!("only {answered} answered: {:?}", errors.first()),
    )?;
    ensure(
        errors.iter().all(|error| error.executed() != Executed::Yes),
        format!("{errors:?}"),
    )?;
    ensure(client.in_flight() == 0, "calls were left in the table")?;
    // Answered means executed: the handler ran at least once for each answered call.
    ensure(
        ran.load(Ordering::SeqCst) >= answered,
        "replies without work",
    )?;
    let reply = client
        .request("work")
        .value("after")
        .timeout(LIMIT)
        .send()
        .await?;
    ensure(&reply.value()[..] == b"after", format!("{reply:?}"))?;
    service.drain(LIMIT).await;
    eprintln!(
        "restart under load: {answered} answered, {} errors",
        errors.len()
    );
    Ok(())
}

/// The value of each request, and its outcome.
type Asked = Vec<(String, Result<Reply, RequestError>)>;

async fn ask(client: Client, task: u64) -> Asked {
    let mut outcomes = Vec::new();
    for n in 0..EACH {
        let value = format!("{task}/{n}");
        let request = client.request("work").value(value.clone());
        let outcome = request.timeout(Duration::from_secs(45)).send().await;
        outcomes.push((value, outcome));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    outcomes
}

/// The number of calls that got their own reply, and the errors of the others.
async fn tally(calls: Vec<JoinHandle<Asked>>) -> Result<(u64, Vec<RequestError>), Failed> {
    let (mut answered, mut errors) = (0, Vec::new());
    for call in calls {
        for (value, outcome) in call.await? {
            match outcome {
                Ok(reply) => {
                    ensure(reply.into_value() == value, "somebody else's reply")?;
                    answered += 1;
                }
                Err(error) => errors.push(error),
            }
        }
    }
    Ok((answered, errors))
}

async fn reply_topic_deleted(_: &Env) -> Result<(), Failed> {
    let kafka = tokio::task::spawn_blocking(KafkaHandle::private).await??;
    let servers = kafka.bootstrap_servers().to_owned();
    let at = servers.clone();
    tokio::task::spawn_blocking(move || {
        create_topic(&at, "work", 1, &[])?;
        create_topic(&at, "silent", 1, &[])
    })
    .await??;
    let echo = |_, value| async move { Ok(value) };
    let _service = serve_on(&servers, "work", "worker", ServiceConfig::default(), echo).await?;
    let client = client_of(&servers, "web", ClientConfig::default()).await?;
    client.request("work").value("before").send().await?;
    let waiting = client.request("silent").timeout(2 * LIMIT).send();
    let delete = async {
        eventually_async("the call is in flight", LIMIT, || async {
            (client.in_flight() == 1).then_some(())
        })
        .await?;
        let at = servers.clone();
        tokio::task::spawn_blocking(move || delete_topic(&at, "web.replies")).await?
    };
    let (lost, deleted) = tokio::join!(waiting, delete);
    deleted?;
    let error = lost.err().ok_or("somebody answered")?;
    ensure(
        error.kind() == Kind::ReplyPathLost && error.executed() == Executed::Maybe,
        format!("{:?}: {error}", error.kind()),
    )?;
    let reply = client
        .request("work")
        .value("after")
        .timeout(2 * LIMIT)
        .send()
        .await?;
    ensure(&reply.value()[..] == b"after", format!("{reply:?}"))
}

async fn reply_topic_smaller(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("work", 1)?;
    let _service = echo(env, &topic).await?;
    let servers = env.bootstrap_servers().to_owned();
    let group = env.topic("shrinks");
    let replies = format!("{group}.replies");
    let (at, name) = (servers.clone(), replies.clone());
    tokio::task::spawn_blocking(move || create_topic(&at, &name, 16, &[])).await??;
    let client = beyond_the_first(&servers, &group).await?;
    let call = || client.request(&topic).timeout(2 * LIMIT).send();
    ensure(call().await?.partition() > 0, "it is not on its partition")?;
    tokio::task::spawn_blocking(move || {
        delete_topic(&servers, &replies)?;
        eventually("it is gone", LIMIT, || {
            let exists = topic_exists(&servers, &replies);
            exists.is_ok_and(|exists| !exists).then_some(())
        })?;
        create_topic(&servers, &replies, 1, &[]).map_err(Failed::from)
    })
    .await??;
    // The client may know already that the path is lost, or find out during this call.
    let reply = match call().await {
        Err(error) if error.kind() == Kind::ReplyPathLost => call().await?,
        other => other?,
    };
    ensure(reply.partition() == 0, format!("{reply:?}"))?;
    ensure(client.reply_partition() == 0, "it does not say so")
}

/// A client on a partition of its reply topic other than the first. Others may use the first.
async fn beyond_the_first(servers: &str, group: &str) -> Result<Client, Failed> {
    loop {
        let config = ClientConfig {
            reply: ReplyConfig {
                create: false,
                ..ReplyConfig::default()
            },
            ..ClientConfig::default()
        };
        let client = client_of(servers, group, config).await?;
        if client.reply_partition() > 0 {
            return Ok(client);
        }
    }
}

fn delete_topic(servers: &str, name: &str) -> Result<(), Failed> {
    let admin = Admin::new(&properties(servers))?;
    admin.delete_topic(name, LIMIT)?;
    Ok(())
}
