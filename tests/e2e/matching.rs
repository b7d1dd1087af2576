//! A task of the client's runtime, or a thread, matches replies: both complete calls, both end calls without a reply,
//! and neither leaves a pending call behind when it stops.

use std::error::Error as _;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use antiphon::config::{ClientConfig, Matching, ReplyConfig};
use antiphon::{Client, Executed, Reply, RequestError, RequestErrorKind as Kind};
use futures::future::join_all;
use libtest_mimic::Failed;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::support::reason::{Attempt, Because as _};
use crate::support::rig::{LIMIT, block_on, client_of, echo};
use crate::support::suite::{Case, Env, Needs, ensure};
use crate::support::wait::eventually_async;

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "matching::both_ways_answer_and_end_what_nobody_answers",
        needs: Needs::Both,
        run: |env| block_on(both_ways(env)),
    },
    Case {
        name: "matching::a_runtime_of_one_thread_is_enough",
        needs: Needs::Both,
        run: |env| single_threaded()?.block_on(both_ways(env)),
    },
    Case {
        name: "matching::a_client_that_outlives_its_runtime_ends_its_calls",
        needs: Needs::Both,
        run: |env| {
            outlived(env, Builder::new_multi_thread().enable_all().build()?)?;
            outlived(env, single_threaded()?)
        },
    },
    Case {
        name: "matching::a_close_while_replies_flood_in_ends_every_call",
        needs: Needs::Both,
        run: |env| block_on(flooded(env)),
    },
    Case {
        name: "matching::a_panic_ends_the_calls_and_the_reply_path_is_built_anew",
        needs: Needs::Both,
        run: |env| block_on(panicked(env)),
    },
];

const BOTH: [Matching; 2] = [Matching::Runtime, Matching::Thread];

/// Longer than any case takes: a call with this timeout ends for another reason.
const NEVER: Duration = Duration::from_secs(600);

type Call = JoinHandle<Result<Reply, RequestError>>;

fn single_threaded() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

async fn connect(env: &Env, matching: Matching) -> Attempt<Client> {
    let config = ClientConfig {
        reply: ReplyConfig {
            matching,
            ..ReplyConfig::default()
        },
        ..ClientConfig::default()
    };
    client_of(env.bootstrap_servers(), &env.topic("web"), config).await
}

fn start(client: &Client, topic: &str, count: usize) -> Vec<Call> {
    let call = |n: usize| {
        let request = client.request(topic).value(n.to_string()).timeout(NEVER);
        tokio::spawn(request.send())
    };
    (0..count).map(call).collect()
}

async fn pending(client: &Client, count: usize) -> Attempt<()> {
    eventually_async("the calls are in flight", LIMIT, async || {
        (client.in_flight() == count).then_some(())
    })
    .await
}

async fn both_ways(env: &Env) -> Result<(), Failed> {
    let (topic, silent) = (env.create_topic("echo", 4)?, env.create_topic("silent", 1)?);
    let _service = echo(env, &topic).await?;
    for matching in BOTH {
        let client = connect(env, matching).await?;
        for (n, reply) in join_all(start(&client, &topic, 2_000))
            .await
            .into_iter()
            .enumerate()
        {
            let reply = reply??.into_value();
            ensure(reply == n.to_string(), format!("{n} got another's reply"))?;
        }
        // No reply arrives, so only a timer can end these calls.
        let unanswered = (1..=3).map(|n| {
            let request = client.request(&silent);
            request.timeout(Duration::from_millis(100 * n)).send()
        });
        let ended = timeout(LIMIT, join_all(unanswered)).await;
        for reply in ended.because("calls that nobody answers")? {
            let error = reply.err().ok_or("a reply from nobody")?;
            ensure(error.kind() == Kind::TimedOut, format!("{error}"))?;
        }
        let closed = timeout(LIMIT, client.close(Duration::from_secs(1))).await;
        closed.because("closing")?;
    }
    Ok(())
}

fn outlived(env: &Env, theirs: Runtime) -> Result<(), Failed> {
    let client = theirs.block_on(connect(env, Matching::Runtime))?;
    let topic = env.create_topic("silent", 1)?;
    let ours = Builder::new_multi_thread().enable_all().build()?;
    let calls = ours.block_on(async {
        let calls = start(&client, &topic, 20);
        pending(&client, 20).await.map(|()| calls)
    })?;
    theirs.shutdown_background();
    ours.block_on(without_runtime(&client, &topic, calls))
}

async fn without_runtime(client: &Client, topic: &str, calls: Vec<Call>) -> Result<(), Failed> {
    lost(calls, "runtime").await?;
    let later = client.request(topic).timeout(Duration::from_millis(200));
    let error = later.send().await.err().ok_or("a reply from nobody")?;
    let refused = error.kind() == Kind::NotReady && error.executed() == Executed::No;
    ensure(refused, format!("{error}"))?;
    let closed = timeout(LIMIT, client.close(Duration::from_secs(1))).await;
    closed.because("closing").map(drop)?;
    Ok(())
}

/// All calls have ended because the reply path was lost, and their errors name the cause.
async fn lost(calls: Vec<Call>, why: &str) -> Result<(), Failed> {
    let ended = timeout(LIMIT, join_all(calls)).await;
    for reply in ended.because("calls whose reply path is lost")? {
        let error = reply?.err().ok_or("a reply from nobody")?;
        ensure(error.kind() == Kind::ReplyPathLost, format!("{error}"))?;
        ensure(error.executed() == Executed::Maybe, format!("{error}"))?;
        let cause = error.source().ok_or("no cause")?.to_string();
        ensure(cause.contains(why), cause)?;
    }
    Ok(())
}

async fn flooded(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("echo", 4)?;
    let _service = echo(env, &topic).await?;
    for matching in BOTH {
        let client = connect(env, matching).await?;
        client.request(&topic).timeout(LIMIT).send().await?;
        let calls = start(&client, &topic, 20_000);
        eventually_async("the first replies", LIMIT, async || {
            calls.iter().any(JoinHandle::is_finished).then_some(())
        })
        .await?;
        let closed = timeout(LIMIT, client.close(Duration::ZERO)).await;
        closed.because("closing")?;
        let ended = timeout(LIMIT, join_all(calls)).await;
        for reply in ended.because("calls of a closed client")? {
            if let Err(error) = reply? {
                ensure(error.kind() == Kind::Closed, format!("{error}"))?;
            }
        }
        ensure(client.in_flight() == 0, "calls were left in the table")?;
    }
    Ok(())
}

/// The waker of a caller on another executor; it panics.
struct Broken;

impl Wake for Broken {
    fn wake(self: Arc<Self>) {
        std::panic::panic_any("asked to");
    }
}

async fn panicked(env: &Env) -> Result<(), Failed> {
    let (topic, silent) = (env.create_topic("echo", 1)?, env.create_topic("silent", 1)?);
    let _service = echo(env, &topic).await?;
    for matching in BOTH {
        let client = connect(env, matching).await?;
        client.request(&topic).timeout(LIMIT).send().await?;
        let waiting = start(&client, &silent, 20);
        pending(&client, 20).await?;
        let broken = Waker::from(Arc::new(Broken));
        let mut call = pin!(client.request(&topic).timeout(NEVER).send());
        let polled = call.as_mut().poll(&mut Context::from_waker(&broken));
        ensure(matches!(polled, Poll::Pending), "a reply at once")?;
        lost(waiting, "panic").await?;
        client.request(&topic).timeout(LIMIT).send().await?;
    }
    Ok(())
}
