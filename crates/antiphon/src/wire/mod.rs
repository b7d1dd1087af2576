//! Records as they stand on the wire.

pub(crate) mod headers;
