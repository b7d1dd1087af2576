//! Replies without a waiting call are counted by kind, and never delivered.

use std::time::Duration;

use antiphon::config::{ClientConfig, ReplyConfig};
use antiphon::{Client, CorrelationId, StrayCounts};
use bytes::Bytes;
use futures::future::join_all;
use libtest_mimic::Failed;

use crate::support::rig::{Hostile, LIMIT, block_on, client, client_of, echo, serve};
use crate::support::suite::{Case, Env, Needs, ensure};
use crate::support::wait::eventually_async;

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "strays::late_duplicate_and_forged_replies_are_counted_not_delivered",
        needs: Needs::Both,
        run: |env| block_on(counted(env)),
    },
    Case {
        name: "strays::instances_on_one_partition_see_only_their_own_replies",
        needs: Needs::Both,
        run: |env| block_on(shared_partition(env)),
    },
    Case {
        name: "strays::a_hand_made_reply_without_our_header_is_a_success",
        needs: Needs::Both,
        run: |env| block_on(hand_made(env)),
    },
];

async fn expect_counts(client: &Client, wanted: StrayCounts) -> Result<(), Failed> {
    let seen = eventually_async("the strays are counted", LIMIT, || async {
        (client.stray_counts() == wanted).then_some(())
    });
    let seen = seen.await;
    seen.map_err(|error| format!("{error}: {:?}, wanted {wanted:?}", client.stray_counts()).into())
}

async fn counted(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("strays", 1)?;
    let silent = env.create_topic("silent", 1)?;
    let id_of = |context: antiphon::Context, _| async move {
        Ok(Bytes::copy_from_slice(context.correlation_id()))
    };
    let _service = serve(env, &topic, &env.topic("ids"), id_of).await?;
    let client = client(env).await?;
    let mut observed = client.strays();
    let hostile = Hostile::new(env.bootstrap_servers())?;
    let reply = |id: &str| {
        let headers = [("correlation-id", Some(id.as_bytes()))];
        let partition = client.reply_partition();
        let topic = client.reply_topic();
        hostile.send(topic, partition, None, Some(b"boo"), &headers)
    };
    let answered = client.request(&topic).send().await?.into_value();
    reply(std::str::from_utf8(&answered)?)?;
    reply(&forge(&answered)?)?;
    reply("00000000-0000-4000-8000-000000000000")?;
    reply("not an id")?;
    let mut wanted = StrayCounts {
        duplicate: 1,
        unknown: 3,
        ..StrayCounts::default()
    };
    expect_counts(&client, wanted).await?;
    // This call reuses the slot of the answered call: further replies to that one would count as late.
    let timed_out = client.request(&silent).timeout(Duration::from_millis(200));
    let error = timed_out.send().await.err().ok_or("somebody answered")?;
    reply(&error.correlation_id().ok_or("no id")?.to_string())?;
    wanted.late = 1;
    expect_counts(&client, wanted).await?;
    for _ in 0..5 {
        tokio::time::timeout(LIMIT, observed.recv()).await??;
    }
    ensure(client.in_flight() == 0, "calls were left in the table")
}

/// The bits of our instance with another salt: an id that a peer could forge after reading one id.
fn forge(id: &Bytes) -> Result<String, Failed> {
    let id = CorrelationId::parse(id).ok_or("not an id of ours")?;
    let salt = id.salt() ^ 1;
    Ok(CorrelationId::compose(id.instance(), salt, id.generation(), id.slot()).to_string())
}

async fn shared_partition(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("shared", 2)?;
    let _service = echo(env, &topic).await?;
    let config = ClientConfig {
        reply: ReplyConfig {
            partition: Some(0),
            ..ReplyConfig::default()
        },
        ..ClientConfig::default()
    };
    let group = env.topic("pair");
    let servers = env.bootstrap_servers();
    let first = client_of(servers, &group, config.clone()).await?;
    let second = client_of(servers, &group, config).await?;
    let both = (0..200).flat_map(|n| [(&first, n), (&second, n + 1_000)]);
    let calls = both.map(|(client, n)| {
        let request = client.request(&topic).value(n.to_string()).timeout(LIMIT);
        async move { (n, request.send().await) }
    });
    for (n, reply) in join_all(calls).await {
        ensure(
            reply?.into_value() == n.to_string(),
            "somebody else's reply",
        )?;
    }
    let foreign = StrayCounts {
        foreign: 200,
        ..StrayCounts::default()
    };
    expect_counts(&first, foreign).await?;
    expect_counts(&second, foreign).await
}

/// A peer answers with kcat: the id, a value, and the key of the request as the key of the reply.
async fn hand_made(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("by-hand", 1)?;
    let client = client(env).await?;
    let answer = async {
        let pending = eventually_async("the call is in flight", LIMIT, || async {
            client.pending(1).pop()
        });
        let id = pending.await?.correlation_id.to_string();
        let hostile = Hostile::new(env.bootstrap_servers())?;
        let headers = [
            ("correlation-id", Some(id.as_bytes())),
            ("x-by", Some(&b"hand"[..])),
        ];
        let key = b"5f0c8a9e-55d7-4a80-9f39-1c3e4bbf9a01";
        let partition = client.reply_partition();
        hostile.send(
            client.reply_topic(),
            partition,
            Some(key),
            Some(b"hi"),
            &headers,
        )?;
        hostile.flush()?;
        Ok::<_, Failed>(())
    };
    let request = client.request(&topic).timeout(LIMIT).send();
    let (reply, answered) = tokio::join!(request, answer);
    answered?;
    let reply = reply?;
    ensure(&reply.value()[..] == b"hi", format!("{reply:?}"))?;
    let by = reply.header("x-by").map(|value| &value[..]);
    ensure(by == Some(b"hand"), format!("{reply:?}"))
}
