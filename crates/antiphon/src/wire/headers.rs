//! What an application may put into the headers of a request or a reply.

use antiphon_proto::header;

/// Most headers, and most bytes of them. The other side reads a little more, so that the
/// protocol's own have room.
const MOST: usize = 200;
const MOST_BYTES: usize = 60 * 1024;

/// Why these headers, given by name and length of the value, can not be sent.
pub(crate) fn refusal<'a>(headers: impl Iterator<Item = (&'a str, usize)>) -> Option<String> {
    let mut seen = Vec::new();
    let (mut count, mut bytes) = (0_usize, 0_usize);
    for (name, length) in headers {
        count += 1;
        bytes = bytes.saturating_add(name.len()).saturating_add(length);
        if count > MOST {
            return Some(format!("more than {MOST} headers"));
        }
        if bytes > MOST_BYTES {
            return Some(format!("more than {MOST_BYTES} bytes of headers"));
        }
        if header::is_reserved(name.as_bytes()) {
            return Some(format!("the header {name} belongs to the protocol"));
        }
        if name.is_empty() || name.contains('\0') {
            return Some(format!("{name:?} is not a header name"));
        }
        if stands_once(name) {
            if seen.contains(&name) {
                return Some(format!("the header {name} may stand only once"));
            }
            seen.push(name);
        }
    }
    None
}

/// The protocol gives these a meaning, so that two of them would make the message malformed.
fn stands_once(name: &str) -> bool {
    matches!(
        name,
        header::CONTENT_TYPE | header::MESSAGE_TYPE | header::IDEMPOTENCY_KEY
    )
}
