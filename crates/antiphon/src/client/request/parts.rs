//! Everything that a caller says about one request, before it is sent.

use std::{borrow::Cow, sync::Arc, time::Duration};

use antiphon_proto::{Executed, Metadata, ReplyMode, is_legal_topic_name, is_operation_name};
use bytes::Bytes;

use super::{super::topics::Topics, Extensions};
use crate::{
    codec::Encoded,
    error::{RequestError, RequestErrorKind},
    wire,
};

#[derive(Clone, Debug)]
pub(crate) struct RequestParts {
    pub(crate) to: Destination,
    pub(crate) key: Option<Bytes>,
    pub(crate) value: Bytes,
    pub(crate) payload: Payload,
    pub(crate) headers: Vec<(String, Option<Bytes>)>,
    /// What the codec says of the value; headers of the application take precedence.
    pub(crate) content_type: Option<Cow<'static, str>>,
    pub(crate) message_type: Option<Cow<'static, str>>,
    pub(crate) operation: Option<String>,
    /// `None`: the client's.
    pub(crate) timeout: Option<Duration>,
    pub(crate) metadata: Option<Metadata>,
    pub(crate) mode: ReplyMode,
    pub(crate) extensions: Option<Box<Extensions>>,
}

/// Where a request goes.
#[derive(Clone, Debug)]
pub(crate) enum Destination {
    /// A topic that the client has met before, by its index.
    Known(u32),
    Named(Arc<str>),
}

/// How often the payload was set: a second time is a mistake that must not pass silently.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Payload {
    #[default]
    Empty,
    Set,
    SetTwice,
}

/// The longest timeout: half the range of the table's wrapping clock, with a margin.
pub(crate) const MAX_TIMEOUT: Duration = Duration::from_secs(24 * 24 * 3600 - 3600);

impl RequestParts {
    pub(crate) fn to(to: Destination) -> Self {
        Self {
            to,
            key: None,
            value: Bytes::new(),
            payload: Payload::Empty,
            headers: Vec::new(),
            content_type: None,
            message_type: None,
            operation: None,
            timeout: None,
            metadata: None,
            mode: ReplyMode::Single,
            extensions: None,
        }
    }

    pub(crate) fn set_value(&mut self, value: Bytes) {
        self.value = value;
        self.payload = match self.payload {
            Payload::Empty => Payload::Set,
            Payload::Set | Payload::SetTwice => Payload::SetTwice,
        };
    }

    /// Sets the payload to an encoded value.
    pub(crate) fn set_encoded(&mut self, encoded: Encoded) {
        self.set_value(encoded.value);
        self.content_type = encoded.content_type;
        self.message_type = encoded.message_type;
        let headers = encoded.headers.into_iter();
        self.headers
            .extend(headers.map(|(name, value)| (name, Some(value))));
    }

    pub(crate) fn topic<'a>(&'a self, topics: &'a Topics) -> &'a str {
        match &self.to {
            Destination::Named(name) => name,
            Destination::Known(index) => topics.at(*index).map_or("", |topic| topic.name()),
        }
    }

    /// What it counts against the limit of bytes in flight.
    pub(crate) fn weight(&self) -> u32 {
        let key = self.key.as_ref().map_or(0, Bytes::len);
        u32::try_from(self.value.len() + key).unwrap_or(u32::MAX)
    }

    /// Refuses what could never be answered. `limit` is the most that key and value may have
    /// together, in bytes.
    pub(crate) fn check(&self, limit: u64) -> Result<(), RequestError> {
        let invalid = |detail: String| Err(RequestError::invalid(detail));
        if let Destination::Named(name) = &self.to
            && !is_legal_topic_name(name)
        {
            return invalid(format!("{name:?} is not a legal topic name"));
        }
        if self.payload == Payload::SetTwice {
            return invalid("the payload is set twice".to_owned());
        }
        if let Some(timeout) = self.timeout
            && (timeout.is_zero() || timeout > MAX_TIMEOUT)
        {
            return invalid(format!(
                "a timeout of {timeout:?} is not between 1 ms and 24 days"
            ));
        }
        if let Some(operation) = self.operation.as_deref().filter(|o| !is_operation_name(o)) {
            return invalid(format!(
                "{operation:?} is not an operation name: 1 to 200 of a-z A-Z 0-9 . _ / -"
            ));
        }
        let lengths = |value: &Option<Bytes>| value.as_ref().map_or(0, Bytes::len);
        let headers = self.headers.iter();
        if let Some(why) = wire::refusal(headers.map(|(n, v)| (n.as_str(), lengths(v)))) {
            return invalid(why);
        }
        let weight = self.weight();
        if u64::from(weight) > limit {
            return Err(RequestError::new(
                RequestErrorKind::TooLarge,
                Executed::No,
                format!("{weight} bytes of key and value exceed the limit of {limit}"),
            ));
        }
        Ok(())
    }
}
