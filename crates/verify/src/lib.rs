//! Looks for what Antiphon does wrong.
//!
//! A run leaves a [`history`]: what each process did and saw, which faults there were, and what the
//! log held at the end. What the project promises is then checked against it.

pub mod chaos;
pub mod checker;
pub mod history;
pub mod mutants;
pub mod simulator;
pub mod witness;
pub mod workload;
