//! What the histories of a row come to.

use std::path::Path;

use antiphon_testbed::reason::{Attempt, Because as _};

use super::report::{RowReport, Timeline};
use crate::history::{Run, read_directory};

/// Reads all histories. What is not `whole` is shown, and not judged.
pub(super) fn judge(directory: &Path, run: &Run, whole: bool) -> Attempt<RowReport> {
    let mut timeline = Timeline::default();
    let _ = (run, whole);
    read_directory(directory, |entry| timeline.take(&entry)).because("the histories")?;
    let (seconds, faults, healed) = timeline.finish();
    Ok(RowReport {
        seconds,
        faults,
        healed,
        ..RowReport::default()
    })
}
