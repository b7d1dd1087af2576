//! The files of the repository.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Directories of build output and of git, which hold no sources.
const NOT_OURS: &[&str] = &["target", ".git"];

/// All files below `root` whose names end in `.extension`.
pub(crate) fn files(root: &Path, extension: &str) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            let path = entry.path();
            let skipped = NOT_OURS.iter().any(|name| entry.file_name() == *name);
            if entry.file_type()?.is_dir() && !skipped {
                open.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
