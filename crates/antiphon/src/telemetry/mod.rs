//! What a client and a service tell about themselves: metrics and spans.

pub(crate) mod metrics;
pub(crate) mod propagation;
pub(crate) mod trace;
