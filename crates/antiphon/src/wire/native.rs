//! Antiphon's own form of requests and replies. The bytes are specified in `docs/protocol.md`.

use antiphon_proto::{
    CorrelationId, HeadLimits, Malformed, RecentFields, Refusal, ReplyFields, ReplyHead,
    RequestHead, header,
};
use bytes::Bytes;

use super::ReadHeaders;
use crate::transport::{HeaderList, OutgoingHeaders, Record, Returned};

/// The headers of a request: the protocol's, then the application's.
///
/// A header that the application sets itself takes precedence over the same one in `head`, such as
/// the `content-type` of a codec.
///
/// # Errors
/// Fields that are too long for the packed header.
pub(crate) fn request_headers<'a>(
    head: &'a RequestHead<'a>,
    application: &'a [(String, Option<Bytes>)],
    packed: &'a mut Vec<u8>,
) -> Result<OutgoingHeaders<'a>, Malformed> {
    let mut headers = OutgoingHeaders::new();
    head.write(packed, |name, value| {
        if !application.iter().any(|(own, _)| own == name) {
            headers.push((name, Some(value)));
        }
    })?;
    let own = application.iter();
    headers.extend(own.map(|(name, value)| (name.as_str(), value.as_deref())));
    Ok(headers)
}

/// Reads the headers of a request. `recent` remembers the packed header of the one before.
///
/// # Errors
/// A request that is malformed, or of a later version of the protocol.
pub(crate) fn read_request<'a>(
    headers: &ReadHeaders<'a>,
    recent: &mut RecentFields,
) -> Result<RequestHead<'a>, Refusal<'a>> {
    RequestHead::decode_next(headers.iter().copied(), HeadLimits::default(), recent)
}

/// The packed headers of a service's replies, as far as they are always the same.
#[derive(Debug)]
pub(crate) struct PackedReplies {
    responder: String,
    success: Vec<u8>,
}

impl PackedReplies {
    pub(crate) fn new(responder: String) -> Self {
        let fields = ReplyFields {
            responder: Some(&responder),
            ..ReplyFields::default()
        };
        let success = pack(&fields);
        Self { responder, success }
    }

    /// Of every success.
    pub(crate) fn success(&self) -> &[u8] {
        &self.success
    }

    /// Of a reply with these fields; the responder is added.
    pub(crate) fn with(&self, fields: ReplyFields<'_>) -> Vec<u8> {
        pack(&ReplyFields {
            responder: Some(&self.responder),
            ..fields
        })
    }
}

fn pack(fields: &ReplyFields<'_>) -> Vec<u8> {
    let mut packed = Vec::with_capacity(128);
    // Only an over-long service name could fail here, and the builder has refused that.
    let _ = fields.encode(&mut packed);
    packed
}

/// The headers of a reply: the protocol's, with fields that are packed already, then the
/// application's. Precedence is as in [`request_headers`].
pub(crate) fn reply_headers<'a>(
    head: &'a ReplyHead<'a>,
    application: &'a [(String, Bytes)],
    packed: &'a [u8],
) -> OutgoingHeaders<'a> {
    let mut headers = OutgoingHeaders::new();
    head.write_packed(packed, |name, value| {
        if !application.iter().any(|(own, _)| own == name) {
            headers.push((name, Some(value)));
        }
    });
    let own = application.iter();
    headers.extend(own.map(|(name, value)| (name.as_str(), Some(&**value))));
    headers
}

/// As many headers of a record as have to be examined, to see whether it has too many.
pub(crate) fn record_headers<'a>(record: &Record<'a>) -> HeaderList<'a> {
    record.header_list(HeadLimits::default().max_headers + 1)
}

/// The id in a reply's key. A reply with a key of this form is a plain success, so its headers need
/// not be read.
pub(crate) fn plain_reply_id(key: Option<&[u8]>) -> Option<CorrelationId> {
    key.and_then(CorrelationId::parse)
        .filter(|id| id.is_version_8())
}

/// The id in a reply's headers, if there is exactly one.
pub(crate) fn reply_id(headers: &ReadHeaders<'_>) -> Option<CorrelationId> {
    let mut found = headers
        .iter()
        .filter(|(name, _)| *name == header::CORRELATION_ID.as_bytes());
    let (_, value) = found.next()?;
    if found.next().is_some() {
        return None;
    }
    CorrelationId::parse((*value)?)
}

