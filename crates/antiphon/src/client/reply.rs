use std::sync::Arc;

use antiphon_proto::{CorrelationId, ReplyHead, header::TRACEPARENT};
use bytes::{Buf, Bytes};

use crate::{transport::Record, wire};

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
    pub(crate) fn with_head(
        id: CorrelationId,
        record: &Record<'_>,
        head: &ReplyHead<'_>,
        headers: &[(&[u8], Option<&[u8]>)],
    ) -> Self {
        let headers = wire::application(headers)
            .map(|(name, value)| (String::from_utf8_lossy(name).into_owned(), owned(value)))
            .collect();
        let head = Head {
            responder: head.fields.responder.map(str::to_owned),
            headers,
        };
        Self {
            id,
            value: owned(record.value),
            partition: record.partition,
            offset: record.offset,
            head: Some(Arc::new(head)),
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

    /// The `traceparent` of the handler that answered, where the request belonged to a trace.
    pub fn traceparent(&self) -> Option<&str> {
        str::from_utf8(self.header(TRACEPARENT)?).ok()
    }

    /// Where the reply is: the partition of the reply topic.
    pub fn partition(&self) -> i32 {
        self.partition
    }

    /// Where the reply stands: the offset in its partition.
    pub fn offset(&self) -> i64 {
        self.offset
    }
}

/// A decoded reply, with the record that it came in.
#[derive(Clone, Debug)]
pub struct TypedReply<T> {
    value: T,
    reply: Reply,
}

impl<T> TypedReply<T> {
    pub(crate) fn new(value: T, reply: Reply) -> Self {
        Self { value, reply }
    }

    /// The value.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// The value, to keep.
    pub fn into_value(self) -> T {
        self.value
    }

    /// The reply as it came: bytes, headers, place in the reply topic.
    pub fn reply(&self) -> &Reply {
        &self.reply
    }

    /// The id that request and reply bear on the wire.
    pub fn correlation_id(&self) -> CorrelationId {
        self.reply.correlation_id()
    }

    /// The first application header of this name; see [`Reply::header`].
    pub fn header(&self, name: &str) -> Option<&Bytes> {
        self.reply.header(name)
    }

    /// Who answered, where the headers were read; see [`Reply::responder`].
    pub fn responder(&self) -> Option<&str> {
        self.reply.responder()
    }
}

/// A reply that was matched by its key, so that its headers say nothing that must be read; as it
/// waits in the table for its caller.
///
/// Partition, offset and value in one allocation: it is made on one thread and freed on another,
/// and fits a slot without a box around it.
pub(crate) struct PlainReply(Box<[u8]>);

impl PlainReply {
    const HEAD: usize = size_of::<i32>() + size_of::<i64>();

    pub(crate) fn new(record: &Record<'_>) -> Self {
        let value = record.value.unwrap_or_default();
        let mut packed = Vec::with_capacity(Self::HEAD + value.len());
        packed.extend_from_slice(&record.partition.to_ne_bytes());
        packed.extend_from_slice(&record.offset.to_ne_bytes());
        packed.extend_from_slice(value);
        Self(packed.into_boxed_slice())
    }

    pub(crate) fn into_reply(self, id: CorrelationId) -> Reply {
        let mut packed = Bytes::from(self.0);
        Reply {
            id,
            partition: packed.get_i32_ne(),
            offset: packed.get_i64_ne(),
            value: packed,
            head: None,
        }
    }
}

/// An owned copy of borrowed bytes. Null and empty are the same to a caller.
fn owned(value: Option<&[u8]>) -> Bytes {
    value.map_or_else(Bytes::new, Bytes::copy_from_slice)
}

#[cfg(test)]
mod tests {
    use antiphon_proto::InstanceId;

    use super::*;
    use crate::transport::Headers;

    struct None;

    impl Headers for None {
        fn for_each<'a>(&'a self, _: &mut dyn FnMut(&'a [u8], Option<&'a [u8]>) -> bool) {}
    }

    #[test]
    fn a_plain_reply_comes_out_of_the_table_as_it_went_in() {
        let id = CorrelationId::compose(InstanceId::new(7), 1, 2, 3);
        for value in [Option::None, Some(&b""[..]), Some(&b"hello"[..])] {
            let record = Record {
                topic: "t.replies",
                partition: 3,
                offset: i64::MAX - 1,
                timestamp: Option::None,
                key: Option::None,
                value,
                headers: &None,
            };
            let reply = PlainReply::new(&record).into_reply(id);
            assert_eq!(reply.value(), value.unwrap_or_default());
            assert_eq!((reply.partition(), reply.offset()), (3, i64::MAX - 1));
            assert_eq!(reply.correlation_id(), id);
        }
    }
}
