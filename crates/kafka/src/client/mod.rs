//! A librdkafka handle, and the rule that keeps it alive while it is used.

pub(crate) mod close;
pub(crate) mod in_use_count;
pub(crate) mod role;

use std::ptr::NonNull;
use std::time::Duration;

use rdkafka_sys::{
    rd_kafka_destroy, rd_kafka_destroy_flags, rd_kafka_new, rd_kafka_t, rd_kafka_type_t,
};

use crate::Error;
use crate::client::in_use_count::InUseCount;
use crate::client::role::Role;
use crate::config::{Conf, Properties};
use crate::ffi::c_string;
use crate::ffi::c_string::Reason;
use crate::ffi::sys;

/// A handle of librdkafka.
///
/// The handle is alive while `in_use` is open or counts a call. The thread that destroys the handle
/// closes `in_use` and waits until it is idle first. Everything that hands the pointer to librdkafka
/// holds an [`InUse`], and everything that keeps a record of it is counted.
#[derive(Debug)]
pub(crate) struct Client {
    rk: NonNull<rd_kafka_t>,
    pub(crate) in_use: InUseCount,
}

// SAFETY: "librdkafka is completely thread-safe": its handle may be used from any thread.
unsafe impl Send for Client {}
// SAFETY: as above, and by several at once.
unsafe impl Sync for Client {}

/// How long one step of a close waits before it checks again.
pub(crate) const STEP: Duration = Duration::from_millis(20);

impl Client {
    /// Admits no more calls and waits, without a limit, until none is left. `wake` ends blocked
    /// ones.
    pub(crate) fn shut(&self, wake: impl Fn()) {
        self.in_use.close();
        while !self.in_use.wait_idle(STEP) {
            wake();
        }
    }

    /// Builds a client. Does not wait for a connection.
    pub(crate) fn new(role: Role, props: &Properties, events: i32) -> Result<Self, Error> {
        Self::with_conf(role, props.to_conf(role, events)?)
    }

    /// Builds a client with a configuration that is complete.
    pub(crate) fn with_conf(role: Role, conf: Conf) -> Result<Self, Error> {
        let kind = match role {
            Role::Producer => rd_kafka_type_t::RD_KAFKA_PRODUCER,
            Role::Consumer => rd_kafka_type_t::RD_KAFKA_CONSUMER,
        };
        let mut reason = Reason::new();
        // SAFETY: the configuration is ours; librdkafka takes it when it returns a handle and
        // leaves it to us when it returns null.
        let rk = unsafe {
            let (text, size) = (reason.as_mut_ptr(), reason.size());
            rd_kafka_new(kind, conf.as_ptr(), text, size)
        };
        let Some(rk) = NonNull::new(rk) else {
            return Err(Error::invalid("creating the client", reason.text()));
        };
        conf.taken();
        Ok(Self {
            rk,
            in_use: InUseCount::default(),
        })
    }

    /// Keeps the handle alive for one operation.
    pub(crate) fn enter(&self, what: &'static str) -> Result<InUse<'_>, Error> {
        if self.in_use.enter() {
            Ok(InUse(self))
        } else {
            Err(Error::closed(what))
        }
    }

    /// For the thread that closes the client: goes in although the gate is closed. It is the one
    /// that destroys the handle, so the handle is alive.
    pub(crate) fn with<T>(&self, f: impl FnOnce(&InUse<'_>) -> T) -> T {
        self.in_use.enter_closed();
        f(&InUse(self))
    }

    /// The handle, for a caller that knows that it is alive.
    pub(crate) fn rk(&self) -> *mut rd_kafka_t {
        self.rk.as_ptr()
    }

    /// Whether the client has failed for good.
    pub(crate) fn fatal_error(&self) -> Option<Error> {
        let inside = self.enter("asking for a fatal error").ok()?;
        let mut reason = Reason::new();
        // SAFETY: the handle is alive while `inside` is; librdkafka writes at most `size`.
        let code = unsafe {
            let (text, size) = (reason.as_mut_ptr(), reason.size());
            sys::rd_kafka_fatal_error(inside.rk(), text, size)
        };
        let error = || Error::of_code("the client has failed for good", code);
        (code != 0).then(|| error().because(reason.text()).fatal())
    }

    /// The name that librdkafka gives the client in its log.
    pub(crate) fn name(&self) -> String {
        let Ok(inside) = self.enter("asking for the name") else {
            return String::new();
        };
        // SAFETY: the handle is alive while `inside` is, and the name is a part of it.
        unsafe { c_string::copy(rdkafka_sys::rd_kafka_name(inside.rk())) }
    }

    /// Destroys the handle. May block for ever behind a broker that has frozen.
    ///
    /// # Safety
    ///
    /// Once only, with the gate closed and idle, and with no queue, topic or message of this
    /// handle left.
    pub(crate) unsafe fn destroy(&self) {
        // SAFETY: the caller keeps librdkafka's order: everything else first, the handle last.
        unsafe { rd_kafka_destroy(self.rk()) }
    }

    /// Like [`destroy`](Self::destroy), but leaves no group.
    ///
    /// # Safety
    ///
    /// As for [`destroy`](Self::destroy).
    pub(crate) unsafe fn destroy_without_close(&self) {
        // SAFETY: as above.
        unsafe {
            rd_kafka_destroy_flags(self.rk(), rdkafka_sys::RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
        }
    }
}

/// A use of the handle.
pub(crate) struct InUse<'a>(&'a Client);

impl InUse<'_> {
    pub(crate) fn rk(&self) -> *mut rd_kafka_t {
        self.0.rk()
    }
}

impl Drop for InUse<'_> {
    fn drop(&mut self) {
        self.0.in_use.leave();
    }
}
