//! JSON, by serde.

use serde::{Serialize, de::DeserializeOwned};

use super::{Coded, Decode, Encode, Encoded, Outbound, Received};

/// JSON, by serde. Its `content-type` is `application/json`; what it reads may say anything.
#[derive(Clone, Copy, Debug, Default)]
pub struct Json;

impl<T: Serialize + ?Sized> Encode<T> for Json {
    fn encode(&self, value: &T, _: &Outbound<'_>) -> Coded<Encoded> {
        let encoded = serde_json::to_vec(value);
        encoded
            .map(|bytes| Encoded::new(bytes).content_type("application/json"))
            .into()
    }
}

impl<T: DeserializeOwned> Decode<T> for Json {
    fn decode(&self, from: &Received<'_>) -> Coded<T> {
        serde_json::from_slice(from.value()).into()
    }
}
