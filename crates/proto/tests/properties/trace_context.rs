use std::num::NonZeroU64;

use antiphon_proto::TraceContext;
use proptest::prelude::*;

const VALID: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// The ABNF of version 00, as a pattern; zero ids are excluded apart.
const VERSION_00: &str = "00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}";

fn context() -> impl Strategy<Value = TraceContext> {
    let ids = any::<([u8; 16], [u8; 8], u8)>();
    ids.prop_filter_map("an id is zero", |(trace_id, parent_id, flags)| {
        TraceContext::new(trace_id, parent_id, flags)
    })
}

fn with_byte(at: usize, byte: u8) -> Option<String> {
    let mut bytes = VALID.as_bytes().to_vec();
    bytes[at] = byte;
    String::from_utf8(bytes).ok()
}

proptest! {
    #![proptest_config(super::config())]

    #[test]
    fn a_context_survives(context in context()) {
        let text = context.to_string();
        prop_assert_eq!(text.len(), TraceContext::TEXT_LEN);
        prop_assert_eq!(TraceContext::parse(&text), Some(context));
        let mut buf = [0xff; TraceContext::TEXT_LEN];
        prop_assert_eq!(context.encode(&mut buf), text.as_str());
        prop_assert_eq!(TraceContext::new(context.trace_id(), context.parent_id(), context.flags()), Some(context));
    }

    #[test]
    fn every_text_of_version_00_is_read_and_written_back(text in VERSION_00) {
        if let Some(context) = TraceContext::parse(&text) {
            prop_assert_eq!(context.to_string(), text);
        } else {
            prop_assert!(text.contains(&"0".repeat(16)));
        }
    }

    #[test]
    fn a_child_keeps_trace_and_sampling_and_names_its_span(context in context(), span: NonZeroU64) {
        let child = context.child(span);
        prop_assert_eq!(child.trace_id(), context.trace_id());
        prop_assert_eq!(child.parent_id(), span.get().to_be_bytes());
        prop_assert_eq!(child.is_sampled(), context.is_sampled());
        prop_assert_eq!(child.flags(), context.flags() & 0x03);
        prop_assert_eq!(TraceContext::parse(&child.to_string()), Some(child));
    }

    #[test]
    fn any_text_is_read_without_a_panic(text: String) {
        prop_assert_eq!(TraceContext::parse(&text), None);
    }

    #[test]
    fn a_text_that_is_nearly_a_context_is_read_only_if_it_is_one(text in "[0-9a-fA-F\u{e4}-]{0,2}-?[0-9a-fg]{31,33}-[0-9a-f]{15,17}-[0-9a-f]{1,3}") {
        if let Some(context) = TraceContext::parse(&text) {
            prop_assert!(text.len() == TraceContext::TEXT_LEN);
            prop_assert_eq!(&context.to_string()[2..53], &text[2..53]);
        }
    }

    #[test]
    fn one_wrong_byte_makes_a_header_invalid(at in 0..TraceContext::TEXT_LEN, byte in 0..=0x7f_u8) {
        let separator = matches!(at, 2 | 35 | 52);
        let fits = if separator { byte == b'-' } else { matches!(byte, b'0'..=b'9' | b'a'..=b'f') };
        let text = with_byte(at, byte).unwrap();
        prop_assert_eq!(TraceContext::parse(&text).is_some(), fits, "{}", text);
    }

    #[test]
    fn a_later_version_is_read_by_its_first_55_characters(version in 1..0xff_u8, context in context(), rest in "(-\\PC{0,20})?") {
        let text = format!("{version:02x}{}{rest}", &context.to_string()[2..]);
        let read = TraceContext::parse(&text).unwrap();
        prop_assert_eq!(read.trace_id(), context.trace_id());
        prop_assert_eq!(read.parent_id(), context.parent_id());
        prop_assert_eq!(read.flags(), context.flags() & 0x01);
    }
}

#[test]
fn the_example_of_the_recommendation_is_read() {
    let context = TraceContext::parse(VALID).unwrap();
    assert_eq!(
        u128::from_be_bytes(context.trace_id()),
        0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736
    );
    assert_eq!(
        u64::from_be_bytes(context.parent_id()),
        0x00f0_67aa_0ba9_02b7
    );
    assert!(context.is_sampled());
}

#[test]
fn headers_that_the_recommendation_calls_invalid_are_refused() {
    let zeros = "0".repeat(32);
    let cases = [
        String::new(),
        VALID[..54].to_owned(),
        format!("{VALID}-"),
        format!("{VALID}0"),
        format!(" {VALID}"),
        VALID.to_uppercase(),
        VALID.replacen("00", "ff", 1),
        format!("{}-more", VALID.replacen("00", "ff", 1)),
        format!("{}0", VALID.replacen("00", "01", 1)),
        format!("00-{zeros}-00f067aa0ba902b7-01"),
        format!("00-4bf92f3577b34da6a3ce929d0e0e4736-{}-01", &zeros[..16]),
        VALID.replace('-', "_"),
    ];
    for text in cases {
        assert_eq!(TraceContext::parse(&text), None, "{text}");
    }
    assert_eq!(TraceContext::new([0; 16], [1; 8], 0), None);
    assert_eq!(TraceContext::new([1; 16], [0; 8], 0), None);
}
