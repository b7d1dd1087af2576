//! What tests and benchmarks stand on: an Apache Kafka of one node or several, processes of
//! one's own program, a proxy that impairs connections, and waiting for what is to become true.
//!
//! Errors are sentences for a person to read ([`reason`]): nobody ever matches on one.

pub mod broker;
pub mod process;
pub mod proxy;
pub mod reason;
pub mod wait;
pub mod worker;
