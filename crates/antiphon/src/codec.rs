//! Values to bytes and back.

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};

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

/// JSON, by serde.
#[derive(Clone, Copy, Debug, Default)]
pub struct Json;

impl<T: Serialize + ?Sized> Encode<T> for Json {
    fn content_type(&self) -> Option<&'static str> {
        Some("application/json")
    }

    fn encode(&self, value: &T) -> Result<Bytes, CodecError> {
        Ok(serde_json::to_vec(value)?.into())
    }
}

impl<T: DeserializeOwned> Decode<T> for Json {
    fn decode(&self, payload: &Bytes) -> Result<T, CodecError> {
        Ok(serde_json::from_slice(payload)?)
    }
}

/// Bytes and text as they are.
#[derive(Clone, Copy, Debug, Default)]
pub struct Raw;

impl<T: AsRef<[u8]> + ?Sized> Encode<T> for Raw {
    fn content_type(&self) -> Option<&'static str> {
        None
    }

    fn encode(&self, value: &T) -> Result<Bytes, CodecError> {
        Ok(Bytes::copy_from_slice(value.as_ref()))
    }
}

impl Decode<Bytes> for Raw {
    fn decode(&self, payload: &Bytes) -> Result<Bytes, CodecError> {
        Ok(payload.clone())
    }
}

impl Decode<String> for Raw {
    fn decode(&self, payload: &Bytes) -> Result<String, CodecError> {
        Ok(std::str::from_utf8(payload)?.to_owned())
    }
}
