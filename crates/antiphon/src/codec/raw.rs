//! Bytes and text without an encoding.

use bytes::Bytes;

use super::{CodecError, Decode, Encode};

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
