//! Tests of the tests: whether seeded bugs are found, and by what.
//!
//! The bugs stand in the product itself, at [`antiphon_proto::mutants`], compiled in under a cfg.

mod build;
mod error;
mod family;
mod job;
mod output;
mod plan;
pub mod report;
mod run;

pub use self::{
    build::Build,
    error::MutantsError,
    family::Family,
    job::Job,
    plan::{Plan, Trial},
    run::{Caught, Ended},
};
