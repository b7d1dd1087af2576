//! Questions about the cluster.

use std::ffi::c_int;
use std::ptr;
use std::slice;
use std::time::{Duration, Instant};

use rdkafka_sys::{
    rd_kafka_clusterid, rd_kafka_controllerid, rd_kafka_mem_free, rd_kafka_metadata_broker,
    rd_kafka_metadata_destroy, rd_kafka_metadata_partition, rd_kafka_metadata_t,
    rd_kafka_metadata_topic, rd_kafka_topic_destroy, rd_kafka_topic_new, rd_kafka_topic_t,
};

use crate::client::{Client, InUse};
use crate::ffi::c_string;
use crate::ffi::c_string::topic_name;
use crate::ffi::deadline::{end_of, millis};
use crate::ffi::sys;
use crate::{Admin, Consumer, Error, ErrorKind, Producer};

const WHAT: &str = "asking about the cluster";

/// A topic of the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicInfo {
    /// Its name.
    pub name: String,
    /// How many partitions it has.
    pub partitions: u32,
    /// How many replicas its first partition has.
    pub replication: u32,
}

/// A partition of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionInfo {
    /// Its number.
    pub id: i32,
    /// The broker that leads it; `None` while there is none.
    pub leader: Option<i32>,
    /// The brokers that hold it.
    pub replicas: Vec<i32>,
    /// Those of them that are up to date.
    pub in_sync: Vec<i32>,
}

/// A broker of the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerInfo {
    /// Its number.
    pub id: i32,
    /// Where clients reach it.
    pub host: String,
    /// Where clients reach it.
    pub port: u16,
}

macro_rules! questions {
    ($($client:ty),*) => {$(
        impl $client {
            /// How many partitions a topic has; `None` if it does not exist. Asks a broker; blocks
            /// up to `timeout`. It does not create the topic unless `allow.auto.create.topics`
            /// was set.
            ///
            /// # Errors
            ///
            /// No answer in time, or the topic may not be used.
            pub fn partitions(
                &self,
                topic: &str,
                timeout: Duration,
            ) -> Result<Option<u32>, Error> {
                let found = partitions(self.client(), topic, timeout)?;
                Ok(found.map(|all| u32::try_from(all.len()).unwrap_or(u32::MAX)))
            }

            /// The partitions of a topic; `None` if it does not exist. Asks a broker; blocks up
            /// to `timeout`.
            ///
            /// # Errors
            ///
            /// No answer in time, or the topic may not be used.
            pub fn describe_topic(
                &self,
                topic: &str,
                timeout: Duration,
            ) -> Result<Option<Vec<PartitionInfo>>, Error> {
                partitions(self.client(), topic, timeout)
            }

            /// All topics that may be seen. Asks a broker; blocks up to `timeout`.
            ///
            /// # Errors
            ///
            /// No answer in time.
            pub fn topics(&self, timeout: Duration) -> Result<Vec<TopicInfo>, Error> {
                let inside = self.client().enter(WHAT)?;
                let answer = Answer::all(&inside, timeout)?;
                Ok(answer.topics().iter().map(topic_info).collect())
            }

            /// The brokers of the cluster. Asks one; blocks up to `timeout`.
            ///
            /// # Errors
            ///
            /// No answer in time.
            pub fn brokers(&self, timeout: Duration) -> Result<Vec<BrokerInfo>, Error> {
                let inside = self.client().enter(WHAT)?;
                let answer = Answer::all(&inside, timeout)?;
                Ok(answer.brokers().iter().map(broker_info).collect())
            }

            /// The id of the cluster, once a broker has told it; blocks up to `timeout`. `None`:
            /// no broker did, or the cluster has none.
            #[must_use]
            pub fn cluster_id(&self, timeout: Duration) -> Option<String> {
                cluster_id(self.client(), timeout)
            }

            /// The broker that is the controller, as the last answer about the cluster says; a
            /// cluster with controllers of their own (KRaft) names one of its brokers. `None`: no
            /// broker has answered, or there is none. Does not block.
            #[must_use]
            pub fn controller(&self) -> Option<i32> {
                let inside = self.client().enter(WHAT).ok()?;
                // SAFETY: the client is alive while `inside` is.
                let id = unsafe { rd_kafka_controllerid(inside.rk(), 0) };
                (id >= 0).then_some(id)
            }
        }
    )*};
}

