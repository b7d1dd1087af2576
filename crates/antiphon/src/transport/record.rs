use std::{any::Any, fmt, sync::Arc};

use bytes::Bytes;

use super::{Publisher, TransportError};

/// Headers that have been copied out of a record: names may be any bytes, values may be null.
pub type HeaderPairs = Vec<(Bytes, Option<Bytes>)>;

/// Headers of a record, read only when somebody asks.
pub trait Headers {
    /// Calls `f` for each header in order, until it returns false. A name may be any bytes; a
    /// value may be null.
    fn for_each<'a>(&'a self, f: &mut dyn FnMut(&'a [u8], Option<&'a [u8]>) -> bool);
}

/// A record as it was read, borrowed from the transport's batch.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    /// Topic name.
    pub topic: &'a str,
    /// Partition number.
    pub partition: i32,
    /// Offset in the partition.
    pub offset: i64,
    /// Milliseconds since the Unix epoch, when the record has a timestamp.
    pub timestamp: Option<i64>,
    /// The key.
    pub key: Option<&'a [u8]>,
    /// The value.
    pub value: Option<&'a [u8]>,
    /// The headers.
    pub headers: &'a dyn Headers,
}

impl<'a> Record<'a> {
    /// The headers as a list of at most `limit`.
    pub(crate) fn header_list(&self, limit: usize) -> HeaderList<'a> {
        let mut list = HeaderList::new();
        self.headers.for_each(&mut |name, value| {
            list.push((name, value));
            list.len() < limit
        });
        list
    }
}

/// Headers on their way out.
pub(crate) type OutgoingHeaders<'a> = smallvec::SmallVec<[(&'a str, Option<&'a [u8]>); 8]>;

/// Headers on their way in.
pub(crate) type HeaderList<'a> = smallvec::SmallVec<[(&'a [u8], Option<&'a [u8]>); 8]>;

impl fmt::Debug for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("topic", &self.topic)
            .field("partition", &self.partition)
            .field("offset", &self.offset)
            .finish_non_exhaustive()
    }
}

/// A record to publish. Everything is copied before the call returns.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// Where to.
    pub topic: &'a TopicRef,
    /// Which partition.
    pub partition: i32,
    /// The key.
    pub key: Option<&'a [u8]>,
    /// The value.
    pub value: Option<&'a [u8]>,
    /// The headers, in order.
    pub headers: &'a [(&'a str, Option<&'a [u8]>)],
    /// Comes back in the delivery report.
    pub token: u64,
}

/// A record that was not stored, copied out of the report of it: all that it takes to publish it
/// again. Who publishes need not keep records for that.
#[derive(Clone, Debug)]
pub struct Returned {
    /// Topic name.
    pub topic: Arc<str>,
    /// Which partition.
    pub partition: i32,
    /// The key.
    pub key: Option<Bytes>,
    /// The value.
    pub value: Option<Bytes>,
    /// The headers, in order.
    pub headers: HeaderPairs,
}

impl Returned {
    /// The first header of this name that has a value.
    pub(crate) fn header(&self, name: &str) -> Option<&Bytes> {
        let mut all = self.headers.iter();
        let found = all.find(|(n, _)| n == name.as_bytes())?;
        found.1.as_ref()
    }

    /// Publishes it once more.
    pub(crate) fn publish(
        &self,
        publisher: &dyn Publisher,
        token: u64,
    ) -> Result<(), TransportError> {
        let topic = publisher.topic(&self.topic)?;
        let headers = self.headers.iter().filter_map(|(name, value)| {
            // It was text when it went out.
            let name = std::str::from_utf8(name).ok()?;
            Some((name, value.as_deref()))
        });
        publisher.publish(&Outgoing {
            topic: &topic,
            partition: self.partition,
            key: self.key.as_deref(),
            value: self.value.as_deref(),
            headers: &headers.collect::<OutgoingHeaders<'_>>(),
            token,
        })
    }
}

impl From<&Outgoing<'_>> for Returned {
    fn from(record: &Outgoing<'_>) -> Self {
        let copied = |bytes: Option<&[u8]>| bytes.map(Bytes::copy_from_slice);
        let headers = record.headers.iter();
        Self {
            topic: Arc::clone(record.topic.name()),
            partition: record.partition,
            key: copied(record.key),
            value: copied(record.value),
            headers: headers
                .map(|(name, value)| (Bytes::copy_from_slice(name.as_bytes()), copied(*value)))
                .collect(),
        }
    }
}

/// A topic that a publisher has a handle for. Belongs to that publisher.
#[derive(Clone)]
pub struct TopicRef(Arc<OpenTopic>);

struct OpenTopic {
    name: Arc<str>,
    handle: Arc<dyn Any + Send + Sync>,
}

impl TopicRef {
    /// Wraps a transport's own handle.
    pub fn new(name: impl Into<Arc<str>>, handle: Arc<dyn Any + Send + Sync>) -> Self {
        Self(Arc::new(OpenTopic {
            name: name.into(),
            handle,
        }))
    }

    /// Topic name.
    pub fn name(&self) -> &Arc<str> {
        &self.0.name
    }

    /// The transport's own handle.
    pub fn handle<T: 'static>(&self) -> Option<&T> {
        self.0.handle.downcast_ref()
    }
}

impl fmt::Debug for TopicRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TopicRef").field(self.name()).finish()
    }
}
