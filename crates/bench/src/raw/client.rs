use std::{
    ffi::{CStr, CString, c_char, c_void},
    ptr,
    sync::Arc,
    thread,
};

use rdkafka_sys as sys;

use crate::load::Load;

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

pub(crate) struct Queue(*mut sys::rd_kafka_queue_t);

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

/// A producer with librdkafka's thread for what it has to say, and a consumer.
pub(crate) fn pair(load: &Load, group: &str) -> Result<(Arc<Client>, Client)> {
    let max_in_flight = load.max_in_flight.to_string();
    let servers = ("bootstrap.servers", load.servers.as_str());
    let producer = Arc::new(Client::new(
        true,
        &[
            servers,
            ("linger.ms", "0"),
            ("acks", "all"),
            ("max.in.flight", &max_in_flight),
            ("delivery.report.only.error", "true"),
            ("queue.buffering.max.messages", "1000000"),
            ("partitioner", "murmur2_random"),
        ],
    )?);
    let consumer = Client::new(
        false,
        &[
            servers,
            ("group.id", group),
            ("enable.auto.commit", "false"),
            ("fetch.queue.backoff.ms", "5"),
        ],
    )?;
    let polled = Arc::clone(&producer);
    thread::Builder::new()
        .name("bench-reports".into())
        .spawn(move || polled.poll_for_ever())
        .map_err(|error| error.to_string())?;
    Ok((producer, consumer))
}

pub(crate) type Result<T> = std::result::Result<T, String>;

impl Client {
    pub(crate) fn new(producer: bool, properties: &[(&str, &str)]) -> Result<Self> {
        let mut text = [0 as c_char; 512];
        let kind = if producer {
            sys::rd_kafka_type_t::RD_KAFKA_PRODUCER
        } else {
            sys::rd_kafka_type_t::RD_KAFKA_CONSUMER
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
            sys::rd_kafka_new(kind, conf, text.as_mut_ptr(), text.len())
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

    /// Copies and queues one record. A full queue is waited for, as a loop by hand would.
    pub(crate) fn send(
        &self,
        topic: &Topic,
        partition: i32,
        key: Option<&[u8]>,
        value: &[u8],
        headers: &[(&CStr, &[u8])],
    ) -> Result<()> {
        loop {
            // SAFETY: the client and the topic are alive. The header list is ours until producev
            // has succeeded. Tags and arguments are those that librdkafka reads, END comes last;
            // key and value are copied before it returns.
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
}

impl Message {
    pub(crate) fn is_error(&self) -> bool {
        // SAFETY: the message is alive while it is borrowed.
        unsafe { (*self.0).err != sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR }
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