questions!(Producer, Consumer, Admin);

fn partitions(
    client: &Client,
    topic: &str,
    timeout: Duration,
) -> Result<Option<Vec<PartitionInfo>>, Error> {
    let inside = client.enter(WHAT)?;
    let answer = Answer::one(&inside, topic, timeout)?;
    let Some(found) = answer.topics().first() else {
        return Ok(None);
    };
    match Error::check(WHAT, topic_code(found)) {
        Ok(()) => Ok(Some(all_partitions(found))),
        Err(error) if error.kind() == ErrorKind::UnknownTopic => Ok(None),
        Err(error) => Err(error.at(topic, None)),
    }
}

/// How long librdkafka may wait before it is asked again.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// librdkafka looks for the id and then waits for news without having kept its lock: an id that
/// comes in between is not noticed, and the wait takes its whole time. So it is asked in slices.
fn cluster_id(client: &Client, timeout: Duration) -> Option<String> {
    let inside = client.enter(WHAT).ok()?;
    let end = end_of(timeout);
    loop {
        let asked = Instant::now();
        let slice = end.saturating_duration_since(asked).min(LOOK_AGAIN);
        if let Some(id) = known_cluster_id(&inside, slice) {
            return Some(id);
        }
        // No answer, and sooner than that: the cluster has no id.
        if slice < LOOK_AGAIN || asked.elapsed() < LOOK_AGAIN / 2 {
            return None;
        }
    }
}

fn known_cluster_id(inside: &InUse<'_>, timeout: Duration) -> Option<String> {
    // SAFETY: the client is alive while `inside` is; a string that is not null is ours, is
    // copied, and is freed by librdkafka, which allocated it.
    unsafe {
        let id = rd_kafka_clusterid(inside.rk(), millis(timeout));
        let copied = (!id.is_null()).then(|| c_string::copy(id));
        if !id.is_null() {
            rd_kafka_mem_free(inside.rk(), id.cast());
        }
        copied
    }
}

/// An answer to a metadata request.
struct Answer(*const rd_kafka_metadata_t);

impl Answer {
    fn all(inside: &InUse<'_>, timeout: Duration) -> Result<Self, Error> {
        Self::ask(inside, 1, ptr::null_mut(), timeout)
    }

    fn one(inside: &InUse<'_>, topic: &str, timeout: Duration) -> Result<Self, Error> {
        let name = topic_name(WHAT, topic)?;
        // SAFETY: the client is alive while `inside` is. The handle is ours; it only carries the
        // name and is given back.
        unsafe {
            let handle = rd_kafka_topic_new(inside.rk(), name.as_ptr(), ptr::null_mut());
            if handle.is_null() {
                return Err(Error::invalid(WHAT, "not the name of a topic").at(topic, None));
            }
            let answer = Self::ask(inside, 0, handle, timeout);
            rd_kafka_topic_destroy(handle);
            answer
        }
    }

    fn ask(
        inside: &InUse<'_>,
        all: c_int,
        topic: *mut rd_kafka_topic_t,
        timeout: Duration,
    ) -> Result<Self, Error> {
        let mut answer = ptr::null();
        // SAFETY: the client is alive while `inside` is; the topic is null or a handle of it. On
        // success the answer is ours.
        let code = unsafe {
            sys::rd_kafka_metadata(inside.rk(), all, topic, &raw mut answer, millis(timeout))
        };
        Error::check(WHAT, code).map(|()| Self(answer))
    }

