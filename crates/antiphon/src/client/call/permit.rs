//! A reservation under the client's limits.

use std::{sync::Arc, time::Duration};

use antiphon_proto::{CorrelationId, NewCall};

use super::super::{inner::Inner, table::Waiter};
use crate::error::RequestError;

/// Room for one call. Dropping it frees the room, unless a call was put in: that frees it when it
/// ends.
pub(crate) struct Permit {
    client: Arc<Inner>,
    bytes: u32,
    /// Counted as held by a caller that has not sent the request.
    unsent: bool,
    used: bool,
}

impl Permit {
    /// A permit, if there is room and no other call waits for it. Otherwise the client comes back.
    pub(crate) fn at_once(client: Arc<Inner>, bytes: u32) -> Result<Self, Arc<Inner>> {
        if client.limits.try_reserve(bytes) {
            Ok(Self::reserved(client, bytes))
        } else {
            Err(client)
        }
    }

    /// A permit, waited for until `deadline`.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the queue.
    pub(crate) async fn until(
        client: &Arc<Inner>,
        bytes: u32,
        deadline: Duration,
    ) -> Result<Self, RequestError> {
        client.limits.reserve(bytes, deadline).await?;
        Ok(Self::reserved(Arc::clone(client), bytes))
    }

    fn reserved(client: Arc<Inner>, bytes: u32) -> Self {
        Self {
            client,
            bytes,
            unsent: false,
            used: false,
        }
    }

    /// Marks the request as one that is sent later, which is no call in flight yet.
    pub(crate) fn hold(&mut self) {
        if !std::mem::replace(&mut self.unsent, true) {
            self.client.limits.add_unsent();
        }
    }

    fn no_longer_held(&mut self) {
        if std::mem::take(&mut self.unsent) {
            self.client.limits.remove_unsent();
        }
    }

    /// Puts a call into the table; `None` when the client has been closed.
    pub(crate) fn insert(&mut self, call: NewCall, waiter: Waiter) -> Option<CorrelationId> {
        debug_assert!(!self.used && call.bytes == self.bytes);
        self.used = true;
        self.no_longer_held();
        self.inner().calls.insert_reserved(call, waiter).ok()
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.client
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.no_longer_held();
        self.client.limits.release(self.bytes, self.used);
    }
}
