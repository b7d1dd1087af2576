//! Checks of results.

use crate::failure::Failure;

/// Fails the demonstration unless `holds`.
pub(super) fn expect(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), Failure> {
    if holds {
        return Ok(());
    }
    Err(Failure::Unexpected(otherwise()))
}
