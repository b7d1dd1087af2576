//! The headers of a record.

use std::ffi::CStr;
use std::fmt;
use std::marker::PhantomData;
use std::ptr;
use std::slice;

use rdkafka_sys::{
    rd_kafka_header_cnt, rd_kafka_header_get_all, rd_kafka_headers_t, rd_kafka_message_headers,
    rd_kafka_message_t, rd_kafka_resp_err_t as Code,
};

/// The headers of a [`Message`](crate::Message), as bytes: names need not be UTF-8 and may repeat.
///
/// A name is read up to its first NUL byte, which is how librdkafka gives it out.
#[derive(Clone, Copy)]
pub struct Headers<'a> {
    list: *const rd_kafka_headers_t,
    malformed: bool,
    message: PhantomData<&'a ()>,
}

impl<'a> Headers<'a> {
    /// Reads the headers of a message.
    ///
    /// # Safety
    ///
    /// `message` was received, lives for `'a` and is used by one thread.
    pub(crate) unsafe fn of(message: *mut rd_kafka_message_t) -> Self {
        let mut list = ptr::null_mut();
        // SAFETY: the caller keeps the message alive; the list, which librdkafka builds inside
        // it, lives as long. The codes are librdkafka's own.
        let code = unsafe { rd_kafka_message_headers(message, &raw mut list) };
        let found = code == Code::RD_KAFKA_RESP_ERR_NO_ERROR;
        let none = code == Code::RD_KAFKA_RESP_ERR__NOENT;
        let list = if found {
            list.cast_const()
        } else {
            ptr::null()
        };
        Self {
            list,
            malformed: !found && !none,
            message: PhantomData,
        }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        if self.list.is_null() {
            return 0;
        }
        // SAFETY: the list lives for `'a`.
        unsafe { rd_kafka_header_cnt(self.list) }
    }

    /// Whether the record has headers that cannot be read; they count as none.
    #[must_use]
    pub fn is_malformed(&self) -> bool {
        self.malformed
    }

    /// Names and values in their order; a value may be null.
    pub fn iter(&self) -> impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)> {
        let headers = *self;
        (0..headers.count()).map_while(move |index| headers.at(index))
    }

    /// The value of the last header with this name: `None` if there is none, `Some(None)` if it
    /// is null.
    #[must_use]
    pub fn last(&self, name: &[u8]) -> Option<Option<&'a [u8]>> {
        let same = |index| self.at(index).filter(|(found, _)| *found == name);
        (0..self.count())
            .rev()
            .find_map(same)
            .map(|(_, value)| value)
    }

    fn at(&self, index: usize) -> Option<(&'a [u8], Option<&'a [u8]>)> {
        let (mut name, mut value, mut size) = (ptr::null(), ptr::null(), 0);
        // SAFETY: the list is not null, as an index is below the count, and lives for `'a` with
        // everything in it: names end with NUL, a value that is not null has `size` bytes.
        unsafe {
            let (name_out, value_out) = (&raw mut name, &raw mut value);
            match rd_kafka_header_get_all(self.list, index, name_out, value_out, &raw mut size) {
                Code::RD_KAFKA_RESP_ERR_NO_ERROR => {}
                _ => return None,
            }
            let bytes = || slice::from_raw_parts(value.cast::<u8>(), size);
            Some((
                CStr::from_ptr(name).to_bytes(),
                (!value.is_null()).then(bytes),
            ))
        }
    }
}

impl fmt::Debug for Headers<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entry = |(name, size): (&[u8], _)| (String::from_utf8_lossy(name).into_owned(), size);
        let sizes = self
            .iter()
            .map(|(name, value)| entry((name, value.map(<[u8]>::len))));
        out.debug_map().entries(sizes).finish()
    }
}