    fn topics(&self) -> &[Unread<rd_kafka_metadata_topic>] {
        // SAFETY: the answer is alive while `self` is; it has `topic_cnt` topics.
        unsafe { array((*self.0).topics, (*self.0).topic_cnt) }
    }

    fn brokers(&self) -> &[Unread<rd_kafka_metadata_broker>] {
        // SAFETY: the answer is alive while `self` is; it has `broker_cnt` brokers.
        unsafe { array((*self.0).brokers, (*self.0).broker_cnt) }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        // SAFETY: the answer is ours, nothing borrows from it, and it is destroyed once.
        unsafe { rd_kafka_metadata_destroy(self.0) }
    }
}

/// A struct of the bindings of which one field may hold an `enum` value that Rust does not know;
/// so no reference to it as a whole is made, only its fields are read.
type Unread<T> = std::mem::MaybeUninit<T>;

/// # Safety
///
/// `first` is null or points to `count` elements that live for `'a`.
unsafe fn array<'a, T>(first: *const T, count: c_int) -> &'a [Unread<T>] {
    match usize::try_from(count) {
        // SAFETY: the caller promises the elements.
        Ok(count) if !first.is_null() => unsafe { slice::from_raw_parts(first.cast(), count) },
        _ => &[],
    }
}

/// Copies numbers.
///
/// # Safety
///
/// As for `array`.
unsafe fn numbers(first: *const i32, count: c_int) -> Vec<i32> {
    match usize::try_from(count) {
        // SAFETY: the caller promises the elements.
        Ok(count) if !first.is_null() => unsafe { slice::from_raw_parts(first, count).to_vec() },
        _ => Vec::new(),
    }
}

fn topic_code(topic: &Unread<rd_kafka_metadata_topic>) -> i32 {
    // SAFETY: the answer is alive while it is borrowed; a C enum is an int.
    unsafe { (&raw const (*topic.as_ptr()).err).cast::<i32>().read() }
}

fn topic_info(topic: &Unread<rd_kafka_metadata_topic>) -> TopicInfo {
    let partitions = all_partitions(topic);
    let replication = partitions.first().map_or(0, |first| first.replicas.len());
    TopicInfo {
        // SAFETY: the answer is alive while it is borrowed; the name ends with NUL.
        name: unsafe { c_string::copy((*topic.as_ptr()).topic) },
        partitions: u32::try_from(partitions.len()).unwrap_or(u32::MAX),
        replication: u32::try_from(replication).unwrap_or(u32::MAX),
    }
}

fn all_partitions(topic: &Unread<rd_kafka_metadata_topic>) -> Vec<PartitionInfo> {
    let topic = topic.as_ptr();
    // SAFETY: the answer is alive while it is borrowed; it has `partition_cnt` partitions.
    unsafe {
        array((*topic).partitions, (*topic).partition_cnt)
            .iter()
            .map(partition_info)
            .collect()
    }
}

fn partition_info(partition: &Unread<rd_kafka_metadata_partition>) -> PartitionInfo {
    let partition = partition.as_ptr();
    // SAFETY: the answer is alive while it is borrowed, with both lists of brokers.
    unsafe {
        PartitionInfo {
            id: (*partition).id,
            leader: Some((*partition).leader).filter(|leader| *leader >= 0),
            replicas: numbers((*partition).replicas, (*partition).replica_cnt),
            in_sync: numbers((*partition).isrs, (*partition).isr_cnt),
        }
    }
}

fn broker_info(broker: &Unread<rd_kafka_metadata_broker>) -> BrokerInfo {
    let broker = broker.as_ptr();
    // SAFETY: the answer is alive while it is borrowed; the name ends with NUL.
    unsafe {
        BrokerInfo {
            id: (*broker).id,
            host: c_string::copy((*broker).host),
            port: u16::try_from((*broker).port).unwrap_or(0),
        }
    }
}
