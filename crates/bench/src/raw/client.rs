use std::{
    ffi::{CStr, CString, c_char, c_void},
    ptr, thread,
};

use rdkafka_sys as sys;

/// A librdkafka client that lives as long as the process.
pub(crate) struct Client {
    rk: *mut sys::rd_kafka_t,
}

// SAFETY: librdkafka's client handle may be used from any thread.
unsafe impl Send for Client {}
// SAFETY: as above, at the same time too.
unsafe impl Sync for Client {}

pub(crate) struct Topic(*mut sys::rd_kafka_topic_t);

// SAFETY: a topic handle may be used from any thread.
unsafe impl Send for Topic {}
// SAFETY: as above, at the same time too.
unsafe impl Sync for Topic {}

pub(crate) struct Queue(*mut sys::rd_kafka_queue_t);

// SAFETY: a queue may be used from any thread; it has a lock of its own.
unsafe impl Send for Queue {}
// SAFETY: as above, at the same time too.
unsafe impl Sync for Queue {}

/// A record in the raw loop: nothing is copied before it is used.
pub(crate) struct Message(*mut sys::rd_kafka_message_t);

impl Drop for Message {
    fn drop(&mut self) {
        // SAFETY: the message is ours, and this is its last use.
        unsafe { sys::rd_kafka_message_destroy(self.0) };
    }
}

/// Lets librdkafka choose the partition by the key: `RD_KAFKA_PARTITION_UA`, which the bindings lack.
pub(crate) const PARTITION_BY_KEY: i32 = -1;

/// Room for what one look at a queue takes.
pub(crate) fn buffer() -> Vec<*mut sys::rd_kafka_message_t> {
    vec![ptr::null_mut(); 1_000]
}

/// The version of librdkafka that is linked.
pub(crate) fn version() -> String {
    // SAFETY: a constant text.
    let text = unsafe { CStr::from_ptr(sys::rd_kafka_version_str()) };
    text.to_string_lossy().into_owned()
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Producer,
    /// Says through [`Client::reports`] what was delivered.
    ReportingProducer,
    Consumer,
}

pub(crate) type Result<T> = std::result::Result<T, String>;

impl Client {
    pub(super) fn new(kind: Kind, properties: &[(&str, &str)]) -> Result<Self> {
        let mut text = [0 as c_char; 512];
        let (role, events) = match kind {
            Kind::Producer => (sys::rd_kafka_type_t::RD_KAFKA_PRODUCER, 0),
            Kind::ReportingProducer => (
                sys::rd_kafka_type_t::RD_KAFKA_PRODUCER,
                sys::RD_KAFKA_EVENT_DR,
            ),
            Kind::Consumer => (sys::rd_kafka_type_t::RD_KAFKA_CONSUMER, 0),
        };
        // SAFETY: the configuration is new; names, values and the buffer outlive the calls;
        // `rd_kafka_new` takes the configuration on success, and the process ends on failure.
        let rk = unsafe {
            let conf = sys::rd_kafka_conf_new();
            for (name, value) in properties {
                let (name, value) = (c_string(name)?, c_string(value)?);
                let set = sys::rd_kafka_conf_set(
                    conf,
                    name.as_ptr(),
                    value.as_ptr(),
                    text.as_mut_ptr(),
                    text.len(),
                );
                if set != sys::rd_kafka_conf_res_t::RD_KAFKA_CONF_OK {
                    return Err(format!("{name:?}: {:?}", CStr::from_ptr(text.as_ptr())));
                }
            }
            sys::rd_kafka_conf_set_events(conf, events);
            sys::rd_kafka_new(role, conf, text.as_mut_ptr(), text.len())
        };
        if rk.is_null() {
            return Err("rd_kafka_new failed".into());
        }
        Ok(Self { rk })
    }

    pub(crate) fn topic(&self, name: &str) -> Result<Topic> {
        let name = c_string(name)?;
        // SAFETY: the client is alive; a null configuration is the default one.
        let topic = unsafe { sys::rd_kafka_topic_new(self.rk, name.as_ptr(), ptr::null_mut()) };
        if topic.is_null() {
            return Err("rd_kafka_topic_new failed".into());
        }
        Ok(Topic(topic))
    }

    /// Serves what librdkafka has to say, such as errors; never returns.
    pub(crate) fn poll_for_ever(&self) -> ! {
        loop {
            // SAFETY: the client is alive.
            unsafe { sys::rd_kafka_poll(self.rk, 500) };
        }
    }

