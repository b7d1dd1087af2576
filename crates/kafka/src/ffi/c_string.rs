//! Strings between Rust and C.

use std::borrow::Cow;
use std::ffi::{CStr, CString, c_char};

use crate::Error;

/// Copies a C string; a null pointer is an empty string, bad UTF-8 is replaced.
///
/// # Safety
///
/// `text` is null or points to a string that ends with NUL and outlives this call.
pub(crate) unsafe fn copy(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: the caller promises a string that ends with NUL.
    let bytes = unsafe { CStr::from_ptr(text) };
    match bytes.to_string_lossy() {
        Cow::Borrowed(text) => text.to_owned(),
        Cow::Owned(text) => text,
    }
}

/// Makes a C string of a name; `what` says which operation was given it.
pub(crate) fn c_string(what: &'static str, text: &str) -> Result<CString, Error> {
    CString::new(text).map_err(|_| Error::invalid(what, "a name or value holds a NUL byte"))
}

/// Makes a C string of the name of a topic.
pub(crate) fn topic_name(what: &'static str, topic: &str) -> Result<CString, Error> {
    if topic.is_empty() {
        return Err(Error::invalid(what, "a topic has a name"));
    }
    c_string(what, topic).map_err(|error| error.at(topic, None))
}

/// A buffer in which librdkafka writes why a call failed.
pub(crate) struct Reason([c_char; 512]);

impl Reason {
    pub(crate) fn new() -> Self {
        Self([0; 512])
    }

    pub(crate) fn as_mut_ptr(&mut self) -> *mut c_char {
        self.0.as_mut_ptr()
    }

    pub(crate) fn size(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn text(&self) -> String {
        // SAFETY: librdkafka ends what it writes with NUL, within the size it was given; a buffer
        // it has not touched is all NUL.
        unsafe { copy(self.0.as_ptr()) }
    }
}
