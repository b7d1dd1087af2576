use crate::head::{FirstError, Meter, Unique, correlation_id, foreign_text};
use crate::packed::{self, number};
use crate::request_fields::partition;
use crate::{HeadLimits, Malformed, RecentFields, RequestFields, header};

/// The headers of a request, borrowed from the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestHead<'a> {
    /// The call's id: 1 to 255 bytes, which the reply repeats unchanged.
    pub correlation_id: &'a [u8],
    /// The topic for the reply, unchecked; see [`AllowList`](crate::AllowList).
    pub reply_topic: Option<&'a str>,
    /// The packed fields. A request without them, made by hand, has the defaults.
    pub fields: RequestFields<'a>,
    /// The key that a deduplicating responder compares; [`dedupe_key`](Self::dedupe_key) has a fallback.
    pub idempotency_key: Option<&'a [u8]>,
    /// Media type of the value.
    pub content_type: Option<&'a str>,
    /// The application's name for the type of the value.
    pub message_type: Option<&'a str>,
    /// W3C Trace Context: the span of the requester; see [`TraceContext`](crate::TraceContext).
    pub traceparent: Option<&'a str>,
    /// W3C Trace Context: entries of tracing vendors.
    pub tracestate: Option<&'a str>,
    /// W3C Baggage.
    pub baggage: Option<&'a str>,
}

/// A malformed request, with the fields that a responder needs to answer it, as far as they can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal<'a> {
    /// The first error in the headers.
    pub reason: Malformed,
    /// The call's id, if it occurs once and is valid.
    pub correlation_id: Option<&'a [u8]>,
    /// The topic for the reply, if it occurs once and is text; unchecked.
    pub reply_topic: Option<&'a str>,
    /// The reply partition, if it can be read.
    pub partition: Option<i32>,
    /// The major version of the requester, if it is higher than this crate's.
    pub unsupported_version: Option<u32>,
}

impl<'a> RequestHead<'a> {
    /// A request that has only a correlation id.
    pub fn new(correlation_id: &'a [u8]) -> Self {
        Self {
            correlation_id,
            reply_topic: None,
            fields: RequestFields::default(),
            idempotency_key: None,
            content_type: None,
            message_type: None,
            traceparent: None,
            tracestate: None,
            baggage: None,
        }
    }

    /// Reads the headers of a request. Names need not be UTF-8; unknown headers are ignored.
    ///
    /// # Errors
    /// [`Refusal`] if a header of the protocol is missing, duplicate, null or invalid, if the headers exceed the limits,
    /// or if the requester's version is not supported.
    pub fn decode(
        headers: impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)>,
        limits: HeadLimits,
    ) -> Result<Self, Refusal<'a>> {
        Self::decode_by(headers, limits, RequestFields::parse)
    }

    /// Like [`decode`](Self::decode), for successive requests: see [`RecentFields`].
    ///
    /// # Errors
    /// Those of [`decode`](Self::decode).
    pub fn decode_next(
        headers: impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)>,
        limits: HeadLimits,
        recent: &mut RecentFields,
    ) -> Result<Self, Refusal<'a>> {
        Self::decode_by(headers, limits, |packed| recent.parse(packed))
    }

    fn decode_by(
        headers: impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)>,
        limits: HeadLimits,
        parse: impl FnOnce(&'a [u8]) -> Result<RequestFields<'a>, Malformed>,
    ) -> Result<Self, Refusal<'a>> {
        let mut found = Found::new();
        let mut error = FirstError::default();
        let mut meter = Meter::new(limits);
        for (name, value) in headers {
            if error.note(meter.count(name, value)).is_none() {
                break;
            }
            error.note(found.take(name, value));
        }
        found.into_head(error, parse)
    }

    /// The idempotency key, or the correlation id if there is none.
    pub fn dedupe_key(&self) -> &'a [u8] {
        self.idempotency_key.unwrap_or(self.correlation_id)
    }

    /// Passes each header of this request to `put`. Clears `scratch` and builds the packed header in it.
    ///
    /// # Errors
    /// Those of [`RequestFields::encode`]. `put` gets nothing then.
    pub fn write<'b>(
        &'b self,
        scratch: &'b mut Vec<u8>,
        mut put: impl FnMut(&'static str, &'b [u8]),
    ) -> Result<(), Malformed> {
        scratch.clear();
        self.fields.encode(scratch)?;
        put(header::CORRELATION_ID, self.correlation_id);
        if let Some(topic) = self.reply_topic {
            put(header::REPLY_TOPIC, topic.as_bytes());
        }
        put(header::ANTIPHON, scratch);
        let optional = [
            (header::IDEMPOTENCY_KEY, self.idempotency_key),
            (header::CONTENT_TYPE, self.content_type.map(str::as_bytes)),
            (header::MESSAGE_TYPE, self.message_type.map(str::as_bytes)),
            (header::TRACEPARENT, self.traceparent.map(str::as_bytes)),
            (header::TRACESTATE, self.tracestate.map(str::as_bytes)),
            (header::BAGGAGE, self.baggage.map(str::as_bytes)),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                put(name, value);
            }
        }
        Ok(())
    }
}

