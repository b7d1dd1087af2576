//! The error of every operation.

pub(crate) mod kind;

use std::borrow::Cow;
use std::fmt;

use rdkafka_sys::{
    rd_kafka_error_destroy, rd_kafka_error_is_fatal, rd_kafka_error_string, rd_kafka_error_t,
    rd_kafka_resp_err_t as Code,
};

use crate::ErrorKind;
use crate::config::secret::without_credentials;
use crate::ffi::{c_string, sys};

/// A failed operation: what was tried, and what librdkafka or the broker said.
///
/// `Display` gives both on one line, with the topic and partition if there are any. No text is
/// formatted before it is asked for, so a failed [`send`](crate::Producer::send) costs little.
#[derive(Debug, Clone)]
pub struct Error {
    what: &'static str,
    kind: ErrorKind,
    code: i32,
    fatal: bool,
    detail: Option<Box<str>>,
    place: Option<Box<Place>>,
}

#[derive(Debug, Clone)]
struct Place {
    topic: String,
    partition: Option<i32>,
}

impl Error {
    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The number that librdkafka (negative) or the Kafka protocol (positive) gives it.
    #[must_use]
    pub fn code(&self) -> i32 {
        self.code
    }

    /// The name of [`code`](Self::code), for example `_QUEUE_FULL`.
    #[must_use]
    pub fn name(&self) -> String {
        // SAFETY: err2name accepts any number and returns a string that is static or lives in
        // this thread's own buffer; it is copied at once.
        unsafe { c_string::copy(sys::rd_kafka_err2name(self.code)) }
    }

    /// Whether the client can do no more work and has to be built again.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        self.fatal
    }

    /// The topic it is about, if it is about one.
    #[must_use]
    pub fn topic(&self) -> Option<&str> {
        self.place.as_deref().map(|place| place.topic.as_str())
    }

    /// The partition it is about, if it is about one.
    #[must_use]
    pub fn partition(&self) -> Option<i32> {
        self.place.as_deref().and_then(|place| place.partition)
    }

    pub(crate) fn of_code(what: &'static str, code: i32) -> Self {
        let kind = ErrorKind::of_code(code);
        let fatal = kind == ErrorKind::Fatal;
        Self {
            what,
            kind,
            code,
            fatal,
            detail: None,
            place: None,
        }
    }

    /// `Ok` for code 0.
    pub(crate) fn check(what: &'static str, code: i32) -> Result<(), Self> {
        if code == 0 {
            Ok(())
        } else {
            Err(Self::of_code(what, code))
        }
    }

    /// Takes over an error object, which may be null, and frees it.
    ///
    /// # Safety
    ///
    /// `error` is null or an object that the caller owns.
    pub(crate) unsafe fn check_object(
        what: &'static str,
        error: *mut rd_kafka_error_t,
    ) -> Result<(), Self> {
        if error.is_null() {
            return Ok(());
        }
        // SAFETY: the object is alive until it is destroyed in the last line, its string is
        // copied before, and the caller, its owner, gives it away.
        unsafe {
            let mut failed = Self::of_code(what, sys::rd_kafka_error_code(error))
                .because(c_string::copy(rd_kafka_error_string(error)));
            failed.fatal |= rd_kafka_error_is_fatal(error) != 0;
            rd_kafka_error_destroy(error);
            Err(failed)
        }
    }

    pub(crate) fn closed(what: &'static str) -> Self {
        Self::of_code(what, Code::RD_KAFKA_RESP_ERR__DESTROY as i32)
            .because("the client is closed".to_owned())
    }

    pub(crate) fn timed_out(what: &'static str) -> Self {
        Self::of_code(what, Code::RD_KAFKA_RESP_ERR__TIMED_OUT as i32)
    }

    pub(crate) fn invalid(what: &'static str, why: impl Into<String>) -> Self {
        Self::of_code(what, Code::RD_KAFKA_RESP_ERR__INVALID_ARG as i32).because(why.into())
    }

    /// librdkafka may quote an address with credentials: they are left out.
    pub(crate) fn because(mut self, detail: String) -> Self {
        if !detail.is_empty() {
            let shown = match without_credentials(&detail) {
                Cow::Owned(shown) => shown,
                Cow::Borrowed(_) => detail,
            };
            self.detail = Some(shown.into_boxed_str());
        }
        self
    }

    pub(crate) fn at(mut self, topic: impl Into<String>, partition: Option<i32>) -> Self {
        self.place = Some(Box::new(Place {
            topic: topic.into(),
            partition,
        }));
        self
    }

    pub(crate) fn fatal(mut self) -> Self {
        self.fatal = true;
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.what)?;
        if let Some(place) = &self.place {
            write!(out, " ({}", place.topic)?;
            if let Some(partition) = place.partition {
                write!(out, "[{partition}]")?;
            }
            out.write_str(")")?;
        }
        match &self.detail {
            Some(detail) => write!(out, ": {detail}"),
            None => write!(out, ": {}", describe(self.code)),
        }
    }
}

impl std::error::Error for Error {}

fn describe(code: i32) -> String {
    // SAFETY: err2str accepts any number and returns a string that is static or lives in this
    // thread's own buffer; it is copied at once.
    unsafe { c_string::copy(sys::rd_kafka_err2str(code)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_names_the_operation_the_place_and_the_cause() {
        let error = Error::of_code("consuming", -140).at("orders", Some(3));
        let shown = error.to_string();
        assert!(shown.starts_with("consuming (orders[3]): "), "{shown}");
        assert_eq!(error.name(), "_AUTO_OFFSET_RESET");
    }

    #[test]
    fn a_code_that_librdkafka_does_not_know_is_shown_by_number() {
        let error = Error::of_code("consuming", 4711);
        assert!(error.to_string().contains("4711"), "{error}");
        assert!(error.name().contains("4711"), "{}", error.name());
    }
}
