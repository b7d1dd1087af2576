//! The client and the service over the memory transport, with paused time.
#![allow(clippy::unwrap_used, reason = "in a test it is an assertion")]

mod acknowledgements;
mod arguments;
mod calls;
mod commits;
mod definition;
mod face;
mod gather;
mod group;
mod handlers;
mod hostile;
mod inline;
mod limits;
mod metrics;
mod outcomes;
mod path;
mod places;
mod random;
mod reading;
mod replies;
mod resends;
mod responses;
mod routing;
mod scatter;
mod starting;
mod strays;
mod support;
mod sync;
mod threads;
mod timeouts;
mod tracing;
