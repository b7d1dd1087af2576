//! Correlation ids: whose each is, and what the log has of it.

use crate::checker::{
    key::IdKey,
    rows::{NONE, Row, Rows},
};

/// All correlation ids.
pub(in crate::checker) type Ids = Rows<IdKey, Id>;

/// One correlation id.
#[derive(Debug)]
pub(in crate::checker) struct Id {
    pub(in crate::checker) key: IdKey,
    /// The call that it was sent for, by its requester or by the log.
    pub(in crate::checker) call: Row,
    /// Another id of the same call.
    pub(in crate::checker) next: Row,
    /// The partition that the request was sent to.
    pub(in crate::checker) sent_to: Row,
    /// The partition that a reply was last sent to.
    pub(in crate::checker) replied_to: Row,
    /// Acknowledgements of replies.
    pub(in crate::checker) stored: u32,
    /// When the first came.
    pub(in crate::checker) stored_at: u64,
    /// Records of replies in the log.
    pub(in crate::checker) records: u32,
}

impl Id {
    pub(in crate::checker) fn new(key: IdKey) -> Self {
        Self {
            key,
            call: NONE,
            next: NONE,
            sent_to: NONE,
            replied_to: NONE,
            stored: 0,
            stored_at: 0,
            records: 0,
        }
    }
}
