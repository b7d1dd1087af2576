//! The crate against its embedded broker.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests may fail by a panic"
)]

mod acknowledged;
mod admin;
mod close;
mod consume;
mod failure;
mod group;
mod hostile;
mod produce;
mod support;
