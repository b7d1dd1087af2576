//! Requests that no client of Antiphon sends: the service counts and refuses each, writes nothing to a topic that is
//! not allowed, and continues.

use libtest_mimic::Failed;

use crate::support::rig::{
    Hostile, LIMIT, Raw, block_on, client, echo, read_all, serve, topic_exists,
};
use crate::support::suite::{Case, Env, Needs, ensure};
use crate::support::wait::eventually_async;

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "hostile::malformed_requests_are_refused_and_the_service_lives_on",
        needs: Needs::Both,
        run: |env| block_on(malformed(env)),
    },
    Case {
        name: "hostile::a_request_with_header_names_of_any_bytes_is_served",
        needs: Needs::Both,
        run: |env| block_on(names_of_any_bytes(env)),
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

/// Admits a record with a megabyte of headers, which brokers refuse by default.
const LARGE: &[(&str, &str)] = &[("max.message.bytes", "4000000")];

const ID: &[u8] = b"0192f0c1-aaaa-8bbb-8ccc-0123456789ab";

/// A request's headers, one of them wrong.
type Wrong<'a> = Vec<(&'a str, Option<&'a [u8]>)>;

async fn malformed(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic_for("hostile", 1, LARGE)?;
    let _service = echo(env, &topic).await?;
    let client = client(env).await?;
    let back = client.reply_topic().as_bytes().to_owned();
    let good = |name| (name, Some(&back[..]));
    let megabyte = vec![b'x'; 1 << 20];
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
        hostile.send(&topic, 0, Some(ID), Some(b"boo"), headers)?;
    }
    hostile.flush()?;
    let (servers, asked) = (env.bootstrap_servers().to_owned(), topic.clone());
    let stored = tokio::task::spawn_blocking(move || read_all(&servers, &asked)).await??;
    ensure(
        stored.len() == wrong.len(),
        format!("{} of {} were stored", stored.len(), wrong.len()),
    )?;
    let reply = client
        .request(&topic)
        .value("still here")
        .timeout(LIMIT)
        .send()
        .await?;
    ensure(&reply.value()[..] == b"still here", format!("{reply:?}"))
}

/// The header does not belong to the protocol, so the request is valid.
async fn names_of_any_bytes(env: &Env) -> Result<(), Failed> {
    let topic = env.create_topic("latin", 1)?;
    let seen = |context: antiphon::Context, _| async move {
        let names = context.headers().iter().map(|(name, _)| &name[..]);
        Ok(bytes::Bytes::from(names.collect::<Vec<_>>().concat()))
    };
    let _service = serve(env, &topic, &env.topic("latin"), seen).await?;
    let client = client(env).await?;
    let back = client.reply_topic().as_bytes().to_owned();
    let packed = format!("v=1;p={}", client.reply_partition());
    let headers: [(&[u8], _); 4] = [
        (b"correlation-id", Some(ID)),
        (b"reply-topic", Some(&back[..])),
        (b"antiphon", Some(packed.as_bytes())),
        (b"\xff\xfe", None),
    ];
    let hostile = Hostile::new(env.bootstrap_servers())?;
    hostile.send(&topic, 0, None, Some(b"boo"), &headers)?;
    hostile.flush()?;
    let reply = only_reply(env, client.reply_topic()).await?;
    ensure(
        reply.value.as_deref() == Some(b"\xff\xfe"),
        format!("{reply:?}"),
    )
}

/// The record on a reply topic that only this case uses, once it is there.
async fn only_reply(env: &Env, topic: &str) -> Result<Raw, Failed> {
    let servers = env.bootstrap_servers();
    let found = eventually_async("a reply is written", LIMIT, || {
        let (servers, topic) = (servers.to_owned(), topic.to_owned());
        async move {
            let read = tokio::task::spawn_blocking(move || read_all(&servers, &topic));
            read.await.ok()?.ok()?.pop()
        }
    });
    Ok(tokio::time::timeout(2 * LIMIT, found).await??)
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
    let reply = only_reply(env, client.reply_topic()).await?;
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
