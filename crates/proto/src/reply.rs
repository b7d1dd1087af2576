use std::time::Duration;

use crate::head::{Meter, Unique, correlation_id, foreign_text};
use crate::{Code, Executed, HeadLimits, Malformed, ReplyFields, Status, header};

/// The headers of a reply, borrowed from the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyHead<'a> {
    /// The id of the call that this reply answers, as the requester wrote it.
    pub correlation_id: &'a [u8],
    /// The packed fields. A reply without them has the defaults, which mean `OK`.
    pub fields: ReplyFields<'a>,
    /// Message of an error. These are bytes, because an error whose message is not UTF-8 is still an error.
    pub status_message: Option<&'a [u8]>,
    /// Details of an error, a JSON object.
    pub status_details: Option<&'a [u8]>,
    /// Media type of the value.
    pub content_type: Option<&'a str>,
    /// The application's name for the type of the value.
    pub message_type: Option<&'a str>,
    /// W3C Trace Context: the span of the responder; see [`TraceContext`](crate::TraceContext).
    pub traceparent: Option<&'a str>,
}

impl<'a> ReplyHead<'a> {
    /// An `OK` that has only a correlation id.
    pub fn new(correlation_id: &'a [u8]) -> Self {
        Self {
            correlation_id,
            fields: ReplyFields::default(),
            status_message: None,
            status_details: None,
            content_type: None,
            message_type: None,
            traceparent: None,
        }
    }

    /// Reads the headers of a reply. Names need not be UTF-8; unknown headers are ignored.
    ///
    /// # Errors
    /// [`Malformed`] if a header of the protocol is missing, duplicate, null or invalid, or if the headers exceed the
    /// limits. [`peek_correlation_id`](crate::peek_correlation_id) may still find the call, to report the error to it.
    pub fn decode(
        headers: impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)>,
        limits: HeadLimits,
    ) -> Result<Self, Malformed> {
        let mut found = Found::new();
        let mut meter = Meter::new(limits);
        for (name, value) in headers {
            meter.count(name, value)?;
            found.take(name, value)?;
        }
        found.into_head()
    }

    /// The error that this reply reports; `None` if it is `OK`.
    ///
    /// An error without the field `e` counts as [`Executed::Maybe`], the only claim that is true of every responder.
    pub fn status(&self) -> Option<Status> {
        if self.fields.code == Code::Ok {
            return None;
        }
        let message = String::from_utf8_lossy(self.status_message.unwrap_or_default());
        let mut status = Status::new(self.fields.code, message)
            .with_executed(self.fields.executed.unwrap_or(Executed::Maybe));
        if let Some(details) = self
            .status_details
            .and_then(|details| str::from_utf8(details).ok())
        {
            status = status.with_details(details);
        }
        if let Some(delay) = self.fields.retry_after_ms {
            status = status.with_retry_after(Duration::from_millis(delay));
        }
        Some(status)
    }

    /// Passes each header of this reply to `put`. Clears `scratch` and builds the packed header in it.
    ///
    /// Take the message from [`Status::wire_message`]: a longer message is refused.
    ///
    /// # Errors
    /// Those of [`ReplyFields::encode`], and [`Malformed::Value`] if the message is too long. `put` gets nothing then.
    pub fn write<'b>(
        &'b self,
        scratch: &'b mut Vec<u8>,
        put: impl FnMut(&'static str, &'b [u8]),
    ) -> Result<(), Malformed> {
        if self
            .status_message
            .is_some_and(|message| message.len() > crate::MAX_STATUS_MESSAGE)
        {
            return Err(Malformed::Value(header::STATUS_MESSAGE));
        }
        scratch.clear();
        self.fields.encode(scratch)?;
        self.write_packed(scratch, put);
        Ok(())
    }

    /// Like [`write`](Self::write), with a packed header that was built before: it is the same in most replies of a
    /// responder.
    /// This does not check the length of the message.
    pub fn write_packed<'b>(
        &'b self,
        packed: &'b [u8],
        mut put: impl FnMut(&'static str, &'b [u8]),
    ) {
        put(header::CORRELATION_ID, self.correlation_id);
        put(header::ANTIPHON, packed);
        let optional = [
            (header::STATUS_MESSAGE, self.status_message),
            (header::STATUS_DETAILS, self.status_details),
            (header::CONTENT_TYPE, self.content_type.map(str::as_bytes)),
            (header::MESSAGE_TYPE, self.message_type.map(str::as_bytes)),
            (header::TRACEPARENT, self.traceparent.map(str::as_bytes)),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                put(name, value);
            }
        }
    }
}

/// The headers of the protocol, as the reader finds them.
struct Found<'a> {
    correlation_id: Unique<'a>,
    antiphon: Unique<'a>,
    status_message: Unique<'a>,
    status_details: Unique<'a>,
    content_type: Unique<'a>,
    message_type: Unique<'a>,
    traceparent: Option<&'a str>,
}

impl<'a> Found<'a> {
    fn new() -> Self {
        Self {
            correlation_id: Unique::new(header::CORRELATION_ID),
            antiphon: Unique::new(header::ANTIPHON),
            status_message: Unique::new(header::STATUS_MESSAGE),
            status_details: Unique::new(header::STATUS_DETAILS),
            content_type: Unique::new(header::CONTENT_TYPE),
            message_type: Unique::new(header::MESSAGE_TYPE),
            traceparent: None,
        }
    }

    fn take(&mut self, name: &[u8], value: Option<&'a [u8]>) -> Result<(), Malformed> {
        match name {
            b"correlation-id" => self.correlation_id.set(value)?,
            b"antiphon" => self.antiphon.set(value)?,
            b"status-message" => self.status_message.set(value)?,
            b"status-details" => self.status_details.set(value)?,
            b"content-type" => self.content_type.set(value)?,
            b"message-type" => self.message_type.set(value)?,
            b"traceparent" => self.traceparent = foreign_text(value),
            _ => {}
        }
        Ok(())
    }

    fn into_head(self) -> Result<ReplyHead<'a>, Malformed> {
        Ok(ReplyHead {
            correlation_id: correlation_id(self.correlation_id.get())?,
            fields: self
                .antiphon
                .get()
                .map_or_else(|| Ok(ReplyFields::default()), ReplyFields::parse)?,
            status_message: self.status_message.get(),
            status_details: self.status_details.get(),
            content_type: self.content_type.text()?,
            message_type: self.message_type.text()?,
            traceparent: self.traceparent,
        })
    }
}