    /// Assigns partitions at their ends and returns the queue that they come in on.
    pub(crate) fn assign_at_end(&self, topic: &str, partitions: &[i32]) -> Result<Queue> {
        let topic = c_string(topic)?;
        // SAFETY: the client is alive; the list is ours and is destroyed after its last use;
        // every queue is a reference that is kept for the life of the process.
        unsafe {
            let queue = sys::rd_kafka_queue_new(self.rk);
            let list = sys::rd_kafka_topic_partition_list_new(1);
            for partition in partitions {
                let (mut low, mut high) = (0, 0);
                let known = sys::rd_kafka_query_watermark_offsets(
                    self.rk,
                    topic.as_ptr(),
                    *partition,
                    &raw mut low,
                    &raw mut high,
                    10_000,
                );
                if known != sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
                    return Err(format!("no end of {topic:?}/{partition}: {known:?}"));
                }
                let at = sys::rd_kafka_topic_partition_list_add(list, topic.as_ptr(), *partition);
                (*at).offset = high;
                let own = sys::rd_kafka_queue_get_partition(self.rk, topic.as_ptr(), *partition);
                sys::rd_kafka_queue_forward(own, queue);
            }
            let assigned = sys::rd_kafka_assign(self.rk, list);
            sys::rd_kafka_topic_partition_list_destroy(list);
            if assigned != sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
                return Err(format!("not assigned: {assigned:?}"));
            }
            Ok(Queue(queue))
        }
    }

    /// Joins a group and returns the queue that its records come in on. librdkafka answers rebalances.
    pub(crate) fn subscribe(&self, topic: &str) -> Result<Queue> {
        let topic = c_string(topic)?;
        // SAFETY: the client is alive; the list is ours and is destroyed after its last use; the
        // queue is a reference that is kept for the life of the process.
        unsafe {
            sys::rd_kafka_poll_set_consumer(self.rk);
            let list = sys::rd_kafka_topic_partition_list_new(1);
            sys::rd_kafka_topic_partition_list_add(list, topic.as_ptr(), PARTITION_BY_KEY);
            let subscribed = sys::rd_kafka_subscribe(self.rk, list);
            sys::rd_kafka_topic_partition_list_destroy(list);
            if subscribed != sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
                return Err(format!("not subscribed: {subscribed:?}"));
            }
            Ok(Queue(sys::rd_kafka_queue_get_consumer(self.rk)))
        }
    }

    /// How many partitions this member of a group has.
    pub(crate) fn assigned(&self) -> Result<usize> {
        let mut list = ptr::null_mut();
        // SAFETY: the client is alive; on success the list is ours and is destroyed after its
        // last use.
        unsafe {
            let known = sys::rd_kafka_assignment(self.rk, &raw mut list);
            if known != sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
                return Err(format!("no assignment: {known:?}"));
            }
            let count = (*list).cnt;
            sys::rd_kafka_topic_partition_list_destroy(list);
            Ok(usize::try_from(count).unwrap_or_default())
        }
    }

    /// Commits the offsets of partitions, without waiting for it.
    pub(crate) fn commit(&self, topic: &str, offsets: &[(i32, i64)]) -> Result<()> {
        if offsets.is_empty() {
            return Ok(());
        }
        let topic = c_string(topic)?;
        // SAFETY: the client is alive; the list is ours and is destroyed after its last use.
        let asked = unsafe {
            let list = sys::rd_kafka_topic_partition_list_new(1);
            for (partition, offset) in offsets {
                let at = sys::rd_kafka_topic_partition_list_add(list, topic.as_ptr(), *partition);
                (*at).offset = *offset;
            }
            let asked = sys::rd_kafka_commit(self.rk, list, 1);
            sys::rd_kafka_topic_partition_list_destroy(list);
            asked
        };
        if asked == sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
            Ok(())
        } else {
            Err(format!("not committed: {asked:?}"))
        }
    }

    /// Where a producer says what was delivered, if it was made to.
    pub(crate) fn reports(&self) -> Queue {
        // SAFETY: the client is alive; the queue is a reference that is kept for the life of the
        // process.
        Queue(unsafe { sys::rd_kafka_queue_get_main(self.rk) })
    }

    /// Copies and queues one record. A full queue is waited for, as a loop by hand would.
    pub(crate) fn send(
        &self,
        topic: &Topic,
        partition: i32,
        key: Option<&[u8]>,
        value: &[u8],
        headers: &[(&CStr, &[u8])],
    ) -> Result<()> {
        self.send_reported(topic, partition, key, value, headers, 0)
    }

    /// As [`send`](Self::send); the token comes back when the record is delivered.
    pub(crate) fn send_reported(
        &self,
        topic: &Topic,
        partition: i32,
        key: Option<&[u8]>,
        value: &[u8],
        headers: &[(&CStr, &[u8])],
        token: u64,
    ) -> Result<()> {
        loop {
            // SAFETY: the client and the topic are alive. The header list is ours until producev
            // has succeeded. Tags and arguments are those that librdkafka reads, END comes last;
            // key and value are copied before it returns. The token is a number that nobody
            // follows.
            let code = unsafe {
                let list = sys::rd_kafka_headers_new(headers.len());
                for (name, value) in headers {
                    sys::rd_kafka_header_add(
                        list,
                        name.as_ptr(),
                        -1,
                        value.as_ptr().cast(),
                        value.len().cast_signed(),
                    );
                }
                let (key_at, key_len) = key.map_or((ptr::null(), 0), |k| (k.as_ptr(), k.len()));
                use sys::rd_kafka_vtype_t as V;
                let code = sys::rd_kafka_producev(
                    self.rk,
                    V::RD_KAFKA_VTYPE_RKT,
                    topic.0,
                    V::RD_KAFKA_VTYPE_PARTITION,
                    partition,
                    V::RD_KAFKA_VTYPE_MSGFLAGS,
                    sys::RD_KAFKA_MSG_F_COPY,
                    V::RD_KAFKA_VTYPE_KEY,
                    key_at.cast::<c_void>(),
                    key_len,
                    V::RD_KAFKA_VTYPE_VALUE,
                    value.as_ptr().cast::<c_void>(),
                    value.len(),
                    V::RD_KAFKA_VTYPE_HEADERS,
                    list,
                    V::RD_KAFKA_VTYPE_OPAQUE,
                    ptr::without_provenance_mut::<c_void>(token as usize),
                    V::RD_KAFKA_VTYPE_END,
                );
                if code != sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
                    sys::rd_kafka_headers_destroy(list);
                }
                code
            };
            match code {
                sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR => return Ok(()),
                sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__QUEUE_FULL => {
                    thread::sleep(std::time::Duration::from_millis(1));
                }
                other => return Err(format!("producev: {other:?}")),
            }
        }
    }
}

