//! Requests get their replies: typed, raw, many at once, and the very first one.

use std::time::Duration;

use antiphon::{Service, config::ClientConfig, service};
use futures::future::join_all;
use libtest_mimic::Failed;

use crate::support::reason::Because as _;
use crate::support::rig::{LIMIT, block_on, client, client_of, echo, read_all};
use crate::support::suite::{Case, Env, Needs, ensure};

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "round_trip::a_raw_request_gets_its_reply",
        needs: Needs::Both,
        run: |env| block_on(raw(env)),
    },
    Case {
        name: "round_trip::a_typed_request_gets_its_typed_reply",
        needs: Needs::Both,
        run: |env| block_on(typed(env)),
    },
    Case {
        name: "round_trip::the_wire_is_as_documented",
        needs: Needs::Both,
        run: |env| block_on(wire(env)),
    },
    Case {
        name: "round_trip::the_first_request_after_connect_is_never_lost",
        needs: Needs::Both,
        run: |env| block_on(first_request(env)),
    },
    Case {
        name: "round_trip::ten_thousand_at_once_get_their_own_replies",
        needs: Needs::Both,
        run: |env| block_on(ten_thousand(env)),
    },
    Case {
        name: "round_trip::keyed_requests_of_one_key_meet_one_partition",
        needs: Needs::Both,
        run: |env| block_on(keyed(env)),
    },
];

async fn raw(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("echo", 4)?;
    let _service = echo(env, &topic).await?;
    let client = client(env).await?;
    let request = client.request(&topic).value("hello").header("trace", "on");
    let reply = request.send().await?;
    ensure(&reply.value()[..] == b"hello", format!("{reply:?}"))?;
    ensure(client.in_flight() == 0, "a call was left in the table")
}

async fn typed(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("sums", 1)?;
    let sum = service::typed(antiphon::codec::Json, |_, numbers: Vec<i64>| async move {
        Ok(numbers.iter().sum::<i64>())
    });
    let service = Service::builder(env.topic("adder"))
        .version("1.0.0")
        .bootstrap_servers(env.bootstrap_servers())
        .operation(&topic, "sum", sum)
        .start()
        .await?;
    service.ready().await;
    let client = client(env).await?;
    let request = client.request(&topic).operation("sum");
    let sum: i64 = request.json(&[1, 2, 39]).await?;
    ensure(sum == 42, format!("1 + 2 + 39 = {sum}"))
}

/// The headers are those of `docs/protocol.md`, one by one.
async fn wire(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("wire", 1)?;
    let _service = echo(env, &topic).await?;
    let client = client(env).await?;
    client
        .request(&topic)
        .value("x")
        .timeout(LIMIT)
        .send()
        .await?;
    let servers = env.bootstrap_servers().to_owned();
    let reply_topic = client.reply_topic().to_owned();
    let (requests, replies) = tokio::task::spawn_blocking(move || {
        (read_all(&servers, &topic), read_all(&servers, &reply_topic))
    })
    .await?;
    let (requests, replies) = (requests?, replies?);
    let request = requests.first().ok_or("no request")?;
    let id = request.header("correlation-id").ok_or("no id")?;
    ensure(id.len() == 36, "the id is not a UUID's text")?;
    let back = request.header("reply-topic").ok_or("no reply topic")?;
    ensure(
        back == client.reply_topic().as_bytes(),
        "another reply topic",
    )?;
    let packed = request.header("antiphon").ok_or("no packed header")?;
    let packed = String::from_utf8_lossy(packed);
    ensure(packed.starts_with("v=1;"), packed.as_ref())?;
    let partition = format!("p={};", client.reply_partition());
    ensure(packed.contains(&partition), packed.as_ref())?;
    let budget = packed.split(';').find_map(|field| field.strip_prefix("t="));
    let budget: u64 = budget.ok_or("no budget")?.parse()?;
    ensure((1..=30_000).contains(&budget), packed.as_ref())?;
    ensure(request.headers.len() == 3, format!("{:?}", request.headers))?;
    let reply = replies.first().ok_or("no reply")?;
    ensure(
        reply.key.as_deref() == Some(id),
        "a plain success has the id as its key",
    )?;
    ensure(
        reply.header("correlation-id") == Some(id),
        "the id is echoed",
    )?;
    ensure(
        reply.partition == client.reply_partition(),
        "on another partition",
    )?;
    ensure(reply.headers.len() == 2, format!("{:?}", reply.headers))
}

/// A hundred new clients, each of which sends a request at once.
async fn first_request(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("first", 1)?;
    let _service = echo(env, &topic).await?;
    let group = env.topic("fresh");
    // The reply topic exists for all but the first client, as in a fleet that restarts.
    for round in 0..10 {
        let fresh = (0..10).map(|n| {
            let (topic, group) = (topic.clone(), group.clone());
            async move {
                let servers = env.bootstrap_servers();
                let client = client_of(servers, &group, ClientConfig::default()).await?;
                let request = client.request(&topic).value(format!("{round}/{n}"));
                let reply = request
                    .timeout(LIMIT)
                    .send()
                    .await
                    .because("the first request")?;
                drop(client);
                Ok::<_, String>(reply.into_value() == format!("{round}/{n}"))
            }
        });
        for own in join_all(fresh).await {
            ensure(own?, "somebody else's reply")?;
        }
    }
    Ok(())
}

async fn ten_thousand(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("many", 4)?;
    let _service = echo(env, &topic).await?;
    let client = client(env).await?;
    let calls = (0..10_000).map(|n: u32| {
        let request = client.request(&topic).value(n.to_string());
        async move { (n, request.timeout(Duration::from_secs(60)).send().await) }
    });
    for (n, reply) in join_all(calls).await {
        let reply = reply?;
        ensure(
            reply.into_value() == n.to_string(),
            format!("{n} got another's reply"),
        )?;
    }
    ensure(client.in_flight() == 0, "calls were left in the table")?;
    let strays = client.stray_counts();
    ensure(
        strays == antiphon::StrayCounts::default(),
        format!("{strays:?}"),
    )
}

async fn keyed(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("keyed", 8)?;
    let where_to = |context: service::Context, _| async move {
        Ok(bytes::Bytes::from(context.partition().to_string()))
    };
    let _service = crate::support::rig::serve(env, &topic, &env.topic("keys"), where_to).await?;
    let client = client(env).await?;
    let mut seen = Vec::new();
    for _ in 0..5 {
        let reply = client.request(&topic).key("order-7").send().await?;
        seen.push(reply.into_value());
    }
    ensure(seen.windows(2).all(|w| w[0] == w[1]), format!("{seen:?}"))
}
