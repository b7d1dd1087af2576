use crate::MAX_PACKED;

/// Joins the three parts of an `r` field with `/`, percent-encoding what would break the field.
///
/// A requester is `group/instance/incarnation`, a responder `service/version/instance`.
pub fn encode_identity(parts: [&str; 3]) -> String {
    let mut out = String::with_capacity(parts.iter().map(|part| part.len() + 1).sum());
    for (index, part) in parts.into_iter().enumerate() {
        if index > 0 {
            out.push('/');
        }
        part.bytes().for_each(|byte| push_encoded(&mut out, byte));
    }
    out
}

/// Reads what [`encode_identity`] writes; `None` if it is not three parts of valid percent-encoded UTF-8, or longer
/// than a header may be.
pub fn decode_identity(field: &str) -> Option<[String; 3]> {
    if field.len() > MAX_PACKED {
        return None;
    }
    let mut parts = field.split('/').map(decode_part);
    let identity = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(identity)
}

fn push_encoded(out: &mut String, byte: u8) {
    const HEX: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    if matches!(byte, 0x20..=0x7e) && !matches!(byte, b'/' | b';' | b'%') {
        out.push(char::from(byte));
        return;
    }
    out.extend([
        '%',
        HEX[usize::from(byte >> 4)],
        HEX[usize::from(byte & 0x0f)],
    ]);
}

fn decode_part(part: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'%' {
            hex(rest.next()?)? << 4 | hex(rest.next()?)?
        } else {
            byte
        });
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_separators_survive() {
        let parts = ["web/eu", "3;a", "100% \u{e4}\n"];
        let field = encode_identity(parts);
        assert_eq!(field, "web%2Feu/3%3Ba/100%25 %C3%A4%0A");
        assert_eq!(decode_identity(&field).unwrap(), parts);
    }

    #[test]
    fn a_field_that_is_not_an_identity_is_refused() {
        for field in [
            "", "a/b", "a/b/c/d", "a/b/%", "a/b/%4", "a/b/%zz", "a/b/%ff",
        ] {
            assert_eq!(decode_identity(field), None, "{field}");
        }
        assert_eq!(
            decode_identity(&format!("a/b/{}", "c".repeat(MAX_PACKED))),
            None
        );
    }
}
