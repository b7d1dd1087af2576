//! Correlation ids without their texts.

use std::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher13};

/// A correlation id, as 128 bits of hash: a history holds too many to keep their texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct IdKey(u128);

impl IdKey {
    pub(super) fn of(id: &str) -> Self {
        let mut hasher = SipHasher13::new();
        hasher.write(id.as_bytes());
        Self(hasher.finish128().as_u128())
    }
}
