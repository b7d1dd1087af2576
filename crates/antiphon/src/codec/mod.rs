//! Values to bytes and back.

mod json;
mod raw;

use bytes::Bytes;

pub use self::{json::Json, raw::Raw};

/// A value that could not be encoded or decoded.
pub type CodecError = Box<dyn std::error::Error + Send + Sync>;

/// Turns values of type `T` into payloads.
pub trait Encode<T: ?Sized> {
    /// The media type that stands in the `content-type` header; `None` writes no header.
    fn content_type(&self) -> Option<&'static str>;

    /// The payload for `value`.
    ///
    /// # Errors
    /// When `value` has no form in this encoding. The call then ends as invalid, not executed.
    fn encode(&self, value: &T) -> Result<Bytes, CodecError>;
}

/// Turns payloads into values of type `T`.
pub trait Decode<T> {
    /// The value in `payload`.
    ///
    /// # Errors
    /// When the bytes are not a `T`. On a reply: undecodable, executed. In a service:
    /// `INVALID_ARGUMENT`, and the handler does not run.
    fn decode(&self, payload: &Bytes) -> Result<T, CodecError>;
}
