//! What the cases use: brokers, the binaries of the workspace, waiting, and the declaration of a case.
//!
//! Errors of the harness are sentences for people ([`reason`]): no case matches on one.
#![allow(
    dead_code,
    reason = "a kit: the cases of today need not use every tool of it"
)]

pub(crate) mod embedded;
pub(crate) mod process;
pub(crate) mod rig;
pub(crate) mod suite;

pub(crate) use antiphon_testbed::{broker, reason, wait};
