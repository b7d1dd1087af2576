use antiphon_proto::{CorrelationId, InstanceId, decode_identity, encode_identity};
use proptest::prelude::*;

proptest! {
    #![proptest_config(super::config())]

    #[test]
    fn the_parts_of_an_id_survive(instance: u64, salt: u16, generation: u32, slot: u32) {
        let instance = InstanceId::new(instance);
        let id = CorrelationId::compose(instance, salt, generation, slot);
        prop_assert_eq!(id.instance(), instance);
        prop_assert_eq!(id.salt(), salt & 0x0fff);
        prop_assert_eq!(id.generation(), generation & 0x3fff_ffff);
        prop_assert_eq!(id.slot(), slot);
        prop_assert!(id.is_ours(instance));
        prop_assert!(!id.is_ours(InstanceId::new(instance.get() ^ 1)));
    }

    #[test]
    fn the_text_of_an_id_survives(bytes: [u8; 16]) {
        let id = CorrelationId::from_bytes(bytes);
        let text = id.to_string();
        prop_assert_eq!(text.len(), CorrelationId::TEXT_LEN);
        prop_assert_eq!(CorrelationId::parse(text.as_bytes()), Some(id));
        let mut buf = [0; CorrelationId::TEXT_LEN];
        prop_assert_eq!(id.encode(&mut buf), text.as_str());
        prop_assert_eq!(format!("{id:?}"), text);
    }

    #[test]
    fn only_the_exact_text_form_is_read(text in "[0-9a-fA-F{}-]{0,40}") {
        if let Some(id) = CorrelationId::parse(text.as_bytes()) {
            prop_assert_eq!(id.to_string(), text);
        }
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        if let Some(id) = CorrelationId::parse(&bytes) {
            prop_assert_eq!(id.to_string().into_bytes(), bytes);
        }
    }

    #[test]
    fn identities_survive(parts: [String; 3]) {
        let field = encode_identity([&parts[0], &parts[1], &parts[2]]);
        prop_assert!(field.bytes().all(|byte| matches!(byte, 0x20..=0x7e) && byte != b';'));
        if field.len() <= 1024 {
            prop_assert_eq!(decode_identity(&field), Some(parts));
        }
    }

    #[test]
    fn any_identity_field_is_read_without_a_panic(field: String) {
        decode_identity(&field);
    }
}

#[test]
fn an_id_is_a_uuid_of_version_8() {
    let id = CorrelationId::compose(InstanceId::new(0x0123_4567_89ab), 0xcde, 5, 7);
    assert_eq!(id.to_string(), "01234567-89ab-8cde-8000-000500000007");
    assert_eq!(id.instance().to_string(), "0123456789ab");
}

#[test]
fn upper_case_is_another_spelling_hence_another_id() {
    assert_eq!(
        CorrelationId::parse(b"01234567-89AB-8cde-8000-000500000007"),
        None
    );
}
