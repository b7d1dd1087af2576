//! A pending call that lives through many replies.
//!
//! The matcher puts replies in, under the lock of the call's slot; the caller takes them out. What
//! is kept, what is refused and when the call is complete is the business of a [`Policy`]: a
//! gather's votes today.

use std::{collections::VecDeque, task::Waker};

use antiphon_proto::{CorrelationId, ReplyHead};

use super::stray::StrayKind;
use crate::{transport::Record, wire::ReadHeaders};

/// The replies of one call that its caller has not taken yet, in the order of arrival.
pub(crate) struct Mailbox<P: Policy> {
    waker: Option<Waker>,
    unread: VecDeque<P::Item>,
    pub(crate) policy: P,
}

/// Decides over the replies of a mailbox, and bounds what it holds.
pub(crate) trait Policy {
    /// What the caller gets.
    type Item;

    /// Takes a reply, or says why it is not wanted.
    fn accept(&mut self, arrived: &Arrived<'_>) -> Result<Self::Item, StrayKind>;

    /// Whether the call wants no more replies.
    fn is_complete(&self) -> bool;
}

/// A reply whose headers have been read.
pub(crate) struct Arrived<'a> {
    pub(crate) id: CorrelationId,
    pub(crate) head: &'a ReplyHead<'a>,
    pub(crate) record: &'a Record<'a>,
    pub(crate) headers: &'a ReadHeaders<'a>,
}

/// What became of a reply that was put in.
pub(crate) enum Put {
    /// It was kept. The waker is to be woken once the slot's lock is free.
    Kept(Option<Waker>),
    /// It was kept, and was the last one wanted.
    Complete,
    Refused(StrayKind),
}

impl<P: Policy> Mailbox<P> {
    pub(crate) fn new(policy: P, waker: &Waker) -> Self {
        Self {
            waker: Some(waker.clone()),
            unread: VecDeque::new(),
            policy,
        }
    }

    pub(crate) fn put(&mut self, arrived: &Arrived<'_>) -> Put {
        match self.policy.accept(arrived) {
            Ok(item) => self.unread.push_back(item),
            Err(kind) => return Put::Refused(kind),
        }
        if self.policy.is_complete() {
            Put::Complete
        } else {
            Put::Kept(self.waker.take())
        }
    }

    /// The next reply. When there is none, `waker` takes the place of the one before, which is
    /// returned: dropping a waker may run foreign code, so it is dropped outside of the slot's lock.
    pub(crate) fn take(&mut self, waker: &Waker) -> (Option<P::Item>, Option<Waker>) {
        match self.unread.pop_front() {
            None => (None, self.waker.replace(waker.clone())),
            item => (item, None),
        }
    }

    pub(crate) fn take_waker(&mut self) -> Option<Waker> {
        self.waker.take()
    }

    /// What the caller has not taken, and the policy.
    pub(crate) fn into_parts(self) -> (VecDeque<P::Item>, P) {
        (self.unread, self.policy)
    }
}
