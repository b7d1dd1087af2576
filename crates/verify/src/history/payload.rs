//! What requests and replies of a run carry, so that any of them can be judged by itself.

use std::hash::Hasher;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;

use super::{
    event::Facts,
    id::{CallId, ExecutionId},
};

/// What makes replies' tags; known to a run's responders and to who checks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key(pub u64);

/// The value of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestPayload {
    /// The call.
    pub call: CallId,
    /// Random, so that no reply can be made up.
    pub nonce: u64,
    /// Microseconds that the handler shall take.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub work: u64,
    /// What the handler shall do instead of answering.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fail: Option<Misbehaviour>,
}

/// What a handler is asked to do instead of answering.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Misbehaviour {
    /// Return an error.
    Error,
    /// Panic.
    Panic,
    /// Answer with more than fits a record.
    TooLarge,
}

/// The value of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyPayload {
    call: CallId,
    nonce: u64,
    execution: ExecutionId,
    tag: u64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl RequestPayload {
    /// As the value of a record.
    pub fn encode(&self) -> Bytes {
        encode(self)
    }

    /// `None`: it is not a request of a run.
    pub fn decode(value: &[u8]) -> Option<Self> {
        serde_json::from_slice(value).ok()
    }
}

impl ReplyPayload {
    /// The answer of `execution` to a request.
    pub fn new(request: &RequestPayload, execution: ExecutionId, key: Key) -> Self {
        Self {
            call: request.call,
            nonce: request.nonce,
            execution,
            tag: tag(key, request.call, request.nonce, execution),
        }
    }

    /// As the value of a record.
    pub fn encode(&self) -> Bytes {
        encode(self)
    }

    /// `None`: it is not a reply of a run.
    pub fn decode(value: &[u8]) -> Option<Self> {
        serde_json::from_slice(value).ok()
    }

    /// What it says, and whether that can be believed.
    pub fn facts(&self, key: Key) -> Facts {
        Facts {
            call: self.call,
            nonce: self.nonce,
            execution: self.execution,
            genuine: self.tag == tag(key, self.call, self.nonce, self.execution),
        }
    }
}

fn encode(payload: &impl Serialize) -> Bytes {
    // Numbers and fixed names always encode.
    serde_json::to_vec(payload).unwrap_or_default().into()
}

fn tag(key: Key, call: CallId, nonce: u64, execution: ExecutionId) -> u64 {
    let mut hasher = SipHasher13::new_with_keys(key.0, 0x616e_7469_7068_6f6e);
    hasher.write_u64(call.0);
    hasher.write_u64(nonce);
    hasher.write_u64(execution.0);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> RequestPayload {
        RequestPayload {
            call: CallId::new(1, 1, 7),
            nonce: 99,
            work: 0,
            fail: None,
        }
    }

    #[test]
    fn a_reply_of_the_run_is_genuine() {
        let reply = ReplyPayload::new(&request(), ExecutionId::new(2, 1, 1), Key(5));
        let read = ReplyPayload::decode(&reply.encode()).map(|reply| reply.facts(Key(5)));
        let facts = read.unwrap();
        assert!(facts.genuine);
        assert_eq!((facts.call, facts.nonce), (request().call, 99));
    }

    #[test]
    fn a_reply_whose_parts_were_mixed_is_not_genuine() {
        let mut reply = ReplyPayload::new(&request(), ExecutionId::new(2, 1, 1), Key(5));
        assert!(!reply.facts(Key(6)).genuine);
        reply.call = CallId::new(1, 1, 8);
        assert!(!reply.facts(Key(5)).genuine);
    }

    #[test]
    fn a_request_survives_its_encoding() {
        let request = RequestPayload {
            fail: Some(Misbehaviour::Panic),
            work: 12,
            ..request()
        };
        assert_eq!(RequestPayload::decode(&request.encode()), Some(request));
        assert_eq!(RequestPayload::decode(b"hello"), None);
    }
}
