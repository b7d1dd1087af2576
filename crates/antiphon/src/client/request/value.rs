//! A request as a value: without a client, readable and changeable by layers.

use std::{fmt, sync::Arc, sync::LazyLock, time::Duration};

use antiphon_proto::Metadata;
use bytes::Bytes;

use super::{
    Extensions,
    parts::{Destination, RequestParts},
};

/// A request to a topic. [`Client::execute`](crate::Client::execute) sends it; as a
/// `tower::Service` a client takes it out of any stack of layers.
///
/// ```
/// use std::time::Duration;
///
/// use antiphon::Request;
///
/// let request = Request::new("shop")
///     .with_operation("price")
///     .with_value("apples")
///     .with_timeout(Duration::from_secs(2));
/// assert_eq!(request.topic(), "shop");
/// assert_eq!(&request.value()[..], b"apples");
/// ```
#[derive(Clone)]
pub struct Request(Box<RequestParts>);

impl Request {
    /// A request to `topic`, with an empty payload.
    pub fn new(topic: impl Into<Arc<str>>) -> Self {
        let to = Destination::Named(topic.into());
        Self(Box::new(RequestParts::to(to)))
    }

    pub(crate) fn from_parts(parts: Box<RequestParts>) -> Self {
        Self(parts)
    }

    pub(crate) fn into_parts(self) -> Box<RequestParts> {
        self.0
    }

    /// Sets the payload. Setting it a second time makes the request
    /// [`Invalid`](crate::RequestErrorKind::Invalid); a layer that replaces it uses
    /// [`value_mut`](Self::value_mut).
    #[must_use]
    pub fn with_value(mut self, value: impl Into<Bytes>) -> Self {
        self.0.set_value(value.into());
        self
    }

    /// Sets the record's key. See [`RequestBuilder::key`](crate::RequestBuilder::key).
    #[must_use]
    pub fn with_key(mut self, key: impl Into<Bytes>) -> Self {
        self.0.key = Some(key.into());
        self
    }

    /// Adds an application header. Names of the protocol are refused when the request is sent.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<Bytes>) -> Self {
        self.0.headers.push((name.into(), Some(value.into())));
        self
    }

    /// Sets the operation.
    #[must_use]
    pub fn with_operation(mut self, operation: impl Into<String>) -> Self {
        self.0.operation = Some(operation.into());
        self
    }

    /// Sets how long the call may take. Default: the client's timeout.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.0.timeout = Some(timeout);
        self
    }

    /// Sets what the call is recognised by in [`Client::pending`](crate::Client::pending). It does
    /// not travel.
    #[must_use]
    pub fn with_metadata(mut self, metadata: impl Into<Metadata>) -> Self {
        self.0.metadata = Some(metadata.into());
        self
    }

    /// The request topic.
    pub fn topic(&self) -> &str {
        match &self.0.to {
            Destination::Named(name) => name,
            // Indexes are replaced by names before a request leaves its builder.
            Destination::Known(_) => "",
        }
    }

    /// The payload.
    pub fn value(&self) -> &Bytes {
        &self.0.value
    }

    /// The payload, to replace it.
    pub fn value_mut(&mut self) -> &mut Bytes {
        &mut self.0.value
    }

    /// The record's key.
    pub fn key(&self) -> Option<&Bytes> {
        self.0.key.as_ref()
    }

    /// The record's key, to replace it.
    pub fn key_mut(&mut self) -> &mut Option<Bytes> {
        &mut self.0.key
    }

    /// The first header of this name, if it has a value.
    pub fn header(&self, name: &str) -> Option<&Bytes> {
        let mut all = self.headers().iter();
        all.find(|(n, _)| n == name)?.1.as_ref()
    }

    /// The application's headers, in order.
    pub fn headers(&self) -> &[(String, Option<Bytes>)] {
        &self.0.headers
    }

    /// The application's headers, to change them.
    pub fn headers_mut(&mut self) -> &mut Vec<(String, Option<Bytes>)> {
        &mut self.0.headers
    }

    /// The operation.
    pub fn operation(&self) -> Option<&str> {
        self.0.operation.as_deref()
    }

    /// How long the call may take; `None`: the client's timeout.
    pub fn timeout(&self) -> Option<Duration> {
        self.0.timeout
    }

    /// How long the call may take, to change it.
    pub fn timeout_mut(&mut self) -> &mut Option<Duration> {
        &mut self.0.timeout
    }

    /// What the call is recognised by in [`Client::pending`](crate::Client::pending).
    pub fn metadata(&self) -> Option<&Metadata> {
        self.0.metadata.as_ref()
    }

    /// Values that layers attached.
    pub fn extensions(&self) -> &Extensions {
        static NONE: LazyLock<Extensions> = LazyLock::new(Extensions::new);
        self.0.extensions.as_deref().unwrap_or(&NONE)
    }

    /// Values that layers attached, to change them.
    pub fn extensions_mut(&mut self) -> &mut Extensions {
        self.0.extensions.get_or_insert_default()
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("topic", &self.topic())
            .field("operation", &self.operation())
            .field("bytes", &self.value().len())
            .field("timeout", &self.timeout())
            .finish_non_exhaustive()
    }
}
