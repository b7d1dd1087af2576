//! A reply as it goes on the wire. What the transport has taken is not kept: if it can not be
//! stored it comes back.

use std::borrow::Cow;

use antiphon_proto::{Code, Executed, ReplyFields, ReplyMode, Status, header, mutant};
use bytes::Bytes;

use super::handler::Response;
use crate::codec::Encoded;
use crate::transport::{Outgoing, OutgoingHeaders, Publisher, Returned, TopicRef, TransportError};
use crate::wire::headers;

/// Where a reply goes: checked against the allow-list, and there.
#[derive(Clone, Debug)]
pub(crate) struct Destination {
    pub(crate) topic: TopicRef,
    pub(crate) partition: i32,
}

/// A reply, encoded.
#[derive(Debug)]
pub(crate) struct EncodedReply<'a> {
    to: &'a Destination,
    correlation_id: &'a [u8],
    /// The id stands in the key too: a plain success, whose headers need not be read.
    keyed: bool,
    content_type: Option<Cow<'static, str>>,
    message_type: Option<Cow<'static, str>>,
    headers: Vec<(String, Bytes)>,
    value: Bytes,
    /// Successes, which most are, do not carry the room for it around.
    error: Option<Box<ErrorHeaders>>,
}

/// What an error has and a success has not.
#[derive(Debug)]
struct ErrorHeaders {
    packed: Vec<u8>,
    message: String,
    details: Option<String>,
}

/// Longest details of an error, in bytes; longer ones are left out.
const MOST_DETAILS: usize = 32 * 1024;

/// The constant parts of this service's replies.
#[derive(Debug)]
pub(crate) struct Encoder {
    responder: String,
    /// The packed header of every plain success.
    plain: Vec<u8>,
}

impl Encoder {
    pub(crate) fn new(responder: String) -> Self {
        let fields = ReplyFields {
            responder: Some(&responder),
            ..ReplyFields::default()
        };
        let mut plain = Vec::new();
        // Only an over-long service name could fail here, and the builder has refused that.
        let _ = fields.encode(&mut plain);
        Self { plain, responder }
    }

    pub(crate) fn success<'a>(
        &self,
        to: &'a Destination,
        correlation_id: &'a [u8],
        mode: ReplyMode,
        response: Response,
    ) -> EncodedReply<'a> {
        let Encoded {
            value,
            headers,
            content_type,
            message_type,
        } = response.into_encoded();
        let lengths = headers.iter().map(|(n, v)| (n.as_str(), v.len()));
        if let Some(why) = headers::refusal(lengths) {
            let status = Status::internal(format!("the handler's headers can not be sent: {why}"));
            return self.error(to, correlation_id, &status);
        }
        // The handler's own goes before the codec's.
        let own = |name| headers.iter().any(|(n, _)| n == name);
        let content_type = content_type.filter(|_| !own(header::CONTENT_TYPE));
        let message_type = message_type.filter(|_| !own(header::MESSAGE_TYPE));
        EncodedReply {
            to,
            keyed: mode == ReplyMode::Single && headers.is_empty() && message_type.is_none(),
            correlation_id,
            content_type,
            message_type,
            headers,
            value,
            error: None,
        }
    }

    pub(crate) fn error<'a>(
        &self,
        to: &'a Destination,
        correlation_id: &'a [u8],
        status: &Status,
    ) -> EncodedReply<'a> {
        let code = match status.code() {
            // An error that calls itself OK would be read as a success.
            Code::Ok => Code::Unknown,
            code => code,
        };
        // Longer ones would make the requester refuse the headers, and with them the code.
        let details = status.details().filter(|text| text.len() <= MOST_DETAILS);
        let wait = status.retry_after();
        let fields = ReplyFields {
            responder: Some(&self.responder),
            code,
            executed: Some(status.executed()),
            retry_after_ms: wait.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
            ..ReplyFields::default()
        };
        let mut packed = Vec::with_capacity(128);
        let _ = fields.encode(&mut packed);
        EncodedReply {
            to,
            keyed: mutant!("error_reply_has_key"),
            correlation_id,
            content_type: None,
            message_type: None,
            headers: Vec::new(),
            value: Bytes::new(),
            error: Some(Box::new(ErrorHeaders {
                packed,
                message: status.wire_message(),
                details: details.map(str::to_owned),
            })),
        }
    }

    /// What the requester gets when a reply of this size does not fit: the work is done all the
    /// same.
    pub(crate) fn too_large<'a>(
        &self,
        to: &'a Destination,
        correlation_id: &'a [u8],
        size: usize,
    ) -> EncodedReply<'a> {
        let status =
            Status::resource_exhausted(format!("the reply of {size} bytes is too large to send"))
                .with_executed(Executed::Yes);
        let status = if mutant!("too_large_reply_says_no") {
            status.with_executed(Executed::No)
        } else {
            status
        };
        self.error(to, correlation_id, &status)
    }
}

impl EncodedReply<'_> {
    /// Hands it over; one that is not taken comes back at once.
    pub(crate) fn publish(
        &self,
        encoder: &Encoder,
        publisher: &dyn Publisher,
        token: u64,
    ) -> Result<(), (TransportError, Box<Returned>)> {
        let mut headers = OutgoingHeaders::new();
        headers.push((header::CORRELATION_ID, Some(self.correlation_id)));
        let error = self.error.as_deref();
        let packed = error.map_or(&encoder.plain, |error| &error.packed);
        headers.push((header::ANTIPHON, Some(packed)));
        if let Some(media_type) = &self.content_type {
            headers.push((header::CONTENT_TYPE, Some(media_type.as_bytes())));
        }
        if let Some(name) = &self.message_type {
            headers.push((header::MESSAGE_TYPE, Some(name.as_bytes())));
        }
        if let Some(error) = error {
            headers.push((header::STATUS_MESSAGE, Some(error.message.as_bytes())));
            if let Some(details) = &error.details {
                headers.push((header::STATUS_DETAILS, Some(details.as_bytes())));
            }
        }
        for (name, value) in &self.headers {
            headers.push((name, Some(value)));
        }
        let record = Outgoing {
            topic: &self.to.topic,
            partition: self.to.partition,
            key: self.keyed.then_some(self.correlation_id),
            value: Some(&self.value),
            headers: &headers,
            token,
        };
        let taken = publisher.publish(&record);
        taken.map_err(|error| (error, Box::new(Returned::from(&record))))
    }
}
