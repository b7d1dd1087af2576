//! Causes of errors.

use std::error::Error;

/// The chain of causes, without repetitions.
pub(super) fn causes(error: &dyn Error) -> Vec<String> {
    let mut causes = Vec::new();
    let mut at = error.source();
    while let Some(cause) = at {
        causes.push(cause.to_string());
        at = cause.source();
    }
    causes.dedup();
    causes
}
