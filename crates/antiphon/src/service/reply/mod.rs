//! A reply as it goes on the wire. What the transport has taken is not kept: if it can not be
//! stored it comes back.

pub(super) mod address;
pub(super) mod topics;
pub(super) mod unacknowledged;

use antiphon_proto::{Code, Executed, ReplyFields, ReplyHead, ReplyMode, Status, mutant};

use crate::{
    codec::Encoded,
    service::handler::message::Reply,
    transport::{Outgoing, Publisher, Returned, TopicRef, TransportError},
    wire::{self, PackedReplies},
};

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
    payload: Encoded,
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

/// Makes replies of one service.
#[derive(Debug)]
pub(crate) struct Encoder {
    packed: PackedReplies,
}

impl Encoder {
    pub(crate) fn new(responder: String) -> Self {
        let packed = PackedReplies::new(responder);
        Self { packed }
    }

    pub(crate) fn success<'a>(
        &self,
        to: &'a Destination,
        correlation_id: &'a [u8],
        mode: ReplyMode,
        reply: Reply,
    ) -> EncodedReply<'a> {
        let payload = reply.into_encoded();
        let lengths = payload.headers.iter().map(|(n, v)| (n.as_str(), v.len()));
        if let Some(why) = wire::refusal(lengths) {
            let status = Status::internal(format!("the handler's headers cannot be sent: {why}"));
            return self.error(to, correlation_id, &status);
        }
        EncodedReply {
            to,
            keyed: mode == ReplyMode::Single
                && payload.headers.is_empty()
                && payload.message_type.is_none(),
            correlation_id,
            payload,
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
        let packed = self.packed.with(ReplyFields {
            code,
            executed: Some(status.executed()),
            retry_after_ms: wait.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
            ..ReplyFields::default()
        });
        EncodedReply {
            to,
            keyed: mutant!("error_reply_has_key"),
            correlation_id,
            payload: Encoded::default(),
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
        let error = self.error.as_deref();
        let head = ReplyHead {
            status_message: error.map(|error| error.message.as_bytes()),
            status_details: error.and_then(|error| error.details.as_deref().map(str::as_bytes)),
            content_type: self.payload.content_type.as_deref(),
            message_type: self.payload.message_type.as_deref(),
            ..ReplyHead::new(self.correlation_id)
        };
        let packed = error.map_or(encoder.packed.success(), |error| &error.packed);
        let headers = wire::reply_headers(&head, &self.payload.headers, packed);
        let record = Outgoing {
            topic: &self.to.topic,
            partition: self.to.partition,
            key: self.keyed.then_some(self.correlation_id),
            value: Some(&self.payload.value),
            headers: &headers,
            token,
        };
        let taken = publisher.publish(&record);
        taken.map_err(|error| (error, Box::new(Returned::from(&record))))
    }
}
