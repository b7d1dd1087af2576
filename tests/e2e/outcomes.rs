//! How calls end without a reply, and whether their `executed` is true.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use antiphon::config::{ClientConfig, ServiceConfig};
use antiphon::{Client, Code, Executed, RequestError, RequestErrorKind as Kind, Status};
use bytes::Bytes;
use libtest_mimic::Failed;

use crate::support::rig::{
    LIMIT, block_on, client, client_of, echo, serve, serve_on, topic_exists,
};
use crate::support::suite::{Case, Env, Needs, ensure};
use crate::support::wait::eventually_async;

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "outcomes::a_request_that_nobody_answers_times_out_as_maybe",
        needs: Needs::Both,
        run: |env| block_on(times_out(env)),
    },
    Case {
        name: "outcomes::a_dropped_call_frees_its_slot_and_its_reply_is_late",
        needs: Needs::Both,
        run: |env| block_on(cancelled(env)),
    },
    Case {
        name: "outcomes::a_typo_is_unknown_and_creates_no_topic",
        needs: Needs::Both,
        run: |env| block_on(unknown_topic(env)),
    },
    Case {
        name: "outcomes::an_oversize_request_is_refused_before_it_is_sent",
        needs: Needs::Both,
        run: |env| block_on(oversize_request(env)),
    },
    Case {
        name: "outcomes::an_oversize_reply_is_an_error_that_says_executed",
        needs: Needs::Both,
        run: |env| block_on(oversize_reply(env)),
    },
    Case {
        name: "outcomes::a_handler_error_and_a_panic_are_replies",
        needs: Needs::Both,
        run: |env| block_on(handler_errors(env)),
    },
    Case {
        name: "outcomes::an_unknown_operation_is_unimplemented",
        needs: Needs::Both,
        run: |env| block_on(unknown_operation(env)),
    },
    Case {
        name: "outcomes::a_request_that_expired_in_the_topic_is_not_run",
        needs: Needs::Both,
        run: |env| block_on(expired(env)),
    },
    Case {
        name: "outcomes::at_the_limit_a_client_refuses_or_waits_as_it_was_told",
        needs: Needs::Both,
        run: |env| block_on(limits(env)),
    },
    Case {
        name: "outcomes::an_unreachable_broker_is_an_error_within_the_timeout",
        needs: Needs::Nothing,
        run: |_| block_on(unreachable_broker()),
    },
];

async fn failing(client: &Client, topic: &str, timeout: Duration) -> Result<RequestError, Failed> {
    match client
        .request(topic)
        .value("x")
        .timeout(timeout)
        .send()
        .await
    {
        Ok(reply) => Err(format!("a reply came: {reply:?}").into()),
        Err(error) => Ok(error),
    }
}

fn expect(error: &RequestError, kind: Kind, executed: Executed) -> Result<(), Failed> {
    ensure(
        error.kind() == kind && error.executed() == executed,
        format!(
            "wanted {kind:?} {executed:?}, got {:?}: {error}",
            error.kind()
        ),
    )
}

async fn times_out(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("nobody", 2)?;
    let client = client(env).await?;
    let begun = Instant::now();
    let error = failing(&client, &topic, Duration::from_secs(1)).await?;
    let took = begun.elapsed();
    expect(&error, Kind::TimedOut, Executed::Maybe)?;
    ensure(took >= Duration::from_secs(1), format!("early: {took:?}"))?;
    ensure(took < Duration::from_secs(5), format!("late: {took:?}"))?;
    ensure(error.topic() == Some(&topic), format!("{error}"))?;
    ensure(error.partition().is_some(), format!("{error}"))?;
    ensure(error.correlation_id().is_some(), format!("{error}"))?;
    ensure(client.in_flight() == 0, "the slot was kept")
}

async fn cancelled(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("slow", 1)?;
    let slow = |_, value: Bytes| async move {
        tokio::time::sleep(Duration::from_millis(500)).await;
        Ok(value)
    };
    let _service = serve(env, &topic, &env.topic("slow"), slow).await?;
    let client = client(env).await?;
    let call = client.request(&topic).value("x").send();
    let given_up = tokio::time::timeout(Duration::from_millis(100), call).await;
    ensure(given_up.is_err(), "it answered at once")?;
    ensure(client.in_flight() == 0, "the slot was kept")?;
    eventually_async("the reply is counted as late", LIMIT, || async {
        (client.stray_counts().late == 1).then_some(())
    })
    .await?;
    Ok(())
}

/// The Kafka of these tests creates a topic for a client whose look-up allows it.
async fn unknown_topic(env: &Env) -> Result<(), Failed> {
    let client = client(env).await?;
    let typo = env.topic("tpyo");
    let error = failing(&client, &typo, LIMIT).await?;
    expect(&error, Kind::UnknownTopic, Executed::No)?;
    let servers = env.bootstrap_servers().to_owned();
    let created = tokio::task::spawn_blocking(move || topic_exists(&servers, &typo)).await??;
    ensure(!created, "asking created it")
}

