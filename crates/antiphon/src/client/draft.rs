//! A request before it is sent.

use std::{borrow::Cow, sync::Arc, time::Duration};

use antiphon_proto::{Metadata, ReplyMode, is_legal_topic_name, is_operation_name};
use bytes::Bytes;

use super::core::Core;
use crate::{
    codec::Encoded,
    config::ClientConfig,
    error::{RequestError, RequestErrorKind},
    wire,
};

/// Everything that a caller says about one request.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) to: To,
    pub(crate) key: Option<Bytes>,
    pub(crate) value: Bytes,
    pub(crate) headers: Vec<(String, Option<Bytes>)>,
    /// What the codec says of the value; headers of the application take precedence.
    pub(crate) content_type: Option<Cow<'static, str>>,
    pub(crate) message_type: Option<Cow<'static, str>>,
    pub(crate) operation: Option<String>,
    pub(crate) timeout: Duration,
    pub(crate) metadata: Option<Metadata>,
    pub(crate) mode: ReplyMode,
}

/// Where a request goes.
#[derive(Clone, Debug)]
pub(crate) enum To {
    /// A topic that the client has met before, by its index.
    Known(u32),
    Named(Arc<str>),
}

/// The longest timeout: half the range of the table's wrapping clock, with a margin.
pub(crate) const MAX_TIMEOUT: Duration = Duration::from_secs(24 * 24 * 3600 - 3600);

impl Draft {
    pub(crate) fn new(core: &Core, topic: &str) -> Box<Self> {
        let to = match core.targets.get(topic) {
            Some(target) => To::Known(target.index),
            None => To::Named(topic.into()),
        };
        Box::new(Self::to(to, core.config.timeout))
    }

    /// For a scatter, which puts each of its topics in.
    pub(crate) fn of_no_topic(timeout: Duration) -> Self {
        Self::to(To::Named(Arc::default()), timeout)
    }

    fn to(to: To, timeout: Duration) -> Self {
        Self {
            to,
            key: None,
            value: Bytes::new(),
            headers: Vec::new(),
            content_type: None,
            message_type: None,
            operation: None,
            timeout,
            metadata: None,
            mode: ReplyMode::Single,
        }
    }

    pub(crate) fn topic<'a>(&'a self, core: &'a Core) -> &'a str {
        match &self.to {
            To::Named(name) => name,
            To::Known(index) => core.targets.at(*index).map_or("", |target| target.name()),
        }
    }

    /// Takes an encoded value in.
    pub(crate) fn encoded(&mut self, encoded: Encoded) {
        self.value = encoded.value;
        self.content_type = encoded.content_type;
        self.message_type = encoded.message_type;
        let headers = encoded.headers.into_iter();
        self.headers
            .extend(headers.map(|(name, value)| (name, Some(value))));
    }

    /// What it counts against the limit of bytes in flight.
    pub(crate) fn weight(&self) -> u32 {
        let key = self.key.as_ref().map_or(0, Bytes::len);
        u32::try_from(self.value.len() + key).unwrap_or(u32::MAX)
    }

    /// Refuses what could never be answered.
    pub(crate) fn check(&self, config: &ClientConfig) -> Result<(), RequestError> {
        let invalid = |detail: String| Err(RequestError::invalid(detail));
        if let To::Named(name) = &self.to
            && !is_legal_topic_name(name)
        {
            return invalid(format!("{name:?} is not a legal topic name"));
        }
        if self.timeout.is_zero() || self.timeout > MAX_TIMEOUT {
            return invalid(format!(
                "a timeout of {:?} is not between 1 ms and 24 days",
                self.timeout
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
        let limit = u64::from(config.max_request_bytes).min(config.max_in_flight_bytes);
        if u64::from(self.weight()) > limit {
            return Err(RequestError::new(
                RequestErrorKind::TooLarge,
                antiphon_proto::Executed::No,
                format!(
                    "{} bytes of key and value exceed the limit of {limit}",
                    self.weight()
                ),
            ));
        }
        Ok(())
    }
}
