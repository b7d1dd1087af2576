//! The client and the service over the memory transport, with paused time.
#![allow(clippy::unwrap_used, reason = "in a test it is an assertion")]

mod calls;
mod support;
