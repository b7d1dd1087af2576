//! Bytes and text without an encoding.

use bytes::Bytes;

use super::{Coded, Decode, Encode, Encoded, Outbound, Received};

/// Bytes and text as they are, without a `content-type`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Raw;

impl<T: AsRef<[u8]> + ?Sized> Encode<T> for Raw {
    fn encode(&self, value: &T, _: &Outbound<'_>) -> Coded<Encoded> {
        Coded::ok(Encoded::new(Bytes::copy_from_slice(value.as_ref())))
    }
}

impl Decode<Bytes> for Raw {
    fn decode(&self, from: &Received<'_>) -> Coded<Bytes> {
        Coded::ok(from.value().clone())
    }
}

impl Decode<String> for Raw {
    fn decode(&self, from: &Received<'_>) -> Coded<String> {
        str::from_utf8(from.value()).map(str::to_owned).into()
    }
}
