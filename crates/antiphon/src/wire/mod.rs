//! Records as they stand on the wire: the only place that knows the names of headers.
//!
//! [`native`] reads and writes Antiphon's own form. [`headers`] says what an application may add.

mod headers;
mod native;

pub(crate) use self::{
    headers::{application, is_application, refusal},
    native::{
        PackedReplies, is_error, plain_reply_id, read_reply, read_request, record_headers,
        reply_headers, reply_id, request_headers, returned_id,
    },
};

/// Headers that a record was read with: names may be any bytes, values may be null.
pub(crate) type ReadHeaders<'a> = [(&'a [u8], Option<&'a [u8]>)];
