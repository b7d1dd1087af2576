//! Requests that no honest peer sends: counted, answered where an address can be trusted, and never
//! the cause of a write elsewhere.

use antiphon::{
    Code, Service,
    config::ServiceConfig,
    transport::{
        HeaderPairs,
        memory::{MemoryBroker, StoredRecord},
    },
};
use bytes::Bytes;

use crate::support::{broker, bytes, client, echo, eventually, headers, serve_with};

/// A broker with topics that somebody could wish a reply in.
fn tempting() -> MemoryBroker {
    let broker = broker();
    for topic in ["hand.replies", "other", "__consumer_offsets", "__x.replies"] {
        broker.create_topic(topic, 2);
    }
    broker
}

const FORBIDDEN: [&str; 3] = ["other", "__consumer_offsets", "__x.replies"];

async fn send(broker: &MemoryBroker, request: HeaderPairs) -> Vec<StoredRecord> {
    let before = broker
        .committed("echo-service")
        .iter()
        .map(|(_, _, next)| next)
        .sum::<i64>();
    let replies = broker.records("hand.replies").len();
    let topics = broker.topics();
    assert!(broker.append("echo", 0, None, Some(bytes("x")), request));
    let requests = broker.records("echo").len();
    eventually("committed", || {
        let committed = broker.committed("echo-service");
        committed.iter().map(|(_, _, next)| next).sum::<i64>() == before + 1
    })
    .await;
    assert_eq!(broker.topics(), topics);
    assert_eq!(broker.records("echo").len(), requests);
    for topic in FORBIDDEN {
        assert!(broker.records(topic).is_empty(), "{topic}");
    }
    let mut all = broker.records("hand.replies");
    assert!(all.len() <= replies + 1);
    all.retain(|reply| reply.offset >= 0);
    all.split_off(replies)
}

fn packed(reply: &StoredRecord) -> String {
    String::from_utf8_lossy(reply.header("antiphon").unwrap()).into_owned()
}

const ID: (&str, &str) = ("correlation-id", "7");
const TO: (&str, &str) = ("reply-topic", "hand.replies");

