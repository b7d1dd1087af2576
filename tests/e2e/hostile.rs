//! Requests that no client of ours would send: each is a counted refusal, nothing is written
//! where it must not be, and the service lives on.

use std::time::Duration;

use libtest_mimic::Failed;

use crate::support::rig::{Hostile, LIMIT, block_on, client, echo, read_all, topic_exists};
use crate::support::suite::{Case, Env, Needs, ensure};
use crate::support::wait::eventually_async;

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "hostile::malformed_requests_are_refused_and_the_service_lives_on",
        needs: Needs::Both,
        run: |env| block_on(malformed(env)),
    },
    Case {
        name: "hostile::a_reply_goes_to_no_topic_that_is_not_allowed",
        needs: Needs::Both,
        run: |env| block_on(addresses(env)),
    },
    Case {
        name: "hostile::a_malformed_request_is_answered_where_an_allowed_address_can_be_read",
        needs: Needs::Both,
        run: |env| block_on(answered(env)),
    },
];

const ID: &[u8] = b"0192f0c1-aaaa-8bbb-8ccc-0123456789ab";

/// A request's headers, one of them wrong.
type Wrong<'a> = Vec<(&'a str, Option<&'a [u8]>)>;

async fn malformed(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("hostile", 1)?;
    let _service = echo(env, &topic).await?;
    let client = client(env).await?;
    let back = client.reply_topic().as_bytes().to_owned();
    let good = |name| (name, Some(&back[..]));
    let megabyte = vec![b'x'; 1 << 20];
    // SAFETY-free way to a header name that is no UTF-8: the bytes travel as they are.
    let wrong: Vec<Wrong<'_>> = vec![
        vec![],
        vec![("correlation-id", None), good("reply-topic")],
        vec![
            ("correlation-id", Some(ID)),
            ("correlation-id", Some(ID)),
            good("reply-topic"),
        ],
        vec![("correlation-id", Some(ID)), ("reply-topic", None)],
        vec![
            ("correlation-id", Some(ID)),
            ("reply-topic", Some(b"\xff\xfe")),
        ],
        vec![
            ("correlation-id", Some(ID)),
            good("reply-topic"),
            ("antiphon", Some(b"v=1;p=-1")),
        ],
        vec![
            ("correlation-id", Some(ID)),
            good("reply-topic"),
            ("antiphon", Some(b"\x00\xff;;;==")),
        ],
        vec![
            ("correlation-id", Some(ID)),
            good("reply-topic"),
            ("antiphon", Some(b"v=9")),
        ],
        vec![
            ("correlation-id", Some(ID)),
            good("reply-topic"),
            ("filler", Some(&megabyte)),
        ],
        std::iter::repeat_n(("filler", Some(ID)), 400).collect(),
    ];
    let hostile = Hostile::new(env.bootstrap_servers())?;
    for headers in &wrong {
        // Some brokers refuse a record of a megabyte of headers; then nobody has to read it.
        hostile.send(&topic, 0, Some(ID), Some(b"boo"), headers)?;
    }
    hostile.flush()?;
    let reply = client
        .request(&topic)
        .value("still here")
        .timeout(LIMIT)
        .send()
        .await?;
    ensure(&reply.value()[..] == b"still here", format!("{reply:?}"))
}

async fn addresses(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("confused", 1)?;
    let plain = env.create_topic("payments", 1)?;
    let absent = format!("{}.replies", env.topic("absent"));
    let _service = echo(env, &topic).await?;
    let client = client(env).await?;
    let hostile = Hostile::new(env.bootstrap_servers())?;
    let send = |back: &str, packed: Option<&[u8]>| {
        let mut headers = vec![
            ("correlation-id", Some(ID)),
            ("reply-topic", Some(back.as_bytes())),
        ];
        headers.extend(packed.map(|packed| ("antiphon", Some(packed))));
        hostile.send(&topic, 0, None, Some(b"boo"), &headers)
    };
    for back in [
        "__consumer_offsets",
        &plain,
        &topic,
        &absent,
        "..",
        "a b",
        "",
    ] {
        send(back, None)?;
    }
    send(client.reply_topic(), Some(b"v=1;p=999"))?;
    hostile.flush()?;
    let reply = client
        .request(&topic)
        .value("on")
        .timeout(LIMIT)
        .send()
        .await?;
    ensure(&reply.value()[..] == b"on", format!("{reply:?}"))?;
    let servers = env.bootstrap_servers().to_owned();
    let own = topic.clone();
    let (paid, asked, created) = tokio::task::spawn_blocking(move || {
        (
            read_all(&servers, &plain),
            read_all(&servers, &own),
            topic_exists(&servers, &absent),
        )
    })
    .await?;
    ensure(
        paid?.is_empty(),
        "a reply was written to a topic that is not allowed",
    )?;
    ensure(
        asked?.len() == 9,
        "something was written to the request topic",
    )?;
    ensure(!created?, "a reply topic was created")
}

async fn answered(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("polite", 1)?;
    let _service = echo(env, &topic).await?;
    let client = client(env).await?;
    let hostile = Hostile::new(env.bootstrap_servers())?;
    let back = client.reply_topic().as_bytes().to_owned();
    let packed = format!("v=1;p={};zz", client.reply_partition());
    let headers = [
        ("correlation-id", Some(ID)),
        ("reply-topic", Some(&back[..])),
        ("antiphon", Some(packed.as_bytes())),
    ];
    hostile.send(&topic, 0, None, Some(b"boo"), &headers)?;
    hostile.flush()?;
    let (servers, reply_topic) = (
        env.bootstrap_servers().to_owned(),
        client.reply_topic().to_owned(),
    );
    let found = eventually_async("the refusal is answered", LIMIT, || {
        let (servers, reply_topic) = (servers.clone(), reply_topic.clone());
        async move {
            let read = tokio::task::spawn_blocking(move || read_all(&servers, &reply_topic));
            read.await.ok()?.ok()?.pop()
        }
    });
    let reply = tokio::time::timeout(Duration::from_secs(60), found).await??;
    ensure(
        reply.header("correlation-id") == Some(ID),
        format!("{reply:?}"),
    )?;
    let packed = String::from_utf8_lossy(reply.header("antiphon").unwrap_or_default()).into_owned();
    ensure(
        packed.contains("s=INVALID_ARGUMENT") && packed.contains("e=no"),
        packed,
    )
}
