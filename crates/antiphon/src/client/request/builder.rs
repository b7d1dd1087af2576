//! One request that is bound to its client.

use std::{fmt, future::IntoFuture, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};

use super::{
    super::{inner::Inner, reply::Reply},
    Request, RequestFuture, TypedRequest,
    parts::{Destination, RequestParts},
    payload_setters, setters,
};
use crate::{
    codec::{Decode, Encode, Json},
    error::RequestError,
};

/// One request for one reply. Made by [`Client::request`](crate::Client::request). Nothing happens
/// until it is awaited.
///
/// ```
/// use antiphon::{Client, RequestError};
///
/// async fn greet(client: &Client) -> Result<(), RequestError> {
///     // Bytes.
///     let reply = client.request("greetings").value("world").await?;
///     println!("{} bytes", reply.value().len());
///     // JSON.
///     let sum: i64 = client.request("sums").json(&[1, 2, 39]).await?;
///     println!("{sum}");
///     Ok(())
/// }
/// ```
#[must_use = "a request does nothing until it is awaited"]
#[derive(Clone)]
pub struct RequestBuilder {
    client: Arc<Inner>,
    /// Boxed: it passes through several futures, each of which would hold it.
    parts: Box<RequestParts>,
}

impl RequestBuilder {
    pub(in super::super) fn new(client: &Arc<Inner>, topic: &str) -> Self {
        Self {
            parts: Box::new(RequestParts::to(destination(client, topic))),
            client: Arc::clone(client),
        }
    }

    setters!();
    payload_setters!();

    pub(super) fn parts_mut(&mut self) -> &mut RequestParts {
        &mut self.parts
    }

    /// Encodes `value` as JSON, and decodes the reply. `T` is the type of the reply.
    ///
    /// Set the operation before: the codec reads it.
    pub fn json<T: DeserializeOwned>(
        self,
        value: &(impl Serialize + ?Sized),
    ) -> TypedRequest<Json, T> {
        self.codec(Json, value)
    }

    /// Encodes `value` with a codec, and decodes the reply with it. `T` is the type of the reply.
    ///
    /// Set the operation before: the codec reads it.
    pub fn codec<C, Req, T>(self, codec: C, value: &Req) -> TypedRequest<C, T>
    where
        C: Encode<Req> + Decode<T>,
        Req: ?Sized,
    {
        TypedRequest::new(self, codec, value)
    }

    /// Sends the request and waits for its reply, as awaiting the builder does.
    ///
    /// # Errors
    /// Each error says by [`RequestError::executed`] whether the work ran.
    ///
    /// # Cancel safety
    /// Dropping the future frees the call's slot and its room under the limits. A request that is
    /// out already may still be executed; its reply is then counted as late.
    pub fn send(self) -> RequestFuture {
        RequestFuture::new(self.client, self.parts)
    }

    /// The request as a value, without its client.
    pub fn build(mut self) -> Request {
        if let Destination::Known(index) = self.parts.to {
            let name = self
                .client
                .topics
                .at(index)
                .map(|topic| Arc::clone(topic.name()));
            self.parts.to = Destination::Named(name.unwrap_or_default());
        }
        Request::from_parts(self.parts)
    }

    /// The request topic.
    pub fn topic(&self) -> &str {
        self.parts.topic(&self.client.topics)
    }

    pub(super) fn parts(&self) -> &RequestParts {
        &self.parts
    }

    pub(super) fn set_encoded(&mut self, encoded: crate::codec::Encoded) {
        self.parts.set_encoded(encoded);
    }
}

/// A topic that the client has met before is found by its index, without comparing names again.
pub(super) fn destination(client: &Inner, topic: &str) -> Destination {
    match client.topics.get(topic) {
        Some(known) => Destination::Known(known.index),
        None => Destination::Named(topic.into()),
    }
}

impl IntoFuture for RequestBuilder {
    type Output = Result<Reply, RequestError>;
    type IntoFuture = RequestFuture;

    fn into_future(self) -> RequestFuture {
        self.send()
    }
}

impl fmt::Debug for RequestBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBuilder")
            .field("topic", &self.topic())
            .field("timeout", &self.parts.timeout)
            .finish_non_exhaustive()
    }
}
