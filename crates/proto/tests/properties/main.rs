//! Properties of the protocol against simple models.
#![cfg(not(antiphon_shuttle))]
#![allow(clippy::unwrap_used, reason = "in a test it is an assertion")]

mod gather;
mod heads;
mod ids;
mod packed;
mod status;
mod table;
mod trace_context;
mod watermark;

use proptest::prelude::ProptestConfig;
use proptest::test_runner::FileFailurePersistence;

/// Few cases and no files under miri.
fn config() -> ProptestConfig {
    if cfg!(miri) {
        return ProptestConfig {
            cases: 8,
            failure_persistence: None,
            ..ProptestConfig::default()
        };
    }
    let persistence = FileFailurePersistence::WithSource("regressions");
    ProptestConfig {
        failure_persistence: Some(Box::new(persistence)),
        ..ProptestConfig::default()
    }
}
