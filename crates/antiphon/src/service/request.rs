//! What a request says besides its payload.

use std::{sync::Arc, time::Duration};

use antiphon_proto::ReplyMode;
use bytes::Bytes;
use smallvec::SmallVec;

use super::{mode::Completion, partitions::Partition};
use crate::{telemetry::propagation::TraceHeaders, transport::HeaderPairs};

/// A correlation id as it is on the wire; ours have 36 bytes.
pub(crate) type WireId = SmallVec<[u8; 36]>;

/// Shared by the handler's context and by the ticket that answers: one allocation, made by the request
/// thread.
pub(crate) struct RequestMeta {
    pub(crate) completion: Completion,
    pub(crate) offset: i64,
    pub(crate) correlation_id: WireId,
    pub(crate) reply: Option<ReplyAt>,
    pub(crate) mode: ReplyMode,
    pub(crate) key: Option<Bytes>,
    pub(crate) headers: HeaderPairs,
    pub(crate) requester: Option<Arc<str>>,
    pub(crate) operation: Option<Arc<str>>,
    pub(crate) attempt: u32,
    /// On the service's clock.
    pub(crate) deadline: Option<Duration>,
    pub(crate) trace: Option<Arc<TraceHeaders>>,
}

impl RequestMeta {
    pub(crate) fn partition(&self) -> &Partition {
        self.completion.partition()
    }

    pub(crate) fn id(&self) -> RequestId<'_> {
        RequestId {
            correlation_id: &self.correlation_id,
            mode: self.mode,
            completion: &self.completion,
            deadline: self.deadline,
            trace: self.trace.as_ref(),
        }
    }
}

/// A return address that the allow-list admits.
#[derive(Clone, Debug)]
pub(crate) struct ReplyAt {
    pub(crate) topic: Arc<str>,
    pub(crate) partition: Option<i32>,
}

/// What a reply needs to know of its request.
#[derive(Clone, Copy)]
pub(crate) struct RequestId<'a> {
    pub(crate) correlation_id: &'a [u8],
    pub(crate) mode: ReplyMode,
    pub(crate) completion: &'a Completion,
    /// On the service's clock.
    pub(crate) deadline: Option<Duration>,
    pub(crate) trace: Option<&'a Arc<TraceHeaders>>,
}

impl<'a> RequestId<'a> {
    pub(crate) fn partition(&self) -> &'a Partition {
        self.completion.partition()
    }
}
