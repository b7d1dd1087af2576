//! Payloads as codecs see them, in both directions.

use std::borrow::Cow;

use antiphon_proto::header;
use bytes::Bytes;

/// Which way a payload travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the requester to the responder.
    Request,
    /// From the responder to the requester.
    Reply,
}

/// A payload that is about to be written.
#[derive(Clone, Copy, Debug)]
pub struct Outbound<'a> {
    topic: &'a str,
    operation: Option<&'a str>,
    direction: Direction,
}

impl<'a> Outbound<'a> {
    /// A payload for a call on `topic`.
    pub fn new(topic: &'a str, operation: Option<&'a str>, direction: Direction) -> Self {
        Self {
            topic,
            operation,
            direction,
        }
    }

    /// The *request* topic, in both directions. A reply topic belongs to one client group, so its
    /// name says nothing about the payload.
    pub fn topic(&self) -> &'a str {
        self.topic
    }

    /// The operation that the request names.
    pub fn operation(&self) -> Option<&'a str> {
        self.operation
    }

    /// Which way the payload travels.
    pub fn direction(&self) -> Direction {
        self.direction
    }
}

/// An encoded value: its bytes, and what the headers say about them.
#[derive(Clone, Debug, Default)]
pub struct Encoded {
    pub(crate) value: Bytes,
    pub(crate) content_type: Option<Cow<'static, str>>,
    pub(crate) message_type: Option<Cow<'static, str>>,
    pub(crate) headers: Vec<(String, Bytes)>,
}

impl Encoded {
    /// These bytes, with no headers about them.
    pub fn new(value: impl Into<Bytes>) -> Self {
        Self {
            value: value.into(),
            ..Self::default()
        }
    }

    /// Sets the media type, for the `content-type` header. One that the application sets itself
    /// takes precedence.
    #[must_use]
    pub fn content_type(mut self, media_type: impl Into<Cow<'static, str>>) -> Self {
        self.content_type = Some(media_type.into());
        self
    }

    /// Sets the application's name for the type of the value, for the `message-type` header. One
    /// that the application sets itself takes precedence.
    #[must_use]
    pub fn message_type(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.message_type = Some(name.into());
        self
    }

    /// Adds a header, such as the id of a schema.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Bytes>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The bytes.
    pub fn value(&self) -> &Bytes {
        &self.value
    }
}

/// A payload that has been read.
#[derive(Clone, Copy, Debug)]
pub struct Received<'a> {
    value: &'a Bytes,
    about: Outbound<'a>,
    headers: HeaderSource<'a>,
}

/// Headers, in the form in which their owner keeps them.
#[derive(Clone, Copy, Debug)]
pub(crate) enum HeaderSource<'a> {
    /// Of a reply.
    Named(&'a [(String, Bytes)]),
    /// Of a request.
    Pairs(&'a [(Bytes, Option<Bytes>)]),
}

impl<'a> Received<'a> {
    /// A payload with headers, for tests of codecs. Names of headers are compared byte for byte.
    pub fn new(value: &'a Bytes, about: Outbound<'a>, headers: &'a [(String, Bytes)]) -> Self {
        Self::from_source(value, about, HeaderSource::Named(headers))
    }

    pub(crate) fn from_source(
        value: &'a Bytes,
        about: Outbound<'a>,
        headers: HeaderSource<'a>,
    ) -> Self {
        Self {
            value,
            about,
            headers,
        }
    }

    /// The bytes.
    pub fn value(&self) -> &'a Bytes {
        self.value
    }

    /// The *request* topic, in both directions.
    pub fn topic(&self) -> &'a str {
        self.about.topic
    }

    /// The operation that the request names.
    pub fn operation(&self) -> Option<&'a str> {
        self.about.operation
    }

    /// Which way the payload travelled.
    pub fn direction(&self) -> Direction {
        self.about.direction
    }

    /// The `content-type` header. A reply that was matched by its key has no headers, unless the
    /// client [reads them always](crate::config::ReplyConfig::read_headers).
    pub fn content_type(&self) -> Option<&'a str> {
        self.text(header::CONTENT_TYPE)
    }

    /// The `message-type` header. A reply that has one is read in full.
    pub fn message_type(&self) -> Option<&'a str> {
        self.text(header::MESSAGE_TYPE)
    }

    /// The first header of this name, if it has a value.
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        match self.headers {
            HeaderSource::Named(headers) => {
                let (_, value) = headers.iter().find(|(n, _)| n == name)?;
                Some(value)
            }
            HeaderSource::Pairs(headers) => {
                let (_, value) = headers.iter().find(|(n, _)| *n == name.as_bytes())?;
                value.as_deref()
            }
        }
    }

    fn text(&self, name: &str) -> Option<&'a str> {
        str::from_utf8(self.header(name)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_found_in_both_forms() {
        let value = Bytes::from_static(b"{}");
        let about = Outbound::new("orders", Some("price"), Direction::Request);
        let json = Bytes::from_static(b"application/json");
        let named = [(header::CONTENT_TYPE.to_owned(), json.clone())];
        let pairs = [
            (Bytes::from_static(header::MESSAGE_TYPE.as_bytes()), None),
            (
                Bytes::from_static(header::CONTENT_TYPE.as_bytes()),
                Some(json),
            ),
        ];
        for headers in [HeaderSource::Named(&named), HeaderSource::Pairs(&pairs)] {
            let received = Received::from_source(&value, about, headers);
            assert_eq!(received.content_type(), Some("application/json"));
            assert_eq!(received.message_type(), None);
            assert_eq!(received.header("absent"), None);
        }
    }
}
