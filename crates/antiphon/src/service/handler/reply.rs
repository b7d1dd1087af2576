//! What handlers may return.

use antiphon_proto::Status;
use bytes::Bytes;
use serde::Serialize;

use super::{extract::Json, message::Reply};
use crate::codec::Encoded;

/// What a handler function returns: a payload in one of several forms, or a [`Status`].
///
/// ```
/// use antiphon::{Status, service::{IntoReply, Reply}};
///
/// struct Celsius(f64);
///
/// impl IntoReply for Celsius {
///     fn into_reply(self) -> Result<Reply, Status> {
///         Ok(Reply::new(format!("{:.1}", self.0)).message_type("celsius"))
///     }
/// }
///
/// async fn outside() -> Celsius {
///     Celsius(21.5)
/// }
/// ```
pub trait IntoReply {
    /// The reply.
    ///
    /// # Errors
    /// The error that the requester gets: the handler's own, or `INTERNAL` for a value that has no
    /// form in its encoding.
    fn into_reply(self) -> Result<Reply, Status>;
}

macro_rules! replies {
    ($($(#[$doc:meta])* $type:ty),* $(,)?) => {
        $($(#[$doc])*
        impl IntoReply for $type {
            fn into_reply(self) -> Result<Reply, Status> {
                Ok(self.into())
            }
        })*
    };
}

replies!(
    Reply,
    Encoded,
    Bytes,
    Vec<u8>,
    String,
    &'static str,
    &'static [u8]
);

/// An empty payload.
impl IntoReply for () {
    fn into_reply(self) -> Result<Reply, Status> {
        Ok(Reply::default())
    }
}

/// The value as JSON.
impl<T: Serialize> IntoReply for Json<T> {
    fn into_reply(self) -> Result<Reply, Status> {
        match serde_json::to_vec(&self.0) {
            Ok(bytes) => Ok(Reply::new(bytes).content_type("application/json")),
            Err(error) => Err(Status::internal(format!(
                "the reply does not encode: {error}"
            ))),
        }
    }
}

/// An error is sent to the requester as an error reply.
impl<R: IntoReply> IntoReply for Result<R, Status> {
    fn into_reply(self) -> Result<Reply, Status> {
        self?.into_reply()
    }
}
