//! What the readers of request headers and of reply headers share.

use crate::{Malformed, header};

/// Longest correlation id, in bytes.
const MAX_CORRELATION_ID: usize = 255;

/// Limits on the headers of a record. A record beyond them is malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadLimits {
    /// Most headers; 256 by default.
    pub max_headers: usize,
    /// Most bytes of names and values together; 64 KiB by default.
    pub max_bytes: usize,
}

impl Default for HeadLimits {
    fn default() -> Self {
        Self {
            max_headers: 256,
            max_bytes: 64 * 1024,
        }
    }
}

/// Reads the correlation id of a record whose other headers may be malformed.
///
/// `None` if the header is missing, duplicate or invalid, or if the headers exceed the limits.
pub fn peek_correlation_id<'a>(
    headers: impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)>,
    limits: HeadLimits,
) -> Option<&'a [u8]> {
    let mut id = Unique::new(header::CORRELATION_ID);
    let mut meter = Meter::new(limits);
    for (name, value) in headers {
        meter.count(name, value).ok()?;
        if name == header::CORRELATION_ID.as_bytes() {
            id.set(value).ok()?;
        }
    }
    id.get().and_then(|id| correlation_id(Some(id)).ok())
}

/// Accepts ids of 1 to 255 bytes.
pub(crate) fn correlation_id(value: Option<&[u8]>) -> Result<&[u8], Malformed> {
    match value {
        None => Err(Malformed::Missing(header::CORRELATION_ID)),
        Some(id) if id.is_empty() || id.len() > MAX_CORRELATION_ID => {
            Err(Malformed::Value(header::CORRELATION_ID))
        }
        Some(id) => Ok(id),
    }
}

/// A header of the protocol: it must not occur twice, and must have a value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unique<'a> {
    name: &'static str,
    seen: bool,
    value: Option<&'a [u8]>,
}

impl<'a> Unique<'a> {
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            seen: false,
            value: None,
        }
    }

    /// Takes an occurrence. A second occurrence also drops the first: neither can be trusted.
    pub(crate) fn set(&mut self, value: Option<&'a [u8]>) -> Result<(), Malformed> {
        if self.seen {
            self.value = None;
            return Err(Malformed::Duplicate(self.name));
        }
        self.seen = true;
        self.value = value;
        if value.is_none() {
            Err(Malformed::Null(self.name))
        } else {
            Ok(())
        }
    }

    pub(crate) fn get(&self) -> Option<&'a [u8]> {
        self.value
    }

    pub(crate) fn text(&self) -> Result<Option<&'a str>, Malformed> {
        self.value
            .map(str::from_utf8)
            .transpose()
            .map_err(|_| Malformed::Value(self.name))
    }
}

/// Counts headers against the limits.
pub(crate) struct Meter {
    limits: HeadLimits,
    headers: usize,
    bytes: usize,
}

impl Meter {
    pub(crate) fn new(limits: HeadLimits) -> Self {
        Self {
            limits,
            headers: 0,
            bytes: 0,
        }
    }

    pub(crate) fn count(&mut self, name: &[u8], value: Option<&[u8]>) -> Result<(), Malformed> {
        self.headers += 1;
        self.bytes = self
            .bytes
            .saturating_add(name.len())
            .saturating_add(value.map_or(0, <[u8]>::len));
        if self.headers > self.limits.max_headers {
            return Err(Malformed::TooManyHeaders(self.limits.max_headers));
        }
        if self.bytes > self.limits.max_bytes {
            return Err(Malformed::HeadersTooLarge(self.limits.max_bytes));
        }
        Ok(())
    }
}

/// A header of another standard (W3C): an unreadable value counts as absent, and the last occurrence counts.
pub(crate) fn foreign_text(value: Option<&[u8]>) -> Option<&str> {
    value.and_then(|value| str::from_utf8(value).ok())
}

/// Keeps the first error, so that the reader can go on with the other headers.
#[derive(Default)]
pub(crate) struct FirstError(Option<Malformed>);

impl FirstError {
    pub(crate) fn note<T>(&mut self, result: Result<T, Malformed>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.0.get_or_insert(error);
                None
            }
        }
    }

    pub(crate) fn into_inner(self) -> Option<Malformed> {
        self.0
    }
}