impl Queue {
    /// Takes what is there, else waits for one record up to `wait_ms`, and hands each to `each`.
    pub(crate) fn drain(
        &self,
        buffer: &mut [*mut sys::rd_kafka_message_t],
        wait_ms: i32,
        mut each: impl FnMut(Message) -> Result<()>,
    ) -> Result<()> {
        // SAFETY: the queue is alive and the buffer is as long as is said.
        let n = unsafe {
            let n = sys::rd_kafka_consume_batch_queue(self.0, 0, buffer.as_mut_ptr(), buffer.len());
            if n > 0 {
                n
            } else {
                sys::rd_kafka_consume_batch_queue(self.0, wait_ms, buffer.as_mut_ptr(), 1)
            }
        };
        let taken = &buffer[..usize::try_from(n).unwrap_or(0)];
        taken.iter().try_for_each(|message| each(Message(*message)))
    }

    /// Adds the tokens of the records that have been delivered; does not wait. Those that failed are not told.
    pub(crate) fn take_delivered(&self, tokens: &mut Vec<u64>) {
        // SAFETY: the queue is alive. An event is ours and is destroyed after the last use of its
        // messages; what is private in them is the token.
        unsafe {
            loop {
                let event = sys::rd_kafka_queue_poll(self.0, 0);
                if event.is_null() {
                    return;
                }
                if sys::rd_kafka_event_type(event) == sys::RD_KAFKA_EVENT_DR {
                    while let Some(sent) = sys::rd_kafka_event_message_next(event).as_ref() {
                        if sent.err == sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
                            tokens.push(sent._private.addr() as u64);
                        }
                    }
                }
                sys::rd_kafka_event_destroy(event);
            }
        }
    }
}

impl Message {
    pub(crate) fn is_error(&self) -> bool {
        // SAFETY: the message is alive while it is borrowed.
        unsafe { (*self.0).err != sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR }
    }

    pub(crate) fn partition(&self) -> i32 {
        // SAFETY: the message is alive while it is borrowed.
        unsafe { (*self.0).partition }
    }

    pub(crate) fn offset(&self) -> i64 {
        // SAFETY: the message is alive while it is borrowed.
        unsafe { (*self.0).offset }
    }

    pub(crate) fn value(&self) -> &[u8] {
        // SAFETY: the payload belongs to the message, which is alive while it is borrowed.
        unsafe { bytes((*self.0).payload, (*self.0).len) }
    }

    pub(crate) fn key(&self) -> &[u8] {
        // SAFETY: the key belongs to the message, which is alive while it is borrowed.
        unsafe { bytes((*self.0).key, (*self.0).key_len) }
    }

    /// The last header of this name.
    pub(crate) fn header(&self, name: &CStr) -> Option<&[u8]> {
        // SAFETY: headers and their values belong to the message, which is alive while it is
        // borrowed.
        unsafe {
            let mut list = ptr::null_mut();
            if sys::rd_kafka_message_headers(self.0, &raw mut list)
                != sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR
            {
                return None;
            }
            let (mut at, mut len) = (ptr::null(), 0);
            let found =
                sys::rd_kafka_header_get_last(list, name.as_ptr(), &raw mut at, &raw mut len);
            (found == sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR).then(|| bytes(at, len))
        }
    }
}

/// # Safety
/// `at` is null, or points to `len` bytes that live for `'a`.
unsafe fn bytes<'a>(at: *const c_void, len: usize) -> &'a [u8] {
    if at.is_null() {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(at.cast(), len) }
}

fn c_string(text: &str) -> Result<CString> {
    CString::new(text).map_err(|_| format!("{text:?} has a NUL"))
}
