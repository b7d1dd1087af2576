//! I14: every topic that exists at the end, and every topic that something was sent to, is one of
//! the run's. Topics of the brokers' own, `__…`, exist without anybody's doing.

use std::sync::Arc;

use crate::checker::{invariant::Invariant::I14, state::State, subject::Subject};

pub(in crate::checker) fn exists(state: &mut State, name: &Arc<str>, at: u64) {
    let allowed = state.is_allowed(name);
    let findings = state.docket.of(I14);
    if name.starts_with("__") {
        return;
    }
    findings.looked();
    if !allowed {
        findings.found(at, || {
            let wrong = format!("the topic {name} exists, and is not an allowed topic");
            (wrong, Subject::default().topic(Arc::clone(name)))
        });
    }
}