#[tokio::test(start_paused = true)]
async fn a_malformed_request_with_a_readable_address_is_answered() {
    let mut broken: Vec<(&str, HeaderPairs)> = vec![
        (
            "two packed headers",
            headers(&[ID, TO, ("antiphon", "v=1"), ("antiphon", "v=1")]),
        ),
        ("no version", headers(&[ID, TO, ("antiphon", "p=0")])),
        ("version zero", headers(&[ID, TO, ("antiphon", "v=0")])),
        (
            "a key twice",
            headers(&[ID, TO, ("antiphon", "v=1;p=0;p=0")]),
        ),
        (
            "a negative partition",
            headers(&[ID, TO, ("antiphon", "v=1;p=-1")]),
        ),
        (
            "an endless number",
            headers(&[ID, TO, ("antiphon", "v=1;d=99999999999999999999999;t=1")]),
        ),
        (
            "half a deadline",
            headers(&[ID, TO, ("antiphon", "v=1;d=1")]),
        ),
        (
            "a bad operation",
            headers(&[ID, TO, ("antiphon", "v=1;o=a b")]),
        ),
        (
            "an unknown mode",
            headers(&[ID, TO, ("antiphon", "v=1;m=maybe")]),
        ),
        ("attempt zero", headers(&[ID, TO, ("antiphon", "v=1;a=0")])),
        ("no ASCII", headers(&[ID, TO, ("antiphon", "v=1;r=\u{e4}")])),
        (
            "credit without number",
            headers(&[ID, TO, ("antiphon", "v=1;c=credit")]),
        ),
        (
            "two keys for repeats",
            headers(&[ID, TO, ("idempotency-key", "a"), ("idempotency-key", "b")]),
        ),
        (
            "long packed fields",
            headers(&[
                ID,
                TO,
                ("antiphon", &format!("v=1;x={}", "y".repeat(2_000))),
            ]),
        ),
    ];
    let mut null = headers(&[ID, TO]);
    null.push((bytes("antiphon"), None));
    broken.push(("null packed fields", null));
    let mut many = headers(&[ID, TO]);
    many.resize(300, (bytes("x"), Some(bytes("y"))));
    broken.push(("300 headers", many));
    let mut large = headers(&[ID, TO]);
    large.push((bytes("x"), Some(vec![b'y'; 1 << 20].into())));
    broken.push(("a header of 1 MiB", large));
    let mut latin = headers(&[ID, TO]);
    latin.push((bytes("content-type"), Some(Bytes::from_static(b"\xff"))));
    broken.push(("a media type that is no text", latin));

    let broker = tempting();
    let _service = echo(&broker).await;
    for (what, request) in broken {
        let replies = send(&broker, request).await;
        assert_eq!(replies.len(), 1, "{what}");
        let packed = packed(&replies[0]);
        assert!(
            packed.contains(&format!("s={}", Code::InvalidArgument)),
            "{what}: {packed}"
        );
        assert!(packed.contains("e=no"), "{what}: {packed}");
        assert_eq!(
            replies[0].header("correlation-id"),
            Some(&bytes("7")),
            "{what}"
        );
        assert_eq!(replies[0].key, None, "{what}");
    }
    let client = client(&broker).await;
    client.request("echo").send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_request_without_a_trustworthy_address_is_not_answered() {
    let to = |topic| headers(&[ID, ("reply-topic", topic)]);
    let in_partition = |p: &str| headers(&[ID, TO, ("antiphon", &format!("v=1;p={p}"))]);
    let mut late_address = headers(&[]);
    late_address.resize(300, (bytes("x"), Some(bytes("y"))));
    late_address.extend(headers(&[ID, TO]));
    let null = |name: &'static str, rest| {
        let mut pairs = headers(&[rest]);
        pairs.push((bytes(name), None));
        pairs
    };
    let hostile: Vec<(&str, HeaderPairs)> = vec![
        ("nothing at all", Vec::new()),
        ("no id", headers(&[TO])),
        ("an empty id", headers(&[("correlation-id", ""), TO])),
        (
            "a long id",
            headers(&[("correlation-id", &"x".repeat(256)), TO]),
        ),
        ("two ids", headers(&[ID, ID, TO])),
        ("two addresses", headers(&[ID, TO, TO])),
        ("a null id", null("correlation-id", TO)),
        ("a null address", null("reply-topic", ID)),
        ("an address behind 300 headers", late_address),
        ("kafka's own topic", to("__consumer_offsets")),
        ("an internal topic with an allowed end", to("__x.replies")),
        ("the request topic", to("echo")),
        ("a topic that is not listed", to("other")),
        ("a topic that does not exist", to("new.replies")),
        ("no name", to("")),
        ("a dot", to(".")),
        ("a path", to("../hand.replies")),
        ("a partition that does not exist", in_partition("999")),
        ("the first that does not exist", in_partition("2")),
        ("a partition at the edge", in_partition("2147483647")),
        (
            "an unlisted topic and a broken header",
            headers(&[ID, ("reply-topic", "other"), ("antiphon", "?")]),
        ),
        (
            "version 2 and an unlisted topic",
            headers(&[ID, ("reply-topic", "other"), ("antiphon", "v=2")]),
        ),
        (
            "a broken header and no such partition",
            headers(&[ID, TO, ("antiphon", "v=1;p=999;m=x")]),
        ),
    ];
    let broker = tempting();
    let _service = echo(&broker).await;
    for (what, request) in hostile {
        let replies = send(&broker, request).await;
        assert!(replies.is_empty(), "{what}");
    }
    let mut latin = headers(&[ID]);
    latin.push((
        bytes("reply-topic"),
        Some(Bytes::from_static(b"\xff.replies")),
    ));
    assert!(send(&broker, latin).await.is_empty());
    let client = client(&broker).await;
    client.request("echo").send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_later_version_is_told_which_ones_are_known() {
    let broker = tempting();
    let _service = echo(&broker).await;
    for version in ["2", "4294967295"] {
        let request = format!("v={version};p=1;zz=?");
        let replies = send(&broker, headers(&[ID, TO, ("antiphon", &request)])).await;
        let packed = packed(&replies[0]);
        assert!(
            packed.contains("s=UNIMPLEMENTED") && packed.contains("e=no"),
            "{packed}"
        );
        assert_eq!(replies[0].partition, 1);
        let message =
            String::from_utf8_lossy(replies[0].header("status-message").unwrap()).into_owned();
        assert!(message.contains("known: 1"), "{message}");
    }
}

#[tokio::test(start_paused = true)]
async fn streams_and_batches_are_not_implemented_rather_than_answered_wrongly() {
    let broker = tempting();
    let _service = echo(&broker).await;
    for request in ["v=1;m=stream", "v=1;b=2"] {
        let replies = send(&broker, headers(&[ID, TO, ("antiphon", request)])).await;
        let packed = packed(&replies[0]);
        assert!(
            packed.contains("s=UNIMPLEMENTED") && packed.contains("e=no"),
            "{packed}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn control_records_are_ignored_and_committed() {
    let broker = tempting();
    let config = ServiceConfig::default();
    let _service = serve_with(&broker, config, |_, _| async { panic!("not to be run") }).await;
    for request in ["v=1;c=cancel", "v=1;c=credit;n=4"] {
        assert!(
            send(&broker, headers(&[ID, TO, ("antiphon", request)]))
                .await
                .is_empty()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn header_names_of_any_bytes_reach_the_handler() {
    let broker = tempting();
    let config = ServiceConfig::default();
    let _service = serve_with(&broker, config, |context, _| async move {
        let mut seen = Vec::new();
        for (name, value) in context.headers() {
            seen.extend_from_slice(name);
            seen.push(if value.is_some() { b'+' } else { b'0' });
        }
        Ok(seen.into())
    })
    .await;
    let mut request = headers(&[ID, TO, ("", "empty")]);
    request.push((Bytes::from_static(b"\xff\xfe"), Some(bytes("x"))));
    request.push((bytes("null"), None));
    let replies = send(&broker, request).await;
    assert_eq!(replies[0].value.as_deref(), Some(&b"+\xff\xfe+null0"[..]));
}

#[tokio::test(start_paused = true)]
async fn a_pattern_allows_whole_names_only_and_never_internal_ones() {
    let broker = tempting();
    broker.create_topic("answers-1", 1);
    broker.create_topic("my-answers-1", 1);
    let handler = || |value: Bytes| async move { Ok(value) };
    let service = Service::builder("echo-service")
        .version("1")
        .transport(broker.transport())
        .allow_reply_topic("answers-[0-9]+|__.*")
        .allow_reply_topic("echo")
        .route("echo", handler())
        .start()
        .await
        .unwrap();
    for topic in ["answers-1", "my-answers-1", "__consumer_offsets", "echo"] {
        send(&broker, headers(&[ID, ("reply-topic", topic)])).await;
    }
    assert_eq!(broker.records("answers-1").len(), 1);
    assert!(broker.records("my-answers-1").is_empty());
    drop(service);
}

#[tokio::test(start_paused = true)]
async fn the_default_names_can_be_disallowed() {
    let broker = tempting();
    let config = ServiceConfig {
        allow_default_reply_topics: false,
        allowed_reply_topics: vec!["answers".into()],
        ..ServiceConfig::default()
    };
    broker.create_topic("answers", 1);
    let _service = serve_with(&broker, config, |_, value| async move { Ok(value) }).await;
    assert!(send(&broker, headers(&[ID, TO])).await.is_empty());
    send(&broker, headers(&[ID, ("reply-topic", "answers")])).await;
    assert_eq!(broker.records("answers").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_reply_topic_that_is_being_created_is_found() {
    let broker = tempting();
    let _service = echo(&broker).await;
    let request = headers(&[ID, ("reply-topic", "new.replies")]);
    broker.append("echo", 0, None, None, request);
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    broker.create_topic("new.replies", 1);
    eventually("answered", || broker.records("new.replies").len() == 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_hostile_requests_does_not_keep_honest_ones_out() {
    let broker = tempting();
    let _service = echo(&broker).await;
    let client = client(&broker).await;
    for n in 0..20_000 {
        let topic = format!("t{n}.replies");
        broker.append(
            "echo",
            n % 4,
            None,
            None,
            headers(&[ID, ("reply-topic", &topic)]),
        );
    }
    let reply = client.request("echo").value("honest").send().await.unwrap();
    assert_eq!(&reply.value()[..], b"honest");
}