/// The headers of the protocol, as the reader finds them.
struct Found<'a> {
    correlation_id: Unique<'a>,
    reply_topic: Unique<'a>,
    antiphon: Unique<'a>,
    idempotency_key: Unique<'a>,
    content_type: Unique<'a>,
    message_type: Unique<'a>,
    traceparent: Option<&'a str>,
    tracestate: Option<&'a str>,
    baggage: Option<&'a str>,
}

impl<'a> Found<'a> {
    fn new() -> Self {
        Self {
            correlation_id: Unique::new(header::CORRELATION_ID),
            reply_topic: Unique::new(header::REPLY_TOPIC),
            antiphon: Unique::new(header::ANTIPHON),
            idempotency_key: Unique::new(header::IDEMPOTENCY_KEY),
            content_type: Unique::new(header::CONTENT_TYPE),
            message_type: Unique::new(header::MESSAGE_TYPE),
            traceparent: None,
            tracestate: None,
            baggage: None,
        }
    }

    fn take(&mut self, name: &[u8], value: Option<&'a [u8]>) -> Result<(), Malformed> {
        match name {
            b"correlation-id" => self.correlation_id.set(value)?,
            b"reply-topic" => self.reply_topic.set(value)?,
            b"antiphon" => self.antiphon.set(value)?,
            b"idempotency-key" => self.idempotency_key.set(value)?,
            b"content-type" => self.content_type.set(value)?,
            b"message-type" => self.message_type.set(value)?,
            b"traceparent" => self.traceparent = foreign_text(value),
            b"tracestate" => self.tracestate = foreign_text(value),
            b"baggage" => self.baggage = foreign_text(value),
            _ => {}
        }
        Ok(())
    }

    fn into_head(
        self,
        mut error: FirstError,
        parse: impl FnOnce(&'a [u8]) -> Result<RequestFields<'a>, Malformed>,
    ) -> Result<RequestHead<'a>, Refusal<'a>> {
        let id = error.note(correlation_id(self.correlation_id.get()));
        let reply_topic = error.note(self.reply_topic.text()).flatten();
        let fields = error.note(
            self.antiphon
                .get()
                .map_or_else(|| Ok(RequestFields::default()), parse),
        );
        let content_type = error.note(self.content_type.text()).flatten();
        let message_type = error.note(self.message_type.text()).flatten();
        match (error.into_inner(), id, fields) {
            (None, Some(correlation_id), Some(fields)) => Ok(RequestHead {
                correlation_id,
                reply_topic,
                fields,
                idempotency_key: self.idempotency_key.get(),
                content_type,
                message_type,
                traceparent: self.traceparent,
                tracestate: self.tracestate,
                baggage: self.baggage,
            }),
            (reason, correlation_id, _) => Err(Refusal {
                // Without an id or fields there is always an error, so the default is never used.
                reason: reason.unwrap_or(Malformed::Missing(header::CORRELATION_ID)),
                correlation_id,
                reply_topic,
                partition: self.readable_partition(),
                unsupported_version: self.unsupported_version(),
            }),
        }
    }

    fn readable_partition(&self) -> Option<i32> {
        let value = self.lenient("p")?;
        partition(value).ok()
    }

    fn unsupported_version(&self) -> Option<u32> {
        let value = self.lenient("v")?;
        number(value).filter(|version| *version > crate::request_fields::VERSION)
    }

    /// The value of a packed key that occurs exactly once.
    fn lenient(&self, key: &str) -> Option<&'a str> {
        let mut values = packed::lenient(self.antiphon.get()?).filter(|(name, _)| *name == key);
        let (_, value) = values.next()?;
        values.next().is_none().then_some(value)
    }
}
