use std::sync::Arc;

use antiphon_proto::{CorrelationId, ReplyHead, header};
use bytes::Bytes;

use super::waiter::owned;
use crate::transport::Record;

/// A successful reply.
#[derive(Clone, Debug)]
pub struct Reply {
    id: CorrelationId,
    value: Bytes,
    partition: i32,
    offset: i64,
    head: Option<Arc<Head>>,
}

/// What the headers said, when they were read.
#[derive(Debug, Default)]
struct Head {
    responder: Option<String>,
    headers: Vec<(String, Bytes)>,
}

impl Reply {
    /// A reply that was matched by its key: its headers say nothing that must be read.
    pub(crate) fn plain(id: CorrelationId, record: &Record<'_>) -> Self {
        Self {
            id,
            value: owned(record.value),
            partition: record.partition,
            offset: record.offset,
            head: None,
        }
    }

    pub(crate) fn with_head(
        id: CorrelationId,
        record: &Record<'_>,
        head: &ReplyHead<'_>,
        headers: &[(&[u8], Option<&[u8]>)],
    ) -> Self {
        let headers = headers
            .iter()
            .filter(|(name, _)| !header::is_reserved(name))
            .map(|(name, value)| (String::from_utf8_lossy(name).into_owned(), owned(*value)))
            .collect();
        let head = Head {
            responder: head.fields.responder.map(str::to_owned),
            headers,
        };
        Self {
            head: Some(Arc::new(head)),
            ..Self::plain(id, record)
        }
    }

    /// The id that request and reply bear on the wire.
    pub fn correlation_id(&self) -> CorrelationId {
        self.id
    }

    /// The value.
    pub fn value(&self) -> &Bytes {
        &self.value
    }

    /// The value, without a copy.
    pub fn into_value(self) -> Bytes {
        self.value
    }

    /// The first application header of this name. Always `None` on a reply that was matched by
    /// its key, unless the client was told to read headers
    /// ([`ReplyConfig::read_headers`](crate::config::ReplyConfig)); a handler that sets a header
    /// makes its reply one that is read in full.
    pub fn header(&self, name: &str) -> Option<&Bytes> {
        let mut all = self.headers().iter();
        all.find(|(n, _)| n == name).map(|(_, value)| value)
    }

    /// The application's headers, in order; see [`header`](Self::header) for when there are none.
    pub fn headers(&self) -> &[(String, Bytes)] {
        self.head.as_ref().map_or(&[], |head| &head.headers)
    }

    /// Who answered, as `<service>/<version>/<instance>`, where the headers were read.
    pub fn responder(&self) -> Option<&str> {
        self.head.as_ref()?.responder.as_deref()
    }

    /// Where the reply stands: the partition of the reply topic.
    pub fn partition(&self) -> i32 {
        self.partition
    }

    /// Where the reply stands: the offset in its partition.
    pub fn offset(&self) -> i64 {
        self.offset
    }
}
