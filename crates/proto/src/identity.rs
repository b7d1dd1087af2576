use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use crate::MAX_PACKED;

/// What is escaped besides bytes outside printable ASCII: the separators of parts and of packed fields, and the escape
/// itself.
const ESCAPED: &AsciiSet = &CONTROLS.add(b'/').add(b';').add(b'%');

/// Joins the three parts of an `r` field with `/`, and percent-encodes the bytes that would break the field.
///
/// A requester is `group/instance/incarnation`, a responder `service/version/instance`. A part may be empty.
///
/// ```
/// use antiphon_proto::{decode_identity, encode_identity};
///
/// let field = encode_identity(["web/eu", "", "g1"]);
/// assert_eq!(field, "web%2Feu//g1");
/// assert_eq!(decode_identity(&field), Some(["web/eu", "", "g1"].map(String::from)));
/// ```
pub fn encode_identity(parts: [&str; 3]) -> String {
    let mut field = String::with_capacity(parts.iter().map(|part| part.len() + 1).sum());
    for (index, part) in parts.into_iter().enumerate() {
        if index > 0 {
            field.push('/');
        }
        field.extend(utf8_percent_encode(part, ESCAPED));
    }
    field
}

/// Reads what [`encode_identity`] writes. `None` if the field is not three parts of valid percent-encoded UTF-8, or is
/// longer than [`MAX_PACKED`].
pub fn decode_identity(field: &str) -> Option<[String; 3]> {
    if field.len() > MAX_PACKED {
        return None;
    }
    let mut parts = field.split('/').map(decode_part);
    let identity = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(identity)
}

fn decode_part(part: &str) -> Option<String> {
    // The decoder would keep a damaged escape as plain text.
    if !part.split('%').skip(1).all(starts_with_two_hex_digits) {
        return None;
    }
    let text = percent_decode_str(part).decode_utf8().ok();
    text.map(Cow::into_owned)
}

fn starts_with_two_hex_digits(text: &str) -> bool {
    let digits = text.as_bytes().first_chunk::<2>();
    digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ReplyFields;

    #[test]
    fn names_with_separators_survive() {
        let parts = ["web/eu", "3;a", "100% \u{e4}\n"];
        let field = encode_identity(parts);
        assert_eq!(field, "web%2Feu/3%3Ba/100%25 %C3%A4%0A");
        assert_eq!(decode_identity(&field).unwrap(), parts);
    }

    #[test]
    fn a_responder_without_version_is_written_and_read() {
        let field = encode_identity(["greeter", "", "g1"]);
        assert_eq!(field, "greeter//g1");
        let mut packed = Vec::new();
        let fields = ReplyFields {
            responder: Some(&field),
            ..ReplyFields::default()
        };
        fields.encode(&mut packed).unwrap();
        assert_eq!(packed, b"v=1;r=greeter//g1");
        let responder = ReplyFields::parse(&packed).unwrap().responder.unwrap();
        assert_eq!(decode_identity(responder).unwrap(), ["greeter", "", "g1"]);
    }

    #[test]
    fn exactly_the_bytes_that_the_protocol_names_are_escaped() {
        for byte in 0..=0x7f_u8 {
            let kept = matches!(byte, 0x20..=0x7e) && !matches!(byte, b'/' | b';' | b'%');
            let text = char::from(byte).to_string();
            let escaped = format!("%{byte:02X}");
            let expected = if kept { &text } else { &escaped };
            let field = encode_identity(["", "", &text]);
            assert_eq!(field, format!("//{expected}"));
        }
        assert_eq!(encode_identity(["\u{e4}", "", ""]), "%C3%A4//");
    }

    #[test]
    fn lower_case_escapes_are_read_too() {
        assert_eq!(decode_identity("a/b/%c3%a4").unwrap(), ["a", "b", "\u{e4}"]);
    }

    #[test]
    fn a_field_that_is_not_an_identity_is_refused() {
        for field in [
            "",
            "a/b",
            "a/b/c/d",
            "a/b/%",
            "a/b/%4",
            "a/b/%4%41",
            "a/b/%zz",
            "a/b/%+1",
            "a/b/%ff",
        ] {
            assert_eq!(decode_identity(field), None, "{field}");
        }
        assert_eq!(
            decode_identity(&format!("a/b/{}", "c".repeat(MAX_PACKED))),
            None
        );
    }
}
