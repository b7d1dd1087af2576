//! Topic handles of a producer.

use std::collections::HashMap;
use std::ptr::{self, NonNull};
use std::sync::{Arc, Mutex, PoisonError};

use rdkafka_sys::{rd_kafka_topic_destroy, rd_kafka_topic_new, rd_kafka_topic_t};

use crate::Error;
use crate::client::Client;
use crate::ffi::c_string::topic_name;
use crate::ffi::sys;

/// A topic as a producer knows it; cheap to clone, and worth keeping: making one takes locks and
/// asks a broker for the leaders, while sending with one looks nothing up.
///
/// It does not keep its producer open.
#[derive(Debug, Clone)]
pub struct Topic(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: Box<str>,
    handle: NonNull<rd_kafka_topic_t>,
    registry: Arc<Registry>,
}

// SAFETY: librdkafka's topic handles may be used from any thread.
unsafe impl Send for Inner {}
// SAFETY: as above, and by several at once.
unsafe impl Sync for Inner {}

impl Topic {
    /// The name of the topic.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The handle, if it belongs to this producer.
    pub(crate) fn handle(&self, registry: &Arc<Registry>) -> Option<*mut rd_kafka_topic_t> {
        Arc::ptr_eq(&self.0.registry, registry).then(|| self.0.handle.as_ptr())
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.registry.release(self.handle);
    }
}

/// The handles of one producer that are still to be destroyed, with how often each was made:
/// librdkafka returns the same pointer for the same name, and counts.
#[derive(Debug, Default)]
pub(crate) struct Registry(Mutex<HashMap<usize, usize>>);

impl Registry {
    /// Makes a handle. The caller keeps the client alive.
    pub(crate) fn open(self: &Arc<Self>, client: &Client, name: &str) -> Result<Topic, Error> {
        const WHAT: &str = "opening a topic";
        let inside = client.enter(WHAT)?;
        let c_name = topic_name(WHAT, name)?;
        // SAFETY: the client is alive while `inside` is; a null configuration means the default
        // one, which the client was given.
        let handle = unsafe { rd_kafka_topic_new(inside.rk(), c_name.as_ptr(), ptr::null_mut()) };
        let Some(handle) = NonNull::new(handle) else {
            // SAFETY: reads the calling thread's last error, which topic_new has set.
            let code = unsafe { sys::rd_kafka_last_error() };
            return Err(Error::of_code(WHAT, code).at(name, None));
        };
        self.keep(handle);
        Ok(Topic(Arc::new(Inner {
            name: name.into(),
            handle,
            registry: Arc::clone(self),
        })))
    }

    /// Destroys what is left, before the client itself is destroyed.
    ///
    /// # Safety
    ///
    /// No send is left or can start.
    pub(crate) unsafe fn destroy_all(&self) {
        let mut handles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (handle, count) in handles.drain() {
            for _ in 0..count {
                // SAFETY: the handle was made `count` times and not given back; its owner finds
                // it gone from the map and does not destroy it again.
                unsafe { rd_kafka_topic_destroy(ptr::with_exposed_provenance_mut(handle)) }
            }
        }
    }

    fn keep(&self, handle: NonNull<rd_kafka_topic_t>) {
        let mut handles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *handles
            .entry(handle.as_ptr().expose_provenance())
            .or_default() += 1;
    }

    fn release(&self, handle: NonNull<rd_kafka_topic_t>) {
        let mut handles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = handle.as_ptr().expose_provenance();
        let Some(count) = handles.get_mut(&key) else {
            return;
        };
        *count -= 1;
        if *count == 0 {
            handles.remove(&key);
        }
        // SAFETY: the handle was in the map, so its client is not destroyed: that empties the map
        // first, under the lock that is held here.
        unsafe { rd_kafka_topic_destroy(handle.as_ptr()) }
    }
}
