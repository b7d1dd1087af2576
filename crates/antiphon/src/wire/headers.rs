//! What an application may put into the headers of a request or a reply.

use antiphon_proto::header;

use super::ReadHeaders;

/// Limits on an application's headers. A reader accepts a little more, so that the protocol's own
/// headers have room.
const MAX_HEADERS: usize = 200;
const MAX_BYTES: usize = 60 * 1024;

/// Whether a header belongs to the application, and not to the protocol.
pub(crate) fn is_application(name: &[u8]) -> bool {
    !header::is_reserved(name)
}

/// The application's headers among all that were read.
pub(crate) fn application<'h, 'a>(
    headers: &'h ReadHeaders<'a>,
) -> impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)> + use<'h, 'a> {
    headers
        .iter()
        .copied()
        .filter(|(name, _)| is_application(name))
}

/// Why these headers, given by name and length of the value, cannot be sent.
pub(crate) fn refusal<'a>(headers: impl Iterator<Item = (&'a str, usize)>) -> Option<String> {
    let mut seen = Vec::new();
    let (mut count, mut bytes) = (0_usize, 0_usize);
    for (name, length) in headers {
        count += 1;
        bytes = bytes.saturating_add(name.len()).saturating_add(length);
        if count > MAX_HEADERS {
            return Some(format!("more than {MAX_HEADERS} headers"));
        }
        if bytes > MAX_BYTES {
            return Some(format!("more than {MAX_BYTES} bytes of headers"));
        }
        if header::is_reserved(name.as_bytes()) {
            return Some(format!("the header {name} belongs to the protocol"));
        }
        if name.is_empty() || name.contains('\0') {
            return Some(format!("{name:?} is not a header name"));
        }
        if is_unique(name) {
            if seen.contains(&name) {
                return Some(format!("the header {name} may appear only once"));
            }
            seen.push(name);
        }
    }
    None
}

/// The protocol gives these headers a meaning: a second one makes the message malformed.
fn is_unique(name: &str) -> bool {
    matches!(
        name,
        header::CONTENT_TYPE | header::MESSAGE_TYPE | header::IDEMPOTENCY_KEY
    )
}
