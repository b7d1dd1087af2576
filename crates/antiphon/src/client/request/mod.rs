//! What a caller writes: one request, a scatter over topics, a gather on one topic.

mod builder;
mod extensions;
mod fan_out;
mod future;
mod parts;
mod typed;
mod typed_fan_out;
mod value;

pub(crate) use self::parts::{Destination, RequestParts};
pub use self::{
    builder::RequestBuilder,
    extensions::Extensions,
    fan_out::{Gather, Scatter},
    future::RequestFuture,
    typed::{RequestService, TypedRequest, WithReply, call},
    typed_fan_out::{TypedFanOut, TypedGatherStream},
    value::Request,
};

/// The setters that all builders have: `self.parts` is a [`RequestParts`].
macro_rules! setters {
    () => {
        /// Sets the record's key. It chooses the partition as Java clients do, so requests of one
        /// key meet one responder, in order. Without a key, the less loaded of two random
        /// partitions is taken.
        pub fn key(mut self, key: impl Into<bytes::Bytes>) -> Self {
            self.parts_mut().key = Some(key.into());
            self
        }

        /// Adds an application header. Names of the protocol are refused when the request is sent.
        pub fn header(mut self, name: impl Into<String>, value: impl Into<bytes::Bytes>) -> Self {
            let header = (name.into(), Some(value.into()));
            self.parts_mut().headers.push(header);
            self
        }

        /// Sets how long the call may take, from sending on. Default: the client's timeout, 30 s.
        /// At most 24 days.
        pub fn timeout(mut self, timeout: std::time::Duration) -> Self {
            self.parts_mut().timeout = Some(timeout);
            self
        }

        /// Sets what the call is recognised by in [`Client::pending`](crate::Client::pending). It
        /// does not travel.
        pub fn metadata(mut self, metadata: impl Into<antiphon_proto::Metadata>) -> Self {
            self.parts_mut().metadata = Some(metadata.into());
            self
        }
    };
}

/// The setters that only builders of untyped calls have: a codec has read these already.
macro_rules! payload_setters {
    () => {
        /// Sets the payload. Default: empty. Setting it twice makes the request
        /// [`Invalid`](crate::RequestErrorKind::Invalid).
        pub fn value(mut self, value: impl Into<bytes::Bytes>) -> Self {
            self.parts_mut().set_value(value.into());
            self
        }

        /// Names the operation, for a service that has several on one topic.
        pub fn operation(mut self, operation: impl Into<String>) -> Self {
            self.parts_mut().operation = Some(operation.into());
            self
        }
    };
}

use {payload_setters, setters};
