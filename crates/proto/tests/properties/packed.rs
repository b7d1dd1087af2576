use antiphon_proto::{
    Code, Control, Deadline, Executed, Malformed, PackedFields, RecentFields, ReplyFields,
    ReplyMode, RequestFields,
};
use proptest::option;
use proptest::prelude::*;

const TEXT: &str = "[ -:<-~]{0,60}";

/// Request fields, and the owned texts that they borrow.
pub(super) fn request_parts()
-> impl Strategy<Value = (RequestFields<'static>, Option<String>, Option<String>)> {
    let mode = prop_oneof![
        Just(ReplyMode::Single),
        Just(ReplyMode::Gather),
        Just(ReplyMode::Stream),
        Just(ReplyMode::Confirm),
        Just(ReplyMode::None),
    ];
    let control = prop_oneof![
        Just(Control::Cancel),
        any::<u32>().prop_map(Control::Credit)
    ];
    let deadline = any::<(u64, u32)>().prop_map(|(at, budget)| Deadline::new(at, budget));
    let numbers = (
        option::of(0..=i32::MAX),
        option::of(deadline),
        1..=u32::MAX,
        option::of(1..=u32::MAX),
    );
    let texts = (option::of(TEXT), option::of("[a-zA-Z0-9._/-]{1,200}"));
    (numbers, mode, option::of(control), texts).prop_map(
        |(numbers, mode, control, (requester, operation))| {
            let (partition, deadline, attempt, batch) = numbers;
            let fields = RequestFields {
                partition,
                deadline,
                mode,
                attempt,
                control,
                batch,
                ..RequestFields::default()
            };
            (fields, requester, operation)
        },
    )
}

pub(super) fn reply_parts() -> impl Strategy<Value = (ReplyFields<'static>, Option<String>)> {
    let executed = prop_oneof![
        Just(Executed::No),
        Just(Executed::Maybe),
        Just(Executed::Yes)
    ];
    let code = prop::sample::select(Code::ALL.to_vec());
    let numbers = (
        option::of(any::<u64>()),
        option::of(any::<u64>()),
        option::of(1..=u32::MAX),
    );
    (
        code,
        option::of(executed),
        numbers,
        any::<bool>(),
        option::of(TEXT),
    )
        .prop_map(
            |(code, executed, (retry_after_ms, sequence, batch), last, responder)| {
                let fields = ReplyFields {
                    code,
                    executed,
                    retry_after_ms,
                    sequence,
                    last,
                    batch,
                    ..ReplyFields::default()
                };
                (fields, responder)
            },
        )
}

/// Text that is nearly packed fields, so that most cases pass the first checks.
fn nearly_packed() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        Just(String::new()),
        "[0-9]{1,22}",
        "[a-zA-Z_/%;=-]{0,8}",
        "cancel|credit|yes|OK"
    ];
    let field =
        ("[vpdtromabcnseswqz]|[a-z]{2}", value).prop_map(|(key, value)| format!("{key}={value}"));
    prop::collection::vec(field, 0..8).prop_map(|fields| format!("v=1;{}", fields.join(";")))
}

/// Headers as several requesters send them: mostly alike, sometimes different or wrong in one byte.
fn successive_headers() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let deadline = prop_oneof!["[0-9]{13}", "[0-9]{0,21}", "[0-9]{6}[;:+x][0-9]{6}"];
    let around = prop::sample::select(vec![
        ("v=1;p=0;d=", ";t=30000;r=web/a/1"),
        ("v=1;p=0;d=", ";t=30000;r=web/b/1"),
        ("v=1;p=1;d=", ";t=30000;r=web/b/1"),
        ("v=1;p=1;d=", ";t=20000;r=web/b/1"),
        ("v=1;p=1;d=", ";t=30000;r=web/a/1;o=get"),
        ("v=1;t=9;d=", ""),
        ("v=1;t=9;r=;d=;d=", ""),
        ("v=1;r=d=1;t=9;d=", ";x=d=2"),
        ("v=2;t=9;d=", ""),
    ]);
    let alike = (around, deadline).prop_map(|((head, tail), at)| format!("{head}{at}{tail}"));
    let any = prop_oneof![9 => alike, 1 => nearly_packed()].prop_map(String::into_bytes);
    prop::collection::vec(any, 1..40)
}

