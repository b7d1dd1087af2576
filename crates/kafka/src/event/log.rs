//! librdkafka's log lines as `tracing` events.

use std::ffi::{c_char, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind};

use rdkafka_sys::{rd_kafka_name, rd_kafka_t};

use crate::config::secret::without_credentials;
use crate::ffi::c_string;

/// The callback for `rd_kafka_conf_set_log_cb`. librdkafka calls it from its own threads.
pub(crate) unsafe extern "C" fn callback(
    rk: *const rd_kafka_t,
    level: c_int,
    fac: *const c_char,
    line: *const c_char,
) {
    // A subscriber may panic; that must not unwind into C, and there is no caller to report it to.
    let _ = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: librdkafka passes strings that end with NUL and live until this call returns;
        // `rk` is null or a client that is alive, and its name is a part of it.
        let (client, fac, line) = unsafe {
            let name = if rk.is_null() {
                std::ptr::null()
            } else {
                rd_kafka_name(rk)
            };
            (
                c_string::copy(name),
                c_string::copy(fac),
                c_string::copy(line),
            )
        };
        emit(level, &client, &fac, &without_credentials(&line));
    }));
}

/// The levels are those of syslog: 0 to 3 are errors, 4 is a warning, 5 a notice.
fn emit(level: c_int, client: &str, fac: &str, line: &str) {
    match level {
        ..=3 => tracing::error!(target: "librdkafka", client, fac, "{line}"),
        4 => tracing::warn!(target: "librdkafka", client, fac, "{line}"),
        5 | 6 => tracing::info!(target: "librdkafka", client, fac, "{line}"),
        _ => tracing::debug!(target: "librdkafka", client, fac, "{line}"),
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;
    use std::sync::{Arc, Mutex};

    use tracing::field::Field;
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Metadata, Subscriber};

    use super::*;

    /// Hands each event to a function.
    struct Hands<F>(F);

    impl<F: Fn(&Event<'_>) + 'static> Subscriber for Hands<F> {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }
        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }
        fn record(&self, _: &Id, _: &Record<'_>) {}
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn event(&self, event: &Event<'_>) {
            self.0(event);
        }
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {}
    }

    #[test]
    fn a_line_has_no_credentials() {
        let lines = Arc::new(Mutex::new(String::new()));
        let into = Arc::clone(&lines);
        let collects = Hands(move |event: &Event<'_>| {
            event.record(&mut |_: &Field, value: &dyn Debug| {
                into.lock().unwrap().push_str(&format!("{value:?}"));
            });
        });
        tracing::subscriber::with_default(collects, || {
            let line = c"Broker name \"ssl://me:hunter2@host:1\"".as_ptr();
            // SAFETY: both strings end with NUL; no client is a null pointer.
            unsafe { callback(std::ptr::null(), 4, c"BROKER".as_ptr(), line) }
        });
        let shown = lines.lock().unwrap();
        assert!(shown.contains("ssl://[hidden]@host:1"), "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn a_subscriber_that_panics_does_not_unwind_into_c() {
        let panics = Hands(|event: &Event<'_>| std::panic::panic_any(event.metadata().target()));
        tracing::subscriber::with_default(panics, || {
            for level in 0..9 {
                // SAFETY: both strings end with NUL; no client is a null pointer.
                unsafe { callback(std::ptr::null(), level, c"FAIL".as_ptr(), c"line".as_ptr()) }
            }
        });
    }
}
