//! Histories in files.

use std::path::Path;

use super::{Checker, Report};
use crate::history::{HistoryError, files, read_file, read_run};

/// Checks what a run left in `directory`. `read` is told of each line how many bytes it has; where
/// something is wrong all lines are read twice.
///
/// # Errors
///
/// `run.json` or a history is missing, or can not be understood.
pub fn check_directory(
    directory: &Path,
    mut read: impl FnMut(usize),
) -> Result<Report, HistoryError> {
    let run = read_run(directory)?;
    let files = files(directory)?;
    let mut checker = Checker::new(&run);
    for file in &files {
        read_file(file, |entry, bytes| {
            checker.take(&entry);
            read(bytes);
        })?;
    }
    let mut report = checker.finish();
    if report.wants_events() {
        for file in &files {
            read_file(file, |entry, bytes| {
                report.recall(&entry);
                read(bytes);
            })?;
        }
    }
    Ok(report.told())
}
