//! A reply as it goes on the wire. The sender keeps no copy: the transport returns what it cannot
//! store.

use antiphon_proto::{Code, Executed, ReplyFields, ReplyHead, ReplyMode, Status, mutant};

use super::topics::Destination;
use crate::{
    codec::Encoded,
    service::handler::message::Reply,
    telemetry::propagation::TraceHeaders,
    transport::{Outgoing, Publisher, Returned, TransportError},
    wire::{self, PackedReplies},
};

/// A reply, encoded.
#[derive(Debug)]
pub(crate) struct EncodedReply<'a> {
    to: &'a Destination,
    packed: &'a PackedReplies,
    correlation_id: &'a [u8],
    /// The key repeats the id: of a plain success, whose headers need not be read.
    keyed: bool,
    payload: Encoded,
    trace: Option<&'a TraceHeaders>,
    /// In a box: most replies are successes.
    error: Option<Box<ErrorHeaders>>,
}

/// What only an error has.
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
        &'a self,
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
            packed: &self.packed,
            keyed: mode == ReplyMode::Single
                && payload.headers.is_empty()
                && payload.message_type.is_none(),
            correlation_id,
            payload,
            trace: None,
            error: None,
        }
    }

    pub(crate) fn error<'a>(
        &'a self,
        to: &'a Destination,
        correlation_id: &'a [u8],
        status: &Status,
    ) -> EncodedReply<'a> {
        let code = match status.code() {
            // A requester would read an error with this code as a success.
            Code::Ok => Code::Unknown,
            code => code,
        };
        // A requester refuses all headers, and with them the code, when they are too long.
        let details = status.details().filter(|text| text.len() <= MOST_DETAILS);
        let wait = status.retry_after();
        let fields = self.packed.with(ReplyFields {
            code,
            executed: Some(status.executed()),
            retry_after_ms: wait.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
            ..ReplyFields::default()
        });
        EncodedReply {
            to,
            packed: &self.packed,
            keyed: mutant!("error_reply_has_key"),
            correlation_id,
            payload: Encoded::default(),
            trace: None,
            error: Some(Box::new(ErrorHeaders {
                packed: fields,
                message: status.wire_message(),
                details: details.map(str::to_owned),
            })),
        }
    }

    /// The error in place of a reply of this size, which is too large. The handler ran all the same.
    pub(crate) fn too_large<'a>(
        &'a self,
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

impl<'a> EncodedReply<'a> {
    /// Adds the trace that the handler belongs to. Such a reply says something in its headers, so it
    /// has no key.
    pub(crate) fn in_trace(mut self, trace: Option<&'a TraceHeaders>) -> Self {
        self.trace = trace;
        self.keyed &= trace.is_none();
        self
    }

    /// Hands the reply to the publisher; returns the record when that refuses it.
    pub(crate) fn publish(
        &self,
        publisher: &dyn Publisher,
        token: u64,
    ) -> Result<(), (TransportError, Box<Returned>)> {
        let error = self.error.as_deref();
        let mut head = ReplyHead {
            status_message: error.map(|error| error.message.as_bytes()),
            status_details: error.and_then(|error| error.details.as_deref().map(str::as_bytes)),
            content_type: self.payload.content_type.as_deref(),
            message_type: self.payload.message_type.as_deref(),
            ..ReplyHead::new(self.correlation_id)
        };
        if let Some(trace) = self.trace {
            trace.add_to_reply(&mut head);
        }
        let packed = error.map_or(self.packed.success(), |error| &error.packed);
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