async fn oversize_request(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("large", 1)?;
    let _service = echo(env, &topic).await?;
    let client = client(env).await?;
    let request = client.request(&topic).value(vec![0; 2_000_000]);
    let error = request.send().await.err().ok_or("a reply came")?;
    expect(&error, Kind::TooLarge, Executed::No)?;
    // The broker's own limit, with the client's limit above it.
    let config = ClientConfig {
        max_request_bytes: 50_000_000,
        ..ClientConfig::default()
    };
    let bold = client_of(env.bootstrap_servers(), &env.topic("bold"), config).await?;
    let request = bold.request(&topic).value(vec![0; 2_000_000]);
    let error = request.send().await.err().ok_or("a reply came")?;
    expect(&error, Kind::TooLarge, Executed::No)
}

async fn oversize_reply(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("inflate", 1)?;
    let inflate = |_, _| async { Ok(Bytes::from(vec![0; 3_000_000])) };
    let _service = serve(env, &topic, &env.topic("inflate"), inflate).await?;
    let client = client(env).await?;
    let error = failing(&client, &topic, LIMIT).await?;
    expect(&error, Kind::Status, Executed::Yes)?;
    let code = error.status().map(Status::code);
    ensure(code == Some(Code::ResourceExhausted), format!("{error}"))
}

async fn handler_errors(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("moody", 1)?;
    let moody = |_, value: Bytes| async move {
        match &value[..] {
            b"panic" => panic!("as it was asked to"),
            b"error" => Err(Status::failed_precondition("not today")),
            _ => Ok(value),
        }
    };
    let _service = serve(env, &topic, &env.topic("moody"), moody).await?;
    let client = client(env).await?;
    let send = |value: &'static str| client.request(&topic).value(value).send();
    let error = send("error").await.err().ok_or("no error")?;
    expect(&error, Kind::Status, Executed::Yes)?;
    let message = error.status().map(Status::message);
    ensure(message == Some("not today"), format!("{error}"))?;
    let error = send("panic").await.err().ok_or("no error")?;
    expect(&error, Kind::Status, Executed::Maybe)?;
    let code = error.status().map(Status::code);
    ensure(code == Some(Code::Internal), format!("{error}"))?;
    let reply = send("and on").await?;
    ensure(
        &reply.value()[..] == b"and on",
        "the service did not live on",
    )
}

async fn unknown_operation(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("plain", 1)?;
    let _service = echo(env, &topic).await?;
    let client = client(env).await?;
    let request = client.request(&topic).operation("levitate");
    let error = request.send().await.err().ok_or("a reply came")?;
    expect(&error, Kind::Status, Executed::No)?;
    let code = error.status().map(Status::code);
    ensure(code == Some(Code::Unimplemented), format!("{error}"))
}

/// The request is sent while no service runs, and read long after its deadline.
async fn expired(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("later", 1)?;
    let client = client(env).await?;
    let error = failing(&client, &topic, Duration::from_millis(300)).await?;
    expect(&error, Kind::TimedOut, Executed::Maybe)?;
    let ran = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&ran);
    let config = ServiceConfig {
        clock_skew: Duration::ZERO,
        ..ServiceConfig::default()
    };
    let handler = move |_, value: Bytes| {
        count.fetch_add(1, Ordering::SeqCst);
        async move { Ok(value) }
    };
    let servers = env.bootstrap_servers();
    let name = env.topic("late");
    let _service = serve_on(servers, &topic, &name, config, handler).await?;
    // The next request follows it on the only partition.
    let reply = client
        .request(&topic)
        .value("now")
        .timeout(LIMIT)
        .send()
        .await?;
    ensure(&reply.value()[..] == b"now", format!("{reply:?}"))?;
    let ran = ran.load(Ordering::SeqCst);
    ensure(ran == 1, format!("the handler ran {ran} times"))?;
    eventually_async("the expired one is answered, too late", LIMIT, || async {
        (client.stray_counts().late == 1).then_some(())
    })
    .await?;
    Ok(())
}

async fn limits(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("narrow", 1)?;
    let config = |fail_fast| ClientConfig {
        max_in_flight: 1,
        fail_fast,
        ..ClientConfig::default()
    };
    let servers = env.bootstrap_servers();
    let second = Duration::from_secs(1);
    for (fail_fast, kind) in [(true, Kind::Overloaded), (false, Kind::DeadlineBeforeSend)] {
        let client = client_of(servers, &env.topic("narrow"), config(fail_fast)).await?;
        let first = client.request(&topic).value("x").timeout(3 * second).send();
        let refused = async {
            eventually_async("the first call is in flight", LIMIT, || async {
                (client.in_flight() == 1).then_some(())
            })
            .await?;
            failing(&client, &topic, second).await
        };
        let (first, refused) = tokio::join!(first, refused);
        expect(&refused?, kind, Executed::No)?;
        ensure(
            first.is_err_and(|error| error.is_timeout()),
            "the first call did not go on",
        )?;
        ensure(client.in_flight() == 0, "calls were left in the table")?;
    }
    Ok(())
}

async fn unreachable_broker() -> Result<(), Failed> {
    let begun = Instant::now();
    let mut kafka = antiphon::config::KafkaConfig::new("127.0.0.1:1");
    kafka.connect_timeout = Duration::from_secs(1);
    let error = Client::builder("web").kafka(kafka).connect().await;
    let error = error.err().ok_or("it connected")?;
    let kind = error.kind();
    ensure(
        kind == antiphon::StartErrorKind::Unreachable,
        format!("{kind:?}: {error}"),
    )?;
    ensure(
        begun.elapsed() < Duration::from_secs(10),
        "it took too long",
    )
}