/// Reads the headers of a reply.
///
/// # Errors
/// A reply that is malformed.
pub(crate) fn read_reply<'a>(headers: &ReadHeaders<'a>) -> Result<ReplyHead<'a>, Malformed> {
    ReplyHead::decode(headers.iter().copied(), HeadLimits::default())
}

/// The correlation id of a reply that was not stored; empty if it has none.
pub(crate) fn returned_id(reply: &Returned) -> &[u8] {
    let id = reply.header(header::CORRELATION_ID);
    id.map_or(&[], |id| id)
}

/// Whether a reply that was not stored is an error.
pub(crate) fn is_error(reply: &Returned) -> bool {
    reply.header(header::STATUS_MESSAGE).is_some()
}

#[cfg(test)]
mod tests {
    use antiphon_proto::{Code, Executed};

    use super::*;

    fn read<'a>(headers: &OutgoingHeaders<'a>) -> HeaderList<'a> {
        let headers = headers.iter();
        headers
            .map(|(name, value)| (name.as_bytes(), *value))
            .collect()
    }

    #[test]
    fn a_request_is_read_as_it_was_written() {
        let head = RequestHead {
            reply_topic: Some("web.replies"),
            content_type: Some("application/json"),
            message_type: Some("Order"),
            traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
            tracestate: Some("vendor=1"),
            baggage: Some("user=7"),
            idempotency_key: Some(b"order-7"),
            ..RequestHead::new(b"id")
        };
        let application = [("lang".to_owned(), Some(Bytes::from_static(b"en")))];
        let mut packed = Vec::new();
        let written = request_headers(&head, &application, &mut packed).unwrap();
        let names: Vec<_> = written.iter().map(|(name, _)| *name).collect();
        assert_eq!(names[..3], ["correlation-id", "reply-topic", "antiphon"]);
        let headers = read(&written);
        assert_eq!(
            read_request(&headers, &mut RecentFields::default()).unwrap(),
            head
        );
        let own: Vec<_> = super::super::application(&headers).collect();
        assert!(own.contains(&(&b"lang"[..], Some(&b"en"[..]))));
    }

    #[test]
    fn the_applications_own_header_takes_precedence() {
        let own = "text/plain";
        let request = RequestHead {
            content_type: Some("application/json"),
            ..RequestHead::new(b"id")
        };
        let application = [(header::CONTENT_TYPE.to_owned(), Some(Bytes::from(own)))];
        let mut packed = Vec::new();
        let written = request_headers(&request, &application, &mut packed).unwrap();
        let headers = read(&written);
        let again = read_request(&headers, &mut RecentFields::default()).unwrap();
        assert_eq!(again.content_type, Some(own));
        let reply = ReplyHead {
            content_type: Some("application/json"),
            ..ReplyHead::new(b"id")
        };
        let application = [(header::CONTENT_TYPE.to_owned(), Bytes::from(own))];
        let written = reply_headers(&reply, &application, b"v=1");
        assert_eq!(read_reply(&read(&written)).unwrap().content_type, Some(own));
    }

    #[test]
    fn an_error_is_read_as_it_was_written() {
        let packed = PackedReplies::new("shop/1/x".to_owned());
        let fields = packed.with(ReplyFields {
            code: Code::NotFound,
            executed: Some(Executed::Yes),
            ..ReplyFields::default()
        });
        let head = ReplyHead {
            status_message: Some(b"no such order"),
            status_details: Some(b"{}"),
            ..ReplyHead::new(b"id")
        };
        let written = reply_headers(&head, &[], &fields);
        let headers = read(&written);
        let status = read_reply(&headers).unwrap().status().unwrap();
        assert_eq!(
            (status.code(), status.executed()),
            (Code::NotFound, Executed::Yes)
        );
        assert_eq!(
            (status.message(), status.details()),
            ("no such order", Some("{}"))
        );
    }

    #[test]
    fn an_id_that_appears_twice_is_no_id() {
        let id = "be419f41-0739-8743-8000-000100000000";
        let header = (header::CORRELATION_ID.as_bytes(), Some(id.as_bytes()));
        assert!(reply_id(&[header]).is_some());
        assert!(reply_id(&[header, header]).is_none());
        assert!(reply_id(&[(header.0, None)]).is_none());
    }
}
