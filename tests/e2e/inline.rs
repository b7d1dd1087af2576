//! A service whose request thread polls each handler for the first time.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use antiphon::config::{FirstPoll, ServiceConfig};
use antiphon::service::Context;
use antiphon::{Code, Service, Status};
use bytes::Bytes;
use futures::future::join_all;
use libtest_mimic::Failed;

use crate::support::reason::Attempt;
use crate::support::rig::{LIMIT, block_on, client, serve_on};
use crate::support::suite::{Case, Env, Needs, ensure};

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "inline::handlers_begin_on_the_thread_that_reads_and_go_on_as_tasks",
        needs: Needs::Both,
        run: |env| block_on(threads(env)),
    },
    Case {
        name: "inline::a_panic_and_a_spawned_task_leave_the_reader_as_it_was",
        needs: Needs::Both,
        run: |env| block_on(panics(env)),
    },
    Case {
        name: "inline::ten_thousand_at_once_are_answered_and_committed",
        needs: Needs::Both,
        run: |env| block_on(ten_thousand(env)),
    },
];

/// A service in a group named after the topic.
async fn start<F, Fut>(env: &Env, topic: &str, handler: F) -> Attempt<Service>
where
    F: Fn(Context, Bytes) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Bytes, Status>> + Send + 'static,
{
    let config = ServiceConfig {
        first_poll: FirstPoll::Inline,
        ..ServiceConfig::default()
    };
    serve_on(env.bootstrap_servers(), topic, topic, config, handler).await
}

fn thread_name() -> String {
    thread::current().name().unwrap_or_default().to_owned()
}

const READER: &str = "antiphon-request";

async fn threads(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("inline", 1)?;
    let seen: Arc<Mutex<HashSet<(String, String)>>> = Arc::default();
    let noted = Arc::clone(&seen);
    let _service = start(env, &topic, move |_, value: Bytes| {
        let noted = Arc::clone(&noted);
        async move {
            let first = thread_name();
            if &value[..] == b"waits" {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            noted
                .lock()
                .map_err(|_| Status::internal("poisoned"))?
                .insert((first, thread_name()));
            Ok(value)
        }
    })
    .await?;
    let client = client(env).await?;
    // The task that looks up the reply topic starts the handler: the service does not know the topic yet.
    client.request(&topic).timeout(LIMIT).send().await?;
    seen.lock().map_err(|error| error.to_string())?.clear();
    for value in ["at once", "waits", "at once"] {
        let reply = client
            .request(&topic)
            .value(value)
            .timeout(LIMIT)
            .send()
            .await?;
        ensure(reply.into_value() == value, "another reply")?;
    }
    let seen = seen.lock().map_err(|error| error.to_string())?;
    ensure(
        seen.iter().all(|(first, _)| first == READER),
        format!("{seen:?}"),
    )?;
    let at_once = seen.contains(&(READER.to_owned(), READER.to_owned()));
    let as_task = seen.iter().any(|(_, last)| last != READER);
    ensure(at_once && as_task && seen.len() == 2, format!("{seen:?}"))
}

async fn panics(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("inline", 1)?;
    let _service = start(env, &topic, |_, value: Bytes| async move {
        assert!(!value.is_empty(), "asked to");
        let doubled = tokio::spawn(async move { [&value[..], &value[..]].concat() });
        let doubled = doubled.await;
        doubled
            .map(Bytes::from)
            .map_err(|error| Status::internal(error.to_string()))
    })
    .await?;
    let client = client(env).await?;
    for _ in 0..3 {
        let Err(error) = client.request(&topic).timeout(LIMIT).send().await else {
            return Err("a panic was answered with a success".into());
        };
        let code = error.status().map(Status::code);
        ensure(code == Some(Code::Internal), format!("{error}"))?;
        let reply = client
            .request(&topic)
            .value("ab")
            .timeout(LIMIT)
            .send()
            .await?;
        ensure(&reply.value()[..] == b"abab", format!("{reply:?}"))?;
    }
    Ok(())
}

async fn ten_thousand(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("inline", 1)?;
    let ran = Arc::new(AtomicUsize::new(0));
    let noted = Arc::clone(&ran);
    let handler = move |_, value| {
        noted.fetch_add(1, Ordering::Relaxed);
        async move { Ok(value) }
    };
    let service = start(env, &topic, handler.clone()).await?;
    let client = client(env).await?;
    let calls = (0..10_000).map(|n: u32| {
        let request = client.request(&topic).value(n.to_string());
        async move { (n, request.timeout(Duration::from_secs(60)).send().await) }
    });
    for (n, reply) in join_all(calls).await {
        ensure(
            reply?.into_value() == n.to_string(),
            format!("{n} got another's reply"),
        )?;
    }
    ensure(client.in_flight() == 0, "calls were left in the table")?;
    let report = service.drain(LIMIT).await;
    ensure(report.abandoned == 0, format!("{report:?}"))?;
    // An uncommitted request would be redelivered before the next request of the partition.
    let _next = start(env, &topic, handler).await?;
    client.request(&topic).timeout(LIMIT).send().await?;
    let ran = ran.load(Ordering::Relaxed);
    ensure(ran == 10_001, format!("{ran} handlers ran"))
}
