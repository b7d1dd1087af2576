//! What the cases stand on: brokers, our binaries, waiting, and how a case is declared.
//!
//! Errors of the harness are sentences for a person to read ([`reason`]): no case ever matches on one.
#![allow(
    dead_code,
    reason = "a kit: the cases of today need not use every tool of it"
)]

pub(crate) mod embedded;
pub(crate) mod process;
pub(crate) mod rig;
pub(crate) mod suite;

pub(crate) use antiphon_testbed::{broker, reason, wait};