proptest! {
    #![proptest_config(super::config())]

    #[test]
    fn earlier_headers_do_not_change_what_is_read(headers in successive_headers()) {
        let mut recent = RecentFields::default();
        for packed in &headers {
            prop_assert_eq!(recent.parse(packed), RequestFields::parse(packed));
        }
    }

    #[test]
    fn request_fields_survive((fields, requester, operation) in request_parts()) {
        let fields = RequestFields { requester: requester.as_deref(), operation: operation.as_deref(), ..fields };
        let mut packed = b"before".to_vec();
        fields.encode(&mut packed).unwrap();
        prop_assert_eq!(RequestFields::parse(&packed[6..]), Ok(fields));
    }

    #[test]
    fn reply_fields_survive((fields, responder) in reply_parts()) {
        let fields = ReplyFields { responder: responder.as_deref(), ..fields };
        let mut packed = Vec::new();
        fields.encode(&mut packed).unwrap();
        prop_assert_eq!(ReplyFields::parse(&packed), Ok(fields));
    }

    #[test]
    fn what_is_accepted_is_written_back_with_the_same_meaning(text in nearly_packed()) {
        if let Ok(fields) = RequestFields::parse(text.as_bytes()) {
            let mut packed = Vec::new();
            fields.encode(&mut packed).unwrap();
            prop_assert_eq!(RequestFields::parse(&packed), Ok(fields));
        }
        if let Ok(fields) = ReplyFields::parse(text.as_bytes()) {
            let mut packed = Vec::new();
            fields.encode(&mut packed).unwrap();
            prop_assert_eq!(ReplyFields::parse(&packed), Ok(fields));
        }
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..1100)) {
        let grammar = PackedFields::new(&bytes).is_ok_and(|mut fields| fields.all(|field| field.is_ok()));
        prop_assert!(grammar || RequestFields::parse(&bytes).is_err());
        prop_assert!(grammar || ReplyFields::parse(&bytes).is_err());
    }

    #[test]
    fn unknown_keys_are_ignored(key in "[a-z]{2,9}", value in TEXT) {
        let packed = format!("v=1;p=3;{key}={value}");
        prop_assert_eq!(RequestFields::parse(packed.as_bytes()).unwrap().partition, Some(3));
    }
}

#[test]
fn the_example_of_the_protocol_is_read_and_written() {
    let example = b"v=1;p=3;d=1763781234567;t=30000;r=web/3/7f3a";
    let fields = RequestFields::parse(example).unwrap();
    assert_eq!(fields.partition, Some(3));
    assert_eq!(
        fields.deadline,
        Some(Deadline::new(1_763_781_234_567, 30_000))
    );
    assert_eq!(fields.requester, Some("web/3/7f3a"));
    assert_eq!((fields.mode, fields.attempt), (ReplyMode::Single, 1));
    let mut packed = Vec::new();
    fields.encode(&mut packed).unwrap();
    assert_eq!(packed, example);
}

#[test]
fn values_without_a_meaning_are_malformed() {
    let wrong = [
        "p=-1",
        "p=2147483648",
        "d=x;t=1",
        "d=1;t=4294967296",
        "o=",
        "o=a b",
        "m=single",
        "m=",
        "a=0",
        "b=0",
        "c=stop",
        "n=x;c=credit",
    ];
    for fields in wrong {
        let packed = format!("v=1;{fields}");
        let result = RequestFields::parse(packed.as_bytes());
        assert!(
            matches!(result, Err(Malformed::PackedValue(_))),
            "{fields}: {result:?}"
        );
    }
    for fields in [
        "s=ok",
        "s=",
        "e=perhaps",
        "w=-1",
        "q=",
        "z=0",
        "z=true",
        "b=0",
    ] {
        let packed = format!("v=1;{fields}");
        let result = ReplyFields::parse(packed.as_bytes());
        assert!(
            matches!(result, Err(Malformed::PackedValue(_))),
            "{fields}: {result:?}"
        );
    }
}

#[test]
fn fields_of_a_pair_are_refused_alone() {
    for (fields, key) in [
        ("d=1", "d"),
        ("t=1", "t"),
        ("c=credit", "c"),
        ("n=1", "n"),
        ("c=cancel;n=1", "n"),
    ] {
        let packed = format!("v=1;{fields}");
        let result = RequestFields::parse(packed.as_bytes());
        assert_eq!(result, Err(Malformed::PackedCompanion(key)), "{fields}");
    }
}

#[test]
fn a_failed_encode_leaves_the_buffer_unchanged() {
    let long = "x".repeat(1024);
    let wrong = [
        RequestFields {
            requester: Some(&long),
            ..RequestFields::default()
        },
        RequestFields {
            requester: Some("a;p=1"),
            ..RequestFields::default()
        },
        RequestFields {
            operation: Some("a b"),
            ..RequestFields::default()
        },
        RequestFields {
            partition: Some(-1),
            ..RequestFields::default()
        },
        RequestFields {
            attempt: 0,
            ..RequestFields::default()
        },
        RequestFields {
            batch: Some(0),
            ..RequestFields::default()
        },
        RequestFields {
            version: 2,
            ..RequestFields::default()
        },
    ];
    for fields in wrong {
        let mut out = b"kept".to_vec();
        assert!(fields.encode(&mut out).is_err(), "{fields:?}");
        assert_eq!(out, b"kept");
    }
}

#[test]
fn a_higher_major_version_is_not_a_malformed_one() {
    assert_eq!(
        RequestFields::parse(b"v=2;p=1"),
        Err(Malformed::UnsupportedVersion(2))
    );
    assert_eq!(
        ReplyFields::parse(b"v=2"),
        Err(Malformed::UnsupportedVersion(2))
    );
    assert_eq!(
        RequestFields::parse(b"v=0"),
        Err(Malformed::PackedValue("v"))
    );
}
