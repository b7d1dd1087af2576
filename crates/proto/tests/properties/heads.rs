use antiphon_proto::{
    Code, Executed, HeadLimits, Malformed, ReplyFields, ReplyHead, RequestFields, RequestHead,
    header, peek_correlation_id,
};
use proptest::option;
use proptest::prelude::*;

use crate::packed::{reply_parts, request_parts};

type Owned = Vec<(Vec<u8>, Option<Vec<u8>>)>;

fn lend(headers: &Owned) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
    headers
        .iter()
        .map(|(name, value)| (name.as_slice(), value.as_deref()))
}

type Header<'a> = (&'a str, Option<&'a [u8]>);

fn list(headers: &[Header<'_>]) -> Owned {
    headers
        .iter()
        .map(|(name, value)| (name.as_bytes().to_vec(), value.map(<[u8]>::to_vec)))
        .collect()
}

fn written(
    write: impl FnOnce(&mut dyn FnMut(&'static str, &[u8])) -> Result<(), Malformed>,
) -> Owned {
    let mut headers = Owned::new();
    write(&mut |name, value| headers.push((name.as_bytes().to_vec(), Some(value.to_vec()))))
        .unwrap();
    headers
}

/// Headers that a careless or hostile peer may send: names of the protocol and others, with any value or without.
fn any_headers() -> impl Strategy<Value = Owned> {
    let ours = [
        header::CORRELATION_ID,
        header::REPLY_TOPIC,
        header::ANTIPHON,
        header::IDEMPOTENCY_KEY,
        header::CONTENT_TYPE,
        header::STATUS_MESSAGE,
        header::STATUS_DETAILS,
        header::TRACEPARENT,
    ];
    let name = prop_oneof![
        4 => prop::sample::select(ours.to_vec()).prop_map(|name| name.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..20),
    ];
    let value = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..300),
        "v=1;[a-z]=[0-9a-zA-Z]{1,5};[a-z]=[0-9]{1,5}".prop_map(String::into_bytes),
    ];
    prop::collection::vec((name, option::weighted(0.9, value)), 0..8)
}

proptest! {
    #![proptest_config(super::config())]

    #[test]
    fn a_request_survives(
        (fields, requester, operation) in request_parts(),
        id in prop::collection::vec(any::<u8>(), 1..=255),
        texts: [Option<String>; 6],
        key in option::of(prop::collection::vec(any::<u8>(), 0..40)),
    ) {
        let [reply_topic, content_type, message_type, traceparent, tracestate, baggage] =
            texts.each_ref().map(Option::as_deref);
        let head = RequestHead {
            correlation_id: &id,
            reply_topic,
            fields: RequestFields { requester: requester.as_deref(), operation: operation.as_deref(), ..fields },
            idempotency_key: key.as_deref(),
            content_type,
            message_type,
            traceparent,
            tracestate,
            baggage,
        };
        let headers = written(|put| head.write(&mut Vec::new(), put));
        prop_assert_eq!(RequestHead::decode(lend(&headers), HeadLimits::default()), Ok(head));
        prop_assert_eq!(peek_correlation_id(lend(&headers), HeadLimits::default()), Some(id.as_slice()));
    }

    #[test]
    fn a_reply_survives(
        (fields, responder) in reply_parts(),
        id in prop::collection::vec(any::<u8>(), 1..=255),
        texts: [Option<String>; 3],
        status: [Option<String>; 2],
    ) {
        let [content_type, message_type, traceparent] = texts.each_ref().map(Option::as_deref);
        let [status_message, status_details] = status.each_ref().map(|text| text.as_ref().map(String::as_bytes));
        let head = ReplyHead {
            correlation_id: &id,
            fields: ReplyFields { responder: responder.as_deref(), ..fields },
            status_message,
            status_details,
            content_type,
            message_type,
            traceparent,
        };
        let headers = written(|put| head.write(&mut Vec::new(), put));
        prop_assert_eq!(ReplyHead::decode(lend(&headers), HeadLimits::default()), Ok(head));
    }

    #[test]
    fn any_headers_are_read_without_a_panic(headers in any_headers()) {
        let limits = HeadLimits::default();
        let peeked = peek_correlation_id(lend(&headers), limits);
        match RequestHead::decode(lend(&headers), limits) {
            Ok(head) => prop_assert_eq!(peeked, Some(head.correlation_id)),
            Err(refusal) => prop_assert_eq!(peeked, refusal.correlation_id),
        }
        if let Ok(head) = ReplyHead::decode(lend(&headers), limits) {
            prop_assert_eq!(head.status().is_none(), head.fields.code == Code::Ok);
        }
    }

    #[test]
    fn a_duplicate_header_is_refused_and_neither_value_is_used(headers in any_headers(), again: prop::sample::Index) {
        let mut headers = headers;
        headers.retain(|(name, _)| matches!(name.as_slice(), b"correlation-id" | b"reply-topic" | b"antiphon"));
        if !headers.is_empty() {
            headers.push(again.get(&headers).clone());
            let refusal = RequestHead::decode(lend(&headers), HeadLimits::default()).unwrap_err();
            let name = headers.last().unwrap().0.as_slice();
            prop_assert!(name != b"correlation-id" || refusal.correlation_id.is_none());
            prop_assert!(name != b"reply-topic" || refusal.reply_topic.is_none());
        }
    }
}

#[test]
fn a_request_made_by_hand_needs_only_its_id() {
    let headers = list(&[("correlation-id", Some(b"7")), ("\u{e4}", None)]);
    let head = RequestHead::decode(lend(&headers), HeadLimits::default()).unwrap();
    assert_eq!(head, RequestHead::new(b"7"));
    assert_eq!(head.dedupe_key(), b"7");
}

#[test]
fn a_refusal_has_the_fields_that_can_still_be_read() {
    let headers = list(&[
        ("antiphon", Some(b"v=3;p=4;x")),
        ("reply-topic", Some(b"web.replies")),
        ("correlation-id", Some(b"7")),
    ]);
    let refusal = RequestHead::decode(lend(&headers), HeadLimits::default()).unwrap_err();
    assert_eq!(refusal.correlation_id, Some(&b"7"[..]));
    assert_eq!(refusal.reply_topic, Some("web.replies"));
    assert_eq!(refusal.partition, Some(4));
    assert_eq!(refusal.unsupported_version, Some(3));
}

#[test]
fn each_fault_has_its_own_reason() {
    let long = [b'x'; 256];
    let cases: [(&[Header<'_>], Malformed); 7] = [
        (&[], Malformed::Missing("correlation-id")),
        (
            &[("correlation-id", None)],
            Malformed::Null("correlation-id"),
        ),
        (
            &[("correlation-id", Some(b""))],
            Malformed::Value("correlation-id"),
        ),
        (
            &[("correlation-id", Some(&long))],
            Malformed::Value("correlation-id"),
        ),
        (
            &[
                ("correlation-id", Some(b"7")),
                ("reply-topic", Some(b"\xff")),
            ],
            Malformed::Value("reply-topic"),
        ),
        (
            &[("correlation-id", Some(b"7")), ("antiphon", None)],
            Malformed::Null("antiphon"),
        ),
        (
            &[
                ("correlation-id", Some(b"7")),
                ("antiphon", Some(b"v=1;p=-1")),
            ],
            Malformed::PackedValue("p"),
        ),
    ];
    for (headers, reason) in cases {
        let headers = list(headers);
        assert_eq!(
            RequestHead::decode(lend(&headers), HeadLimits::default())
                .unwrap_err()
                .reason,
            reason
        );
    }
}

#[test]
fn headers_beyond_the_limits_are_refused() {
    let headers = list(&[
        ("correlation-id", Some(b"7")),
        ("x", Some(b"0123456789")),
        ("y", None),
    ]);
    let decode = |max_headers, max_bytes| {
        let limits = HeadLimits {
            max_headers,
            max_bytes,
        };
        RequestHead::decode(lend(&headers), limits).map_err(|refusal| refusal.reason)
    };
    assert_eq!(decode(2, 100), Err(Malformed::TooManyHeaders(2)));
    assert_eq!(decode(3, 26), Err(Malformed::HeadersTooLarge(26)));
    assert!(decode(3, 27).is_ok());
}

#[test]
fn an_error_that_is_silent_about_execution_is_a_maybe() {
    let headers = list(&[
        ("correlation-id", Some(b"7")),
        ("antiphon", Some(b"v=1;s=UNAVAILABLE;w=250")),
        ("status-message", Some(b"no\xffroom")),
    ]);
    let status = ReplyHead::decode(lend(&headers), HeadLimits::default())
        .unwrap()
        .status()
        .unwrap();
    assert_eq!(
        (status.code(), status.executed()),
        (Code::Unavailable, Executed::Maybe)
    );
    assert_eq!(
        status.retry_after(),
        Some(std::time::Duration::from_millis(250))
    );
    assert_eq!(status.to_string(), "UNAVAILABLE: no\u{fffd}room");
}

#[test]
fn only_the_headers_of_the_protocol_are_reserved() {
    for name in [
        "correlation-id",
        "reply-topic",
        "antiphon",
        "status-message",
        "status-details",
    ] {
        assert!(header::is_reserved(name.as_bytes()));
    }
    assert!(!header::is_reserved(b"content-type") && !header::is_reserved(b"\xff"));
}
