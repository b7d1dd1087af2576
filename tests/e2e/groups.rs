//! Several responders in one group share the requests, and no request is lost when one responder stops.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use antiphon::config::ServiceConfig;
use antiphon::{Client, RequestError, Service};
use antiphon_kafka::Admin;
use bytes::Bytes;
use futures::future::try_join_all;
use libtest_mimic::Failed;
use tokio::task::JoinHandle;

use crate::support::process::{Spawned, Stream, antiphon};
use crate::support::rig::{LIMIT, block_on, client, properties, serve_on};
use crate::support::suite::{Case, Env, Needs, ensure};
use crate::support::wait::eventually_async;

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "groups::three_share_the_work_and_one_leaves",
        needs: Needs::Both,
        run: |env| block_on(one_leaves(env)),
    },
    Case {
        name: "groups::one_of_three_is_killed_and_no_request_is_without_an_outcome",
        needs: Needs::Both,
        run: |env| block_on(one_is_killed(env)),
    },
    Case {
        name: "groups::a_drained_service_answers_what_it_has_begun",
        needs: Needs::Both,
        run: |env| block_on(drained(env)),
    },
    Case {
        name: "groups::what_a_dropped_service_had_begun_is_done_by_another",
        needs: Needs::Both,
        run: |env| block_on(dropped(env)),
    },
    Case {
        name: "groups::partitions_that_are_added_are_read_while_callers_wait",
        // The embedded broker cannot add partitions.
        needs: Needs::Kafka,
        run: |env| block_on(grown(env)),
    },
];

/// Sends requests, a few at a time, until it is told to stop.
struct Load {
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    workers: Vec<JoinHandle<Vec<Result<Bytes, RequestError>>>>,
}

impl Load {
    fn start(client: &Client, topic: &str, timeout: Duration) -> Self {
        let (stop, sent) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU64::new(0)),
        );
        let workers = (0..8).map(|_| {
            let (client, topic) = (client.clone(), topic.to_owned());
            let (stop, sent) = (Arc::clone(&stop), Arc::clone(&sent));
            tokio::spawn(async move {
                let mut outcomes = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let n = sent.fetch_add(1, Ordering::Relaxed);
                    let request = client.request(&topic).value(n.to_string());
                    let reply = request.timeout(timeout).send().await;
                    outcomes.push(reply.map(antiphon::Reply::into_value));
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                outcomes
            })
        });
        Self {
            workers: workers.collect(),
            stop,
            sent,
        }
    }

    /// Waits until this many more requests have been sent.
    async fn more(&self, n: u64) -> Result<(), Failed> {
        let goal = self.sent.load(Ordering::Relaxed) + n;
        eventually_async("the load goes on", LIMIT, || async {
            (self.sent.load(Ordering::Relaxed) >= goal).then_some(())
        })
        .await?;
        Ok(())
    }

    /// Every request that was sent has an outcome.
    async fn end(self) -> Result<Vec<Result<Bytes, RequestError>>, Failed> {
        self.stop.store(true, Ordering::Relaxed);
        let mut outcomes = Vec::new();
        for worker in self.workers {
            outcomes.extend(tokio::time::timeout(2 * LIMIT, worker).await??);
        }
        let sent = usize::try_from(self.sent.load(Ordering::Relaxed))?;
        ensure(
            outcomes.len() == sent,
            format!("{} outcomes of {sent}", outcomes.len()),
        )?;
        Ok(outcomes)
    }
}

async fn named(env: &Env, topic: &str, group: &str, name: &'static str) -> Result<Service, Failed> {
    let handler = move |_, _| async move { Ok(Bytes::from(name)) };
    let config = ServiceConfig::default();
    Ok(serve_on(env.bootstrap_servers(), topic, group, config, handler).await?)
}

async fn one_leaves(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("shared-work", 6)?;
    let group = env.topic("trio");
    let (a, b, c) = tokio::join!(
        named(env, &topic, &group, "a"),
        named(env, &topic, &group, "b"),
        named(env, &topic, &group, "c"),
    );
    let (a, b, c) = (a?, b?, c?);
    eventually_async("each has its share", LIMIT, || async {
        let shares = [&a, &b, &c].map(|service| service.partitions().len());
        (shares == [2, 2, 2]).then_some(())
    })
    .await?;
    let client = client(env).await?;
    let load = Load::start(&client, &topic, LIMIT);
    load.more(300).await?;
    let report = b.drain(LIMIT).await;
    ensure(report.abandoned == 0, format!("{report:?}"))?;
    load.more(300).await?;
    let mut by: HashMap<Bytes, u32> = HashMap::new();
    for outcome in load.end().await? {
        *by.entry(outcome?).or_default() += 1;
    }
    ensure(by.len() == 3, format!("not all took part: {by:?}"))?;
    ensure(client.in_flight() == 0, "calls were left in the table")
}

