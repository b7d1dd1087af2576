//! Values to payloads and back.
//!
//! A codec is a value: [`Json`], [`Raw`], or one of your own that implements [`Encode`] and
//! [`Decode`]. It sees the topic, the operation, the direction and the headers of a payload, and it
//! may wait, for instance for a schema.
//!
//! ```
//! use antiphon::codec::{Coded, Decode, Encode, Encoded, Outbound, Received};
//!
//! /// Numbers as eight bytes, the highest first.
//! struct BigEndian;
//!
//! impl Encode<u64> for BigEndian {
//!     fn encode(&self, value: &u64, _: &Outbound<'_>) -> Coded<Encoded> {
//!         let bytes = value.to_be_bytes().to_vec();
//!         Coded::ok(Encoded::new(bytes).content_type("application/octet-stream"))
//!     }
//! }
//!
//! impl Decode<u64> for BigEndian {
//!     fn decode(&self, payload: &Received<'_>) -> Coded<u64> {
//!         let bytes = payload.value()[..].try_into();
//!         Coded::from(bytes.map(u64::from_be_bytes))
//!     }
//! }
//! ```

mod coded;
mod json;
mod payload;
mod raw;

use std::sync::Arc;

pub(crate) use self::payload::HeaderSource;
pub use self::{
    coded::{Coded, CodedFuture},
    json::Json,
    payload::{Direction, Encoded, Outbound, Received},
    raw::Raw,
};

/// A value that could not be encoded or decoded.
pub type CodecError = Box<dyn std::error::Error + Send + Sync>;

/// Turns values of type `T` into payloads.
pub trait Encode<T: ?Sized>: Send + Sync {
    /// The payload for `value`, and what its headers say about it.
    ///
    /// Return [`Coded::Ready`] where nothing has to be waited for: then no future is made.
    ///
    /// # Errors
    /// When `value` has no form in this encoding. A request then fails as
    /// [`Invalid`](crate::RequestErrorKind::Invalid), not executed; a reply becomes an `INTERNAL`
    /// error, executed.
    fn encode(&self, value: &T, to: &Outbound<'_>) -> Coded<Encoded>;
}

/// Turns payloads into values of type `T`.
pub trait Decode<T>: Send + Sync {
    /// The value in the payload.
    ///
    /// Return [`Coded::Ready`] where nothing has to be waited for: then no future is made.
    ///
    /// # Errors
    /// When the bytes are not a `T`. On a reply the call fails as
    /// [`Undecodable`](crate::RequestErrorKind::Undecodable), executed. In a service the requester
    /// gets `INVALID_ARGUMENT`, and the handler does not run.
    fn decode(&self, from: &Received<'_>) -> Coded<T>;
}

impl<T: ?Sized, C: Encode<T> + ?Sized> Encode<T> for &C {
    fn encode(&self, value: &T, to: &Outbound<'_>) -> Coded<Encoded> {
        (**self).encode(value, to)
    }
}

impl<T, C: Decode<T> + ?Sized> Decode<T> for &C {
    fn decode(&self, from: &Received<'_>) -> Coded<T> {
        (**self).decode(from)
    }
}

impl<T: ?Sized, C: Encode<T> + ?Sized> Encode<T> for Arc<C> {
    fn encode(&self, value: &T, to: &Outbound<'_>) -> Coded<Encoded> {
        (**self).encode(value, to)
    }
}

impl<T, C: Decode<T> + ?Sized> Decode<T> for Arc<C> {
    fn decode(&self, from: &Received<'_>) -> Coded<T> {
        (**self).decode(from)
    }
}
