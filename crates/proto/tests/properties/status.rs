use antiphon_proto::{Code, Executed, MAX_STATUS_MESSAGE, Status};
use proptest::prelude::*;

proptest! {
    #![proptest_config(super::config())]

    #[test]
    fn a_message_on_the_wire_is_short_and_free_of_control_characters(message in "\\PC{0,900}|[\\x00-\\x20\u{e4}\u{1f600}]{0,900}") {
        let wire = Status::internal(message.clone()).wire_message();
        prop_assert!(wire.len() <= MAX_STATUS_MESSAGE);
        prop_assert!(!wire.chars().any(char::is_control));
        let kept = wire.chars().count();
        prop_assert!(message.chars().zip(wire.chars()).all(|(from, to)| from == to || (from.is_control() && to == ' ')));
        prop_assert!(kept == message.chars().count() || wire.len() > MAX_STATUS_MESSAGE - 4);
        prop_assert_eq!(Status::internal(wire.clone()).wire_message(), wire);
    }

    #[test]
    fn names_of_codes_are_read_exactly(name in "[A-Z_]{0,20}") {
        prop_assert_eq!(Code::parse(name.as_bytes()).map_or(name.clone(), |code| code.as_str().to_owned()), name);
    }
}

#[test]
fn codes_survive_by_name_and_number() {
    for code in Code::ALL {
        assert_eq!(Code::parse(code.as_str().as_bytes()), Some(code));
        assert_eq!(Code::from_number(code.number()), Some(code));
    }
    assert_eq!(Code::from_number(17), None);
    assert_eq!(Code::parse(b"ok"), None);
}

#[test]
fn executed_survives_by_name() {
    for executed in [Executed::No, Executed::Maybe, Executed::Yes] {
        assert_eq!(
            Executed::parse(executed.to_string().as_bytes()),
            Some(executed)
        );
    }
    assert_eq!(Executed::parse(b"No"), None);
}

#[test]
fn a_status_shows_its_code_and_message() {
    assert_eq!(
        Status::not_found("order 7").to_string(),
        "NOT_FOUND: order 7"
    );
    assert_eq!(Status::aborted("").to_string(), "ABORTED");
    assert_eq!(Status::internal("x").executed(), Executed::Yes);
}