async fn grown(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("growing", 1)?;
    let service = named(env, &topic, &env.topic("growers"), "a").await?;
    Admin::new(&properties(env.bootstrap_servers()))?.create_partitions(&topic, 3, LIMIT)?;
    // A client that connects now knows all three partitions at once; the service knows only the first.
    let client = client(env).await?;
    let calls = (0..30).map(|key| {
        let request = client.request(&topic).key(format!("key {key}"));
        request.timeout(LIMIT).send()
    });
    let answered = try_join_all(calls).await?.len();
    ensure(answered == 30, format!("{answered} were answered"))?;
    ensure(
        service.partitions().len() == 3,
        format!("{:?}", service.partitions()),
    )
}

/// Three processes, so that one can be killed.
async fn one_is_killed(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("mortal", 6)?;
    let group = env.topic("mortals");
    let start = || {
        let servers = env.bootstrap_servers();
        // The group notices a dead member after this time.
        let session = "session.timeout.ms=6000";
        Spawned::start(antiphon([
            "-b", servers, "-X", session, "serve", &topic, "--echo", "--group", &group,
        ])?)
    };
    let mut three = [start()?, start()?, start()?];
    for one in &three {
        one.wait_for_line(Stream::Stderr, "ready", LIMIT)?;
    }
    let client = client(env).await?;
    let load = Load::start(&client, &topic, Duration::from_secs(25));
    load.more(300).await?;
    three[1].signal("KILL")?;
    three[1].wait(LIMIT)?;
    load.more(100).await?;
    // No instance reads the partitions of the killed process until the group notices; then another does.
    let outcomes = load.end().await?;
    let failed: Vec<_> = outcomes
        .iter()
        .filter_map(|outcome| outcome.as_ref().err())
        .collect();
    ensure(
        failed.is_empty(),
        format!(
            "{} of {} failed, the first: {:?}",
            failed.len(),
            outcomes.len(),
            failed.first()
        ),
    )?;
    ensure(client.in_flight() == 0, "calls were left in the table")
}

async fn drained(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("graceful", 2)?;
    let slow = |_, value: Bytes| async move {
        tokio::time::sleep(Duration::from_millis(700)).await;
        Ok(value)
    };
    let servers = env.bootstrap_servers();
    let name = env.topic("graceful");
    let service = serve_on(servers, &topic, &name, ServiceConfig::default(), slow).await?;
    let client = client(env).await?;
    let calls = (0..50).map(|n| {
        client
            .request(&topic)
            .value(n.to_string())
            .timeout(LIMIT)
            .send()
    });
    let stop = async {
        eventually_async("all have begun", LIMIT, || async {
            (service.running() == 50).then_some(())
        })
        .await?;
        Ok::<_, Failed>(service.drain(LIMIT).await)
    };
    let (replies, report) = tokio::join!(futures::future::join_all(calls), stop);
    let report = report?;
    ensure(
        report.abandoned == 0 && report.in_hand == 50,
        format!("{report:?}"),
    )?;
    for reply in replies {
        reply?;
    }
    // The drain has committed all requests: none is redelivered.
    let again = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&again);
    let handler = move |_, value: Bytes| {
        count.fetch_add(1, Ordering::SeqCst);
        async move { Ok(value) }
    };
    let _next = serve_on(servers, &topic, &name, ServiceConfig::default(), handler).await?;
    client
        .request(&topic)
        .value("new")
        .timeout(LIMIT)
        .send()
        .await?;
    let again = again.load(Ordering::SeqCst);
    ensure(
        again == 1,
        format!("{again} requests came to the next instance"),
    )
}

/// A service is dropped without a drain: another instance answers its open requests.
async fn dropped(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("abrupt", 1)?;
    let name = env.topic("abrupt");
    let servers = env.bootstrap_servers();
    let stuck = |_, _| async { std::future::pending().await };
    let service = serve_on(servers, &topic, &name, ServiceConfig::default(), stuck).await?;
    let client = client(env).await?;
    let call = client.request(&topic).value("x").timeout(2 * LIMIT).send();
    let replace = async {
        eventually_async("it has begun", LIMIT, || async {
            (service.running() == 1).then_some(())
        })
        .await?;
        drop(service);
        let echo = |_, value| async move { Ok(value) };
        Ok::<_, Failed>(serve_on(servers, &topic, &name, ServiceConfig::default(), echo).await?)
    };
    let (reply, replaced) = tokio::join!(call, replace);
    let _service = replaced?;
    let reply = reply?;
    ensure(&reply.value()[..] == b"x", format!("{reply:?}"))
}
